"""How often the best trial of one half of the data does badly in the other half."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from runs.statistics.panel import checked_panel, varying_trials
from runs.statistics.performance import DAYS_PER_YEAR

BLOCKS = 16
"""12,870 splits; what Bailey et al. (2017) use."""

_MAX_BLOCKS = 20  # 184,756 splits; assumption: nobody needs more
_CELLS = 2**15  # Sharpe ratios at a time: temporaries of 256 kB, which stay in the cache
_TIE = 1e-12  # Sharpe ratios nearer than this, relatively, are equal but for rounding


@dataclass(frozen=True)
class Overfitting:
    """What choosing the best trial in one half of the days is worth in the other, over all splits of the blocks.

    Attributes
    ----------
    probability
        Of backtest overfitting, 0 .. 1: the share of splits whose choice comes out at or below the median of all trials.
    logits
        (s,) ``ln(w / (1 - w))`` of the choice's relative rank w in the other half; at or below zero is overfit.
    in_sample, out_of_sample
        (s,) annualised Sharpe ratio of each split's choice, in the half it was chosen on and in the other.
    degradation_slope
        Of the least-squares line of `out_of_sample` on `in_sample`; NaN if the latter does not vary.
    probability_of_loss
        Share of splits whose choice loses in the other half.
    """

    probability: float
    logits: np.ndarray
    in_sample: np.ndarray
    out_of_sample: np.ndarray
    degradation_slope: float
    probability_of_loss: float


def backtest_overfitting(returns: np.ndarray, blocks: int = BLOCKS) -> Overfitting:
    """Return the probability of backtest overfitting by combinatorially symmetric cross-validation.

    Parameters
    ----------
    returns
        (t, n) daily returns, a column a trial. Trials that never vary are left out; one that does not vary within a half has
        a Sharpe ratio of zero there, as cash has.
    blocks
        An even number of stretches of days of equal length (but for one day) that the halves are made of, 2 .. 20.

    Returns
    -------
    Overfitting
        Bailey, Borwein, López de Prado & Zhu (2017), "The Probability of Backtest Overfitting". First come the splits whose
        chosen half has the first block, then their complements in the same order.

    Notes
    -----
    Unskilled independent trials give .5 on average, with a wide spread (about .15 for 100 trials and 1,000 days), so one value
    near .5 proves nothing. Trials that all end at the same Sharpe ratio give 1: what is won in one half is lost in the other.

    Raises
    ------
    ValueError
        For an odd or excessive number of blocks, fewer than two days a block, or fewer than two trials that vary.
    """
    if blocks % 2 or not 2 <= blocks <= _MAX_BLOCKS:
        raise ValueError(f"{blocks} blocks: give an even number from 2 to {_MAX_BLOCKS}")
    panel = checked_panel(returns, 2 * blocks, 2)
    columns = varying_trials(panel, 2)
    halves = _Halves(panel, columns, blocks)
    rows = max(_CELLS // len(columns), 1)
    forward, backward = [], []
    for start in range(0, len(halves.chosen), rows):
        one, other = halves.sharpes(slice(start, start + rows))
        forward.append(_choices(one, other))
        backward.append(_choices(other, one))
    inside, outside, ranks = np.concatenate(forward + backward, axis=1)
    relative = ranks / (len(columns) + 1.0)
    logits = np.log(relative / (1.0 - relative))
    annual = math.sqrt(DAYS_PER_YEAR)
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        logits=logits,
        in_sample=inside * annual,
        out_of_sample=outside * annual,
        degradation_slope=_slope(inside, outside),
        probability_of_loss=float(np.mean(outside < 0.0)),
    )


class _Halves:
    """Daily Sharpe ratios of the halves, from each block's count, sum and sum of squares: no split touches the returns."""

    def __init__(self, panel: np.ndarray, columns: np.ndarray, blocks: int) -> None:
        edges = np.linspace(0, len(panel), blocks + 1).round().astype(np.int64)
        self._means = panel.mean(axis=0)[columns]
        self._counts = np.diff(edges).astype(np.float64)
        self._sums = np.empty((blocks, len(columns)))
        self._squares = np.empty((blocks, len(columns)))
        for block in range(blocks):
            deviations = (
                panel[edges[block] : edges[block + 1]][:, columns] - self._means
            )  # small numbers square exactly
            self._sums[block] = deviations.sum(axis=0)
            self._squares[block] = np.einsum("ij,ij->j", deviations, deviations)
        others = list(combinations(range(1, blocks), blocks // 2 - 1))
        self.chosen = np.zeros((len(others), blocks))
        self.chosen[:, 0] = 1.0
        for row, picked in enumerate(others):
            self.chosen[row, list(picked)] = 1.0

    def sharpes(self, splits: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return the (s, n) Sharpe ratios of the chosen halves and of their complements."""
        chosen = self.chosen[splits]
        return self._sharpe(chosen), self._sharpe(1.0 - chosen)

    def _sharpe(self, chosen: np.ndarray) -> np.ndarray:
        counts = (chosen @ self._counts)[:, None]
        means = chosen @ self._sums
        means /= counts
        squares = chosen @ self._squares
        spread = squares - counts * means * means
        flat = spread <= _TIE * squares
        spread[flat] = 1.0
        means += self._means
        means /= np.sqrt(spread / (counts - 1.0))
        means[flat] = 0.0
        return means


def _choices(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return (3, s): the best ratio of each row of `one`, the same trial's in `other`, and its rank there, ties sharing a mean."""
    rows, best = np.arange(len(one)), one.argmax(axis=1)
    found = other[rows, best]
    margin = _TIE * np.maximum(np.abs(found), 1e-6)
    below = np.count_nonzero(other < (found - margin)[:, None], axis=1)
    upto = np.count_nonzero(other <= (found + margin)[:, None], axis=1)
    return np.stack([one[rows, best], found, 0.5 * (below + upto + 1.0)])


def _slope(inside: np.ndarray, outside: np.ndarray) -> float:
    deviations = inside - inside.mean()
    spread = float(deviations @ deviations)
    return float(deviations @ outside / spread) if spread > 0.0 else math.nan
