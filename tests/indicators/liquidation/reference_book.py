"""A slow, obvious book: every cohort that was ever opened, recounted at every bar. The twin that the compiled one must equal.

No lazy factor, no prefix sums, no columns: a cohort is a dictionary from absolute bin to unit-weight size.
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


@dataclass
class Cohort:
    side: int
    tier: int
    bins: dict[int, float] = field(default_factory=dict)


@dataclass
class ReferenceBook:
    bin_width: float
    weights: list[float]
    shifts: list[list[int]]
    half_widths: list[list[int]]
    cohorts: list[Cohort] = field(default_factory=list)
    laid: list[float] = field(default_factory=lambda: [0.0, 0.0])
    wiped: list[float] = field(default_factory=lambda: [0.0, 0.0])
    closed: list[float] = field(default_factory=lambda: [0.0, 0.0])
    exposure: list[list[float]] = field(default_factory=list)

    def sweep(self, side: int, reached: int) -> tuple[float, float]:
        swept = moment = 0.0
        self.exposure = self.exposure or [[0.0] * len(self.weights), [0.0] * len(self.weights)]
        self.exposure[side] = [0.0] * len(self.weights)
        for cohort in self.cohorts:
            if cohort.side != side:
                continue
            for place in [b for b in cohort.bins if (b >= reached if side == LONG else b <= reached)]:
                size = cohort.bins.pop(place)
                self.exposure[side][cohort.tier] += size
                swept += self.weights[cohort.tier] * size
                moment += self.weights[cohort.tier] * size * (place + 0.5)
        self.wiped[side] += swept
        return swept, moment / swept if swept else math.nan

    def close(self, share: float) -> None:
        for side in (LONG, SHORT):
            self.closed[side] += share * self.standing(side)
        for cohort in self.cohorts:
            for place in cohort.bins:
                cohort.bins[place] *= 1.0 - share

    def in_loss(self, cohort: Cohort, place: int, close: int) -> bool:
        entry = place - self.shifts[cohort.side][cohort.tier]
        return entry > close if cohort.side == LONG else entry < close

    def close_by_result(self, share: float, ratio: float, close: int) -> None:
        for side in (LONG, SHORT):
            mine = [(c, b) for c in self.cohorts if c.side == side for b in c.bins]
            sizes = {True: 0.0, False: 0.0}
            for cohort, place in mine:
                sizes[self.in_loss(cohort, place, close)] += self.weights[cohort.tier] * cohort.bins[place]
            wanted, low, high = share * sum(sizes.values()), 0.0, 1e12
            ratio = max(ratio, 1e-9)  # those in loss close last, but close where nobody else is left
            for _ in range(200):  # the rate at which just the wanted size is closed
                middle = (low + high) / 2.0
                closed = min(middle, 1.0) * sizes[False] + min(ratio * middle, 1.0) * sizes[True]
                low, high = (middle, high) if closed < wanted else (low, middle)
            self.closed[side] += wanted
            for cohort, place in mine:
                rate = ratio * high if self.in_loss(cohort, place, close) else high
                cohort.bins[place] *= 1.0 - min(rate, 1.0)

    def deposit(self, size: float, low: int, high: int, close: int) -> None:
        if size <= 0.0:
            return
        for side in (LONG, SHORT):
            for tier in range(len(self.weights)):
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
                self.cohorts.append(Cohort(side, tier, bins))
                self.laid[side] += self.weights[tier] * size

    def standing(self, side: int) -> float:
        return math.fsum(
            self.weights[c.tier] * size for c in self.cohorts if c.side == side for size in c.bins.values()
        )

    def density(self, side: int) -> dict[int, float]:
        found: dict[int, float] = {}
        for cohort in self.cohorts:
            if cohort.side == side:
                for place, size in cohort.bins.items():
                    found[place] = found.get(place, 0.0) + self.weights[cohort.tier] * size
        return found
