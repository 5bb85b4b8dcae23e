"""The peaks of a density by their definition, slowly: the oracle of the compiled search."""

from indicators.liquidation.clusters import MOST


def slow_spans(values, prominence):
    """The definition, in its own words: alternate between looking for a fall from a peak and a rise out of a valley."""
    keep, turning = 1.0 - prominence, []
    best, looking = 0, "peak"
    for index, value in enumerate(values):
        if looking == "peak":
            if value > values[best]:
                best = index
            if value < keep * values[best]:
                turning.append(best)
                best, looking = index, "valley"
        else:
            if value < values[best]:
                best = index
            if keep * value > values[best]:
                turning.append(best)
                best, looking = index, "peak"
    peaks, valleys = turning[::2], turning[1::2]
    edges = [0, *valleys, len(values)]
    found = []
    for number, peak in enumerate(peaks):
        inside = [i for i in range(edges[number], edges[number + 1]) if values[i] >= 0.5 * values[peak]]
        first = last = peak
        while first - 1 in inside:
            first -= 1
        while last + 1 in inside:
            last += 1
        found.append([first, last + 1])
    return found[:MOST]
