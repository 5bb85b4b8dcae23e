"""Tests of a Sharpe ratio with the variance that it has under the hypothesis tested.

López de Prado, Lipton & Zoonekynd (2025), "Sharpe Ratio Inference". Against `sharpe` (2012), which takes the variance at the
estimate, a test of zero does not feel the skewness at all, and serial correlation counts. The same returns may score .99 here
and .91 there, so a report has to say which it shows.
"""

import math

from runs.statistics.maximum import maximum_of_normals
from runs.statistics.sharpe import NORMAL, SharpeSample, expected_maximum_sharpe


def sharpe_deviation(sample: SharpeSample, true_sharpe: float) -> float:
    """Return the standard deviation of an estimated Sharpe ratio, were `true_sharpe` the truth.

    ``sqrt([(1 + 2 B) - (1 + B + C) g3 SR + (1 + 2 C) (g4 - 1) / 4 SR^2] / T)`` with ``B = r / (1 - r)`` and
    ``C = r^2 / (1 - r^2)`` of returns with autocorrelation r at lag one, of first order. `sample.sharpe` is not used.

    Raises
    ------
    ValueError
        For an autocorrelation outside of -1 .. 1, or moments that leave no spread.
    """
    rho = sample.autocorrelation
    if not -1.0 < rho < 1.0:
        raise ValueError(f"an autocorrelation of {rho}: must lie between -1 and 1")
    first, square = rho / (1.0 - rho), rho * rho / (1.0 - rho * rho)
    spread = 1.0 + 2.0 * first - (1.0 + first + square) * sample.skewness * true_sharpe
    spread += (1.0 + 2.0 * square) * 0.25 * (sample.kurtosis - 1.0) * true_sharpe**2
    if not spread > 0.0:
        raise ValueError(f"skewness {sample.skewness:g} with kurtosis {sample.kurtosis:g}: no spread is left")
    return math.sqrt(spread / sample.observations)


def probabilistic_sharpe_at_null(sample: SharpeSample, benchmark: float = 0.0) -> float:
    """Return one less the p-value of the estimate, were the truth the benchmark: ``Z[(SR - SR*) / deviation at SR*]``."""
    return NORMAL.cdf((sample.sharpe - benchmark) / sharpe_deviation(sample, benchmark))


def minimum_track_record_length_at_null(
    sample: SharpeSample, benchmark: float = 0.0, confidence: float = 0.95
) -> float:
    """Return how many observations it takes to reject the benchmark; infinite where the estimate is not above it."""
    excess = sample.sharpe - benchmark
    if not excess > 0.0:
        return math.inf
    spread = sharpe_deviation(sample, benchmark) ** 2 * sample.observations
    return spread * (NORMAL.inv_cdf(confidence) / excess) ** 2


def critical_sharpe(sample: SharpeSample, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Return the estimate from which on the benchmark is rejected."""
    return benchmark + NORMAL.inv_cdf(confidence) * sharpe_deviation(sample, benchmark)


def sharpe_power(sample: SharpeSample, true_sharpe: float, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Return the probability that the benchmark is rejected, if `true_sharpe` is the truth."""
    distance = true_sharpe - critical_sharpe(sample, benchmark, confidence)
    return NORMAL.cdf(distance / sharpe_deviation(sample, true_sharpe))


def planned_false_discovery_rate(skilled_share: float, power: float, confidence: float = 0.95) -> float:
    """Return the share of false ones among all rejections, where a `skilled_share` (0 .. 1) of what is tested has skill."""
    false = (1.0 - skilled_share) * (1.0 - confidence)
    return false / (false + skilled_share * power)


def observed_false_discovery_rate(
    sample: SharpeSample, skilled_share: float, true_sharpe: float, benchmark: float = 0.0
) -> float:
    """Return the share of false ones among results at least as good as this one, skilled ones having `true_sharpe`."""
    confidence = probabilistic_sharpe_at_null(sample, benchmark)
    power = NORMAL.cdf((true_sharpe - sample.sharpe) / sharpe_deviation(sample, true_sharpe))
    return planned_false_discovery_rate(skilled_share, power, confidence)


def deflated_sharpe_at_null(
    sample: SharpeSample, trials: float, deviation: float, *, of_maximum: bool = False
) -> float:
    """Return the deflated Sharpe ratio with the variance at the expected maximum.

    Parameters
    ----------
    sample, trials, deviation
        As for `sharpe.deflated_sharpe`.
    of_maximum
        Whether the variance is that of the largest of `trials` estimates, smaller than that of one.
    """
    threshold = expected_maximum_sharpe(trials, deviation)
    spread = sharpe_deviation(sample, threshold)
    if of_maximum:
        spread *= math.sqrt(maximum_of_normals(trials).variance)
    return NORMAL.cdf((sample.sharpe - threshold) / spread)
