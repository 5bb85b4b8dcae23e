"""How sure a Sharpe ratio is, and how large one luck alone brings among many trials.

Sharpe ratios are per observation (mean over standard deviation of the returns), never annualised, if not said otherwise.
The uncertainty is that of Bailey & López de Prado (2012): the variance at the *estimated* ratio. The later form (López de Prado,
Lipton & Zoonekynd 2025) takes it at the ratio that is tested; the two differ a lot where returns are skewed.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from runs.statistics import performance

_EULER_GAMMA = 0.5772156649015329
_NORMAL = NormalDist()


@dataclass(frozen=True)
class SharpeSample:
    """A Sharpe ratio and what its uncertainty depends on.

    Attributes
    ----------
    sharpe
        Per observation.
    observations
        Number of returns.
    skewness, kurtosis
        Of the returns; the kurtosis is not the excess: 3 if normal.
    """

    sharpe: float
    observations: int
    skewness: float = 0.0
    kurtosis: float = 3.0


def sharpe_sample(returns: np.ndarray) -> SharpeSample:
    """Return the Sharpe ratio of (t,) daily returns with their moments (of the population, without small-sample corrections).

    Raises
    ------
    ValueError
        For fewer than four returns or returns that do not vary.
    """
    values = np.asarray(returns, dtype=np.float64)
    annual = performance.sharpe(values) if len(values) > 3 and np.ptp(values) > 0.0 else math.nan
    if math.isnan(annual):
        raise ValueError(f"{len(values)} returns: a Sharpe ratio needs four or more that vary")
    deviations = (values - values.mean()) / values.std()
    return SharpeSample(
        sharpe=annual / math.sqrt(performance.DAYS_PER_YEAR),
        observations=len(values),
        skewness=float(np.mean(deviations**3)),
        kurtosis=float(np.mean(deviations**4)),
    )


def _spread(sample: SharpeSample) -> float:
    """Return ``1 - skewness SR + (kurtosis - 1) / 4 SR^2``: the estimator's variance times the observations."""
    ratio = sample.sharpe
    spread = 1.0 - sample.skewness * ratio + 0.25 * (sample.kurtosis - 1.0) * ratio * ratio
    if not spread > 0.0:
        raise ValueError(
            f"skewness {sample.skewness:g} with kurtosis {sample.kurtosis:g}: no spread is left; no returns have both"
        )
    return spread


def probabilistic_sharpe(sample: SharpeSample, benchmark: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio lies above a benchmark, 0 .. 1.

    ``Z[(SR - SR*) sqrt(T - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)]`` (Bailey & López de Prado 2012, "The Sharpe Ratio
    Efficient Frontier", eq. 11): returns independent, the variance taken at the estimate SR.

    Examples
    --------
    >>> round(probabilistic_sharpe(SharpeSample(0.458, 24, -2.448, 10.164)), 4)
    0.9134
    """
    distance = (sample.sharpe - benchmark) * math.sqrt(sample.observations - 1.0)
    return _NORMAL.cdf(distance / math.sqrt(_spread(sample)))


def expected_maximum_sharpe(trials: float, deviation: float = 1.0) -> float:
    """Return the largest Sharpe ratio to expect of unskilled trials.

    Parameters
    ----------
    trials
        Independent trials, 1 or more; an effective number need not be whole.
    deviation
        Standard deviation of the Sharpe ratios over the trials; the result has its unit.

    Returns
    -------
    float
        ``deviation ((1 - g) Zinv(1 - 1/N) + g Zinv(1 - 1/(N e)))`` with Euler's g (Bailey & López de Prado 2014, "The Deflated
        Sharpe Ratio", eq. 1). 1 to 2.5 % high for N >= 5, 8 % low for N = 2; not below 0.

    Examples
    --------
    >>> round(expected_maximum_sharpe(100), 4), expected_maximum_sharpe(1)
    (2.5306, 0.0)
    """
    if not trials >= 1.0 or not deviation >= 0.0:
        raise ValueError(f"{trials} trials with a deviation of {deviation}: give one or more, and none below zero")
    if trials == 1.0:
        return 0.0
    first, second = _NORMAL.inv_cdf(1.0 - 1.0 / trials), _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return deviation * max((1.0 - _EULER_GAMMA) * first + _EULER_GAMMA * second, 0.0)


def deflated_sharpe(sample: SharpeSample, trials: float, deviation: float) -> float:
    """Return the deflated Sharpe ratio of the best of many trials, 0 .. 1.

    The probability that its true ratio lies above what the best of `trials` unskilled ones is expected to show
    (Bailey & López de Prado 2014, eq. 2): `probabilistic_sharpe` against `expected_maximum_sharpe`.

    Parameters
    ----------
    sample
        The best trial.
    trials
        How many were tried: the raw number or an effective one (`independence`); say which.
    deviation
        Standard deviation of the trials' Sharpe ratios, per observation.

    Notes
    -----
    It is no p-value. The best of pure noise sits near 0.5, so a bar of 0.95 is passed by far fewer than 5 % of lucky
    sweeps, and by few skilled ones. `reality` holds the tests with a nominal level.

    Examples
    --------
    >>> best = SharpeSample(2.5 / 250**0.5, 1250, -3.0, 10.0)
    >>> round(deflated_sharpe(best, 100, (0.5 / 250) ** 0.5), 4)
    0.9004
    """
    return probabilistic_sharpe(sample, expected_maximum_sharpe(trials, deviation))


def minimum_backtest_length_years(trials: float, annual_sharpe: float = 1.0) -> float:
    """Return the years of data below which the best of unskilled trials is expected to reach an annual Sharpe ratio.

    ``(E[max] / SR)^2`` (Bailey, Borwein, López de Prado & Zhu 2014, "Pseudo-Mathematics and Financial Charlatanism", theorem
    2): independent trials, normal returns.

    Raises
    ------
    ValueError
        For fewer than one trial, or a ratio that is not above zero.

    Examples
    --------
    >>> round(minimum_backtest_length_years(45), 1)
    5.0
    """
    if not annual_sharpe > 0.0:
        raise ValueError(f"an annual Sharpe ratio of {annual_sharpe}: must lie above zero")
    return (expected_maximum_sharpe(trials) / annual_sharpe) ** 2
