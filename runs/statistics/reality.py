"""Whether the best of many trials beats a benchmark by more than the luck of having tried many."""

import math
from dataclasses import dataclass

import numpy as np

from runs.statistics.panel import checked_panel, varying_trials
from runs.statistics.stationary import optimal_block_lengths
from runs.statistics.whitening import first_autocorrelations, shrunk, whitened

DRAWS = 1000
"""Resamples: a p-value of .05 is then known to +-.014 (binomial, two deviations)."""

_CHUNK = 256  # trials at a time: bounds the memory


@dataclass(frozen=True)
class SuperiorAbility:
    """P-values of the hypothesis that no trial beats the benchmark.

    Attributes
    ----------
    p_lower, p_consistent, p_upper
        Hansen's test of superior predictive ability: clearly bad trials count as being as bad as they look, as hopeless, or as
        being as good as the benchmark. Report the consistent one; the others bound it.
    reality_check
        White's reality check, which is not studentised.
    block_length
        Length in days of the blocks that share a sign.
    best
        Column of the trial with the highest studentised mean.
    """

    p_lower: float
    p_consistent: float
    p_upper: float
    reality_check: float
    block_length: int
    best: int


def superior_predictive_ability(
    excess: np.ndarray, draws: int = DRAWS, seed: int = 0, block_length: int | None = None
) -> SuperiorAbility:
    """Test whether the best trial is better than the benchmark, given how many were tried.

    Parameters
    ----------
    excess
        (t, n) daily returns of the trials less those of the benchmark; eight days or more. Trials that equal the benchmark but
        for a constant say nothing and are left out.
    draws, seed
        Random signs of all blocks, and the seed they are drawn by.
    block_length
        Days of a block, 1 .. t / 2. If None the median over the trials of the automatic one
        (`stationary.optimal_block_lengths`, circular) of whitened returns: the trials share their blocks.

    Returns
    -------
    SuperiorAbility
        P-values ``(1 + #{T* >= T}) / (1 + draws)``.

    Notes
    -----
    Each trial's returns are whitened (`whitening`) and summed over whole blocks of days, the same for all: S_kb.
    ``T = max(0, max_k R_k)``, ``R_k = sum_b S_kb / sqrt(sum_b S_kb^2)``, is Hansen's statistic (2005, "A Test for Superior
    Predictive Ability") with the variance that the blocks have. It is held against T* of ``sum_b v_b S_kb``, v_b = +-1 at
    random: where sums are symmetric about zero and independent from block to block, the level is exact for any number of
    blocks and trials, any tail, any volatility and any dependence between trials (Canay, Romano & Shaikh 2017, "Randomization
    Tests under an Approximate Symmetry Assumption"). Hansen's treatment of bad trials adds to R*_k: ``min(R_k, 0)`` lower,
    nothing upper, and consistent R_k where it is below ``-sqrt(2 ln ln t)``. White (2000, "A Reality Check for Data
    Snooping"): ``max_k sum_b S_kb`` against the same with random signs.

    Hansen's stationary bootstrap, which held this place, rejected up to 15 % of noise at 5 %. How often this one does, and
    where not 5 %, is in ``docs/evidence-level.md``.

    Raises
    ------
    ValueError
        For fewer than eight days, no draws, a block length out of its domain, or if no trial varies against the benchmark.
    """
    panel = checked_panel(excess, 8)
    columns, days = varying_trials(panel), len(panel)
    groups = [columns[start : start + _CHUNK] for start in range(0, len(columns), _CHUNK)]
    memory = np.zeros(panel.shape[1])
    memory[columns] = shrunk(np.concatenate([first_autocorrelations(panel[:, group]) for group in groups]), days)
    length = _block_length(panel, memory, groups) if block_length is None else block_length
    if draws < 1 or not 1 <= length <= days // 2:
        raise ValueError(
            f"{draws} draws with blocks of {length} in {days} days: draw once or more, in two blocks or more"
        )
    starts = np.arange(0, days, length)
    signs = np.random.default_rng(seed).integers(0, 2, (draws, len(starts))) * 2.0 - 1.0
    hopeless = -math.sqrt(2.0 * math.log(math.log(days)))
    observed = np.array([0.0, -math.inf])  # studentised and plain
    drawn = np.zeros((4, draws))
    drawn[3] = -math.inf
    best, highest = int(columns[0]), -math.inf
    for group in groups:
        sums = np.add.reduceat(whitened(panel[:, group], memory[group]), starts, axis=0)
        roots = np.sqrt(np.maximum(np.einsum("ij,ij->j", sums, sums), np.finfo(np.float64).tiny))
        means = sums.sum(axis=0)
        ratios = means / roots
        if ratios.max() > highest:
            best, highest = int(group[ratios.argmax()]), float(ratios.max())
        observed = np.maximum(observed, [ratios.max(), means.max()])
        _update(drawn, signs @ sums, ratios, roots, hopeless)
    reached = (observed - 1e-12 * np.abs(observed))[[0, 0, 0, 1], None]  # equal sums, added in another order
    p_values = (1.0 + (drawn >= reached).sum(axis=1)) / (1.0 + draws)
    lower, consistent, upper, plain = p_values.tolist()
    return SuperiorAbility(lower, consistent, upper, plain, length, best)


def _block_length(panel: np.ndarray, memory: np.ndarray, groups: list[np.ndarray]) -> int:
    lengths = [optimal_block_lengths(whitened(panel[:, group], memory[group]).T)[1] for group in groups]
    return min(max(round(float(np.median(np.concatenate(lengths)))), 1), len(panel) // 2)


def _update(drawn: np.ndarray, sums: np.ndarray, ratios: np.ndarray, roots: np.ndarray, hopeless: float) -> None:
    """Raise the (4, draws) maxima, lower, consistent, upper and White's, by some trials' (draws, n) sums with random signs."""
    np.maximum(drawn[3], sums.max(axis=1), out=drawn[3])
    sums /= roots
    shifts = (np.minimum(ratios, 0.0), np.where(ratios < hopeless, ratios, 0.0), None)
    for row, shift in enumerate(shifts):
        np.maximum(drawn[row], (sums if shift is None else sums + shift).max(axis=1), out=drawn[row])
