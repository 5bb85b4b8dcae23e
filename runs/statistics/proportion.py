"""A share of trials, with its uncertainty."""

import math
from statistics import NormalDist


def proportion_interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share by Wilson (1927): it stays within 0 .. 1, also for no hit and for nothing but hits.

    Raises
    ------
    ValueError
        For no trials, or hits that are not among them.

    Examples
    --------
    >>> [round(end, 3) for end in proportion_interval(0, 200)]
    [0.0, 0.019]
    """
    if trials < 1 or not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits of {trials} trials are no share")
    z = NormalDist().inv_cdf(0.5 + 0.5 * level)
    share, weight = hits / trials, z * z / trials
    centre = (share + 0.5 * weight) / (1.0 + weight)
    half = z * math.sqrt(share * (1.0 - share) / trials + 0.25 * weight / trials) / (1.0 + weight)
    return max(centre - half, 0.0), min(centre + half, 1.0)
