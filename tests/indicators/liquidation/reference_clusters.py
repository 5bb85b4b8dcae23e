"""The peaks of a density by their definition, slowly: the oracle of the compiled search."""


def slow_spans(values, prominence, most):
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
    edges = [0, *valleys, len(values) - 1]
    return [extent(values, edges[number], peak, edges[number + 1]) for number, peak in enumerate(peaks)][:most]


def extent(values, start, peak, stop):
    """Walk down both slopes to half of the peak, on the line between the middles of the bins; valleys end the walk."""
    floor, low, high = 0.5 * values[peak], start + 0.5, stop + 0.5
    for place in range(peak, start, -1):
        if values[place - 1] < floor:
            low = place + 0.5 - (values[place] - floor) / (values[place] - values[place - 1])
            break
    for place in range(peak, stop):
        if values[place + 1] < floor:
            high = place + 0.5 + (values[place] - floor) / (values[place] - values[place + 1])
            break
    return [low, high]
