"""A slow, obvious book: a dictionary from absolute bin to size, by side and stratum. The twin that the compiled one must equal.

No lazy factor, no prefix sums, no columns, no Newton's method.
"""

import math
from dataclasses import dataclass, field

LONG, SHORT = 0, 1


def bin_of(price: float, width: float) -> int:
    return math.floor(math.log(price) / width)


def kernel(half_width: int) -> list[float]:
    """An Epanechnikov kernel over 2 h + 1 bins."""
    raw = [1.0 - (offset / (half_width + 1.0)) ** 2 for offset in range(-half_width, half_width + 1)]
    return [value / math.fsum(raw) for value in raw]


def clock(rates: list[float], sizes: list[float], share: float) -> float:
    """Return how long hazards run until just a share (0 .. 1) of the sizes is closed, by bisection."""

    def closed(time: float) -> float:
        return math.fsum(-size * math.expm1(-rate * time) for rate, size in zip(rates, sizes, strict=True))

    wanted, low, high = share * math.fsum(sizes), 0.0, 1.0
    if wanted <= 0.0:
        return 0.0
    while closed(high) < wanted and high < 1e12:
        high *= 2.0
    for _ in range(100):
        middle = (low + high) / 2.0
        low, high = (middle, high) if closed(middle) < wanted else (low, middle)
    return high


@dataclass
class ReferenceBook:
    """Strata are the leverages of one population, then the same of the next.

    `weights` are the shares of the leverages by side; whoever replays a calibrated model changes them from bar to bar.
    """

    bin_width: float
    weights: list[list[float]]
    shifts: list[list[int]]
    half_widths: list[list[int]]
    close_rates: list[float]
    populations: int = 2
    bins: list[list[dict[int, float]]] = field(default_factory=list)
    laid: list[list[float]] = field(default_factory=list)
    wiped: list[list[float]] = field(default_factory=list)
    closed: list[list[float]] = field(default_factory=list)
    exposure: list[list[float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("laid", "wiped", "closed", "exposure"):
            setattr(self, name, [[0.0] * self.strata for _ in range(2)])
        self.bins = [[{} for _ in range(self.strata)] for _ in range(2)]

    @property
    def tiers(self) -> int:
        return len(self.close_rates)

    @property
    def strata(self) -> int:
        return self.tiers * self.populations

    def sweep(self, shares: list[list[float]], side: int, reached: int) -> tuple[float, float]:
        swept = moment = 0.0
        for stratum, bins in enumerate(self.bins[side]):
            self.exposure[side][stratum] = 0.0
            for place in [b for b in bins if (b >= reached if side == LONG else b <= reached)]:
                size = bins.pop(place)
                self.exposure[side][stratum] += size
                self.wiped[side][stratum] += size
                swept += shares[side][stratum] * size
                moment += shares[side][stratum] * size * (place + 0.5)
        return swept, moment / swept if swept else math.nan

    def in_loss(self, side: int, stratum: int, place: int, close: int) -> bool:
        entry = place - self.shifts[side][stratum % self.tiers]
        return entry > close if side == LONG else entry < close

    def close(self, population: int, share: float, ratio: float, close: int) -> None:
        """Run everybody's hazard until just a share of each side's mixture of one population is closed."""
        for side in (LONG, SHORT):
            held = []
            for tier in range(self.tiers):
                stratum = population * self.tiers + tier
                for place, size in self.bins[side][stratum].items():
                    losing = self.in_loss(side, stratum, place, close)
                    held.append((stratum, place, self.close_rates[tier] * (ratio if losing else 1.0), size))
            rates = sorted({rate for _, _, rate, _ in held})
            sizes = [
                math.fsum(
                    self.weights[side][stratum % self.tiers] * size for stratum, _, own, size in held if own == rate
                )
                for rate in rates
            ]
            time = math.inf if share >= 1.0 else clock(rates, sizes, share)
            for stratum, place, rate, size in held:
                kept = size * math.exp(-rate * time)
                self.closed[side][stratum] += size - kept
                self.bins[side][stratum][place] = kept

    def keep(self, population: int, kept: float) -> None:
        """Close everything of a population but the share `kept`, whoever holds it."""
        for side in (LONG, SHORT):
            for stratum in range(population * self.tiers, (population + 1) * self.tiers):
                for place, size in self.bins[side][stratum].items():
                    self.bins[side][stratum][place] = kept * size
                    self.closed[side][stratum] += size - kept * size

    def deposit(self, sizes: tuple[float, float], low: int, high: int, close: int) -> None:
        for side in (LONG, SHORT):
            for stratum in range(self.strata):
                tier, size = stratum % self.tiers, sizes[stratum // self.tiers]
                if size <= 0.0:
                    continue
                shape: dict[int, float] = {}
                half = self.half_widths[side][tier]
                for entry in range(low, high + 1):
                    for offset, share in zip(range(-half, half + 1), kernel(half), strict=True):
                        place = entry + self.shifts[side][tier] + offset
                        shape[place] = shape.get(place, 0.0) + share / (high - low + 1)
                alive = {b: v for b, v in shape.items() if (b < close if side == LONG else b > close)}
                total = math.fsum(alive.values())
                nearest = close - 1 if side == LONG else close + 1
                bins = {b: size * v / total for b, v in alive.items()} if total > 1e-12 else {nearest: size}
                for place, value in bins.items():
                    self.bins[side][stratum][place] = self.bins[side][stratum].get(place, 0.0) + value
                self.laid[side][stratum] += size

    def standing(self, side: int) -> list[float]:
        return [math.fsum(bins.values()) for bins in self.bins[side]]

    def mixture(self, side: int, population: int) -> float:
        """Return the size that stands in one population by the present weights."""
        mine = self.standing(side)[population * self.tiers : (population + 1) * self.tiers]
        return math.fsum(weight * size for weight, size in zip(self.weights[side], mine, strict=True))
