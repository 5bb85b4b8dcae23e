"""A slow, obvious map: every bar's openings as a dictionary of their own, recounted whenever something is asked.

No growing unit, no columns, no shared array, no unsigned indices. The twin that the compiled map must equal.
"""

import math


def weight(table, margin, distance):
    """Return H at any distance: linear between the table's integers."""
    low = math.floor(distance)
    share = distance - low
    return (1.0 - share) * table[margin + low] + share * table[margin + low + 1]


class ReferenceMap:
    """One side of the map, in the side's own log price; one half-life of `half_life` bars holding `share` of all."""

    def __init__(self, table, margin, half_life, share=1.0):
        self.table, self.margin = list(table), margin
        self.kept, self.opened = 2.0 ** (-1.0 / half_life), share * (1.0 - 2.0 ** (-1.0 / half_life))
        self.cohorts = []  # (bar of opening, {bin: share laid and not yet swept})
        self.bar = 0

    def now(self, born, laid):
        return laid * self.kept ** (self.bar - born)

    def sweep(self, start, end):
        """Return share swept and its mean position, and take it away."""
        swept = moment = 0.0
        if end <= start:
            return 0.0, math.nan
        for born, bins in self.cohorts:
            for place in [b for b in bins if math.floor(start) <= b <= math.floor(end)]:
                whole = place < math.floor(end)
                near = max(start, place)
                part = 1.0 if whole else (end - near) / (place + 1 - near)
                taken = bins[place] * part
                bins[place] -= taken
                swept += self.now(born, taken)
                moment += self.now(born, taken) * (place + 0.5 if whole else (near + end) / 2)
        return swept, moment / swept if swept else math.nan

    def open(self, low, high, close):
        """Let a bar pass, and lay what it opened."""
        self.bar += 1
        if high - low < 1.0:
            low, high = (low + high - 1.0) / 2, (low + high + 1.0) / 2
        bins = {}
        for place in range(math.floor(close), math.floor(high) + len(self.table) - 2 * self.margin):
            near = weight(self.table, self.margin, place - low)
            far = weight(self.table, self.margin, place - high)
            alive = min(place + 1 - close, 1.0)
            bins[place] = self.opened * (near - far) / (high - low) * alive
        self.cohorts.append((self.bar, bins))

    def density(self):
        """Return {bin: share} of all that stands now."""
        total = {}
        for born, bins in self.cohorts:
            for place, laid in bins.items():
                total[place] = total.get(place, 0.0) + self.now(born, laid)
        return total
