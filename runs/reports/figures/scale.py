"""From values to positions in a figure, and the round numbers beside its axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A straight line from values to positions.

    Attributes
    ----------
    low, high
        Values at the ends.
    start, end
        Their positions, in the figure's units; `start` may lie beyond `end`.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the position of a value, rounded to a tenth."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, most: int = 6) -> list[float]:
        """Return round values within the ends, at most about `most` of them: steps of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / max(most, 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * (1.0 - 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [count * step for count in range(first, last + 1)]


def scale_over(values: Sequence[float], start: float, end: float, margin: float = 0.04) -> Scale:
    """Return the scale that holds all the values with a margin (fraction of their range); values that are equal get a range.

    Examples
    --------
    >>> scale_over([0.0, 10.0], 0.0, 100.0, margin=0.0)(5.0)
    50.0
    """
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        pad = max(abs(low) * 0.1, 0.5)
        low, high = low - pad, high + pad
    pad = margin * (high - low)
    return Scale(low - pad, high + pad, start, end)


def short(value: float) -> str:
    """Return a number in few digits, for an axis, a cell or a hint.

    Examples
    --------
    >>> short(0.123456), short(12345.678), short(-0.0), short(1e9)
    ('0.123', '12,346', '0', '1e+09')
    """
    return f"{value:,.0f}" if 1e3 <= abs(value) < 1e6 else f"{value + 0.0:.3g}"
