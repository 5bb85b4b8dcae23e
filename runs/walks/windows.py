"""Train and test windows in bars: the test follows the train after a gap, and no two tests share a bar."""

import math
from dataclasses import astuple, dataclass

from datafeeds.errors import MarketError
from datafeeds.series import timeframe_seconds


@dataclass(frozen=True)
class Window:
    """Where parameters are chosen, and where they are traded: bars ``first <= bar < last``."""

    train_first: int
    train_last: int
    test_first: int
    test_last: int

    def shifted(self, bars: int) -> "Window":
        """Return the window so many bars later."""
        return Window(*(bar + bars for bar in astuple(self)))


def lay_windows(bars: int, train: int, test: int, step: int, gap: int, anchored: bool) -> tuple[Window, ...]:
    """Return all whole windows that fit, in time.

    Parameters
    ----------
    bars
        Of the market.
    train, test
        Lengths in bars, at least 1; an anchored train window begins at bar 0, and `train` is the length of the first.
    step
        Bars from one test window's first to the next one's; at least `test`, for else two would share bars.
    gap
        Bars between a train window's last and its test window's first, at least 0: purge and embargo together.
    anchored
        Whether train windows grow from the market's beginning rather than roll.

    Raises
    ------
    ValueError
        For lengths outside their domain, or if no window fits.

    Examples
    --------
    >>> lay_windows(10, 4, 2, 2, 1, False)
    (Window(train_first=0, train_last=4, test_first=5, test_last=7), Window(train_first=2, train_last=6, test_first=7, test_last=9))
    """
    if train < 1 or test < 1 or gap < 0:
        raise ValueError(
            f"train {train}, test {test} and gap {gap}: a window needs a bar at least, a gap no less than 0"
        )
    if step < test:
        raise ValueError(f"--step is {step:,} bars, less than the {test:,} of --test: two tests would share bars")
    if train + gap + test > bars:
        raise ValueError(
            f"no window fits: train {train:,} + purge and embargo {gap:,} + test {test:,} bars are more than the data's "
            f"{bars:,}; shorten --train or --test"
        )
    found = []
    for first in range(train + gap, bars - test + 1, step):
        train_last = first - gap
        found.append(Window(0 if anchored else train_last - train, train_last, first, first + test))
    return tuple(found)


def length_seconds(option: str, text: str) -> int:
    """Return the seconds of a length such as ``365d``; ``0`` is none.

    Raises
    ------
    ValueError
        For anything else.
    """
    if text.strip() in ("0", "0d", "0h"):
        return 0
    try:
        return timeframe_seconds(text.strip())
    except MarketError:
        raise ValueError(f"{option} {text!r}: write a length as 365d, 12w or 48h") from None


def window_bars(option: str, text: str, bar_seconds: int) -> int:
    """Return the whole bars of a window's length.

    Raises
    ------
    ValueError
        For a text that is no length, or less than a bar.
    """
    bars = length_seconds(option, text) // bar_seconds
    if bars < 1:
        raise ValueError(f"{option} {text}: is shorter than a bar of {bar_seconds:,} s")
    return bars


def gap_bars(seconds: float, bar_seconds: int) -> int:
    """Return the bars that cover a length, rounded up."""
    return math.ceil(seconds / bar_seconds)
