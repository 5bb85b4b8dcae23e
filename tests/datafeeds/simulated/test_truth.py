"""The true map and the true mixture, against counting row by row."""

import numpy as np
import pytest

from datafeeds.simulated.ledger import LEDGER
from datafeeds.simulated.liquidation_engine import TIERS
from datafeeds.simulated.truth import Truth, true_density
from indicators.liquidation.liquidation_price import liquidation_distance


def counted(ledger, bar, edges):
    density = np.zeros((2, len(edges) - 1))
    for row in ledger:
        if row["opened_bar"] <= bar < row["ended_bar"]:
            for bin_ in range(len(edges) - 1):
                if edges[bin_] <= row["liquidation_price"] < edges[bin_ + 1]:
                    density[row["side"], bin_] += row["size"]
    return density


def test_the_density_is_what_stands_by_liquidation_price(world):
    early = world.ledger[world.ledger["opened_bar"] <= 40]
    edges = world.market.frame["close"][40] * np.exp(np.linspace(-0.12, 0.12, 13))
    np.testing.assert_allclose(true_density(world.ledger, 40, edges), counted(early, 40, edges), rtol=1e-12)


def test_a_level_on_an_edge_belongs_to_the_bin_above_and_the_last_edge_to_none():
    ledger = np.zeros(4, dtype=LEDGER)
    ledger["liquidation_price"], ledger["size"], ledger["ended_bar"] = (1.0, 2.0, 3.0, np.nan), (1.0, 2.0, 4.0, 8.0), 1
    assert true_density(ledger, 0, np.array([1.0, 2.0, 3.0])).tolist() == [[1.0, 2.0], [0.0, 0.0]]


def test_many_bars_in_any_order_are_read_as_one_by_one(world):
    truth, close = Truth(world.ledger), world.market.frame["close"].to_numpy()
    for bar in (1499, 0, 63, 64, 65, 700, 1, 1400):
        edges = close[bar] * np.exp(np.linspace(-0.12, 0.12, 49))
        np.testing.assert_array_equal(truth.density(bar, edges), true_density(world.ledger, bar, edges))


def test_with_edges_from_zero_to_infinity_the_density_is_all_that_a_price_can_liquidate(world):
    rows = world.ledger[(world.ledger["opened_bar"] <= 9) & (world.ledger["ended_bar"] > 9)]
    whole = true_density(world.ledger, 9, np.array([0.0, np.inf]))
    for side in (0, 1):
        own = (rows["side"] == side) & ~np.isnan(rows["liquidation_price"])
        assert whole[side, 0] == pytest.approx(rows["size"][own].sum())


def test_longs_lie_below_the_price_and_shorts_above(world):
    close = world.market.frame["mark_close"][500]
    density = true_density(world.ledger, 500, np.array([0.0, close, np.inf]))
    assert density[0, 1] == density[1, 0] == 0.0
    assert density.sum() > 0.0


def true_mixture(ledger: np.ndarray, leverages: np.ndarray) -> np.ndarray:
    """Return the share of opened size by side and nearest leverage.

    Parameters
    ----------
    ledger
        Of `LEDGER`.
    leverages
        (n,) ascending, each above 1 and below the inverse of the maintenance margin rate.

    Returns
    -------
    numpy.ndarray
        (2, n), longs first; each row sums to one, or is zero where nothing opened.

    Notes
    -----
    Nearest is measured in the log of the distance from entry to liquidation price, as a fraction of the entry, to the distance
    that the leverage has in the lowest tier. Only the first row of an account counts; size that no price liquidates does not.
    """
    rows = ledger[np.unique(ledger["account"], return_index=True)[1]]
    rows = rows[~np.isnan(rows["liquidation_price"])]
    distance = np.log(np.abs(rows["liquidation_price"] / rows["entry_price"] - 1.0))
    mixture = np.zeros((2, len(leverages)))
    for side, sign in enumerate((1.0, -1.0)):
        own = rows["side"] == side
        nodes = np.array([liquidation_distance(float(leverage), sign, TIERS[0, 1]) for leverage in leverages])
        nearest = np.abs(distance[own, None] - np.log(nodes)).argmin(axis=1)
        np.add.at(mixture[side], nearest, rows["size"][own])
    return mixture / np.maximum(mixture.sum(axis=1, keepdims=True), 1e-300)


def test_the_mixture_is_the_share_of_opened_size_by_nearest_distance(world):
    leverages = np.array([3.0, 10.0, 50.0])
    shares, seen = np.zeros((2, 3)), set()
    for row in world.ledger:
        if row["account"] in seen or np.isnan(row["liquidation_price"]):
            continue
        seen.add(row["account"])
        sign = 1.0 - 2.0 * row["side"]
        distance = abs(row["liquidation_price"] / row["entry_price"] - 1.0)
        misses = [abs(np.log(distance / liquidation_distance(node, sign, 0.004))) for node in leverages]
        shares[row["side"], int(np.argmin(misses))] += row["size"]
    np.testing.assert_allclose(true_mixture(world.ledger, leverages), shares / shares.sum(axis=1, keepdims=True))


def test_the_opened_mixture_is_the_parameters_one(world):
    """Within .1 in the sum of absolute differences: sizes are heavy-tailed, wallets spread, large accounts are capped."""
    p = world.parameters
    mixture = true_mixture(world.ledger, np.array(p.leverages))
    assert (np.abs(mixture - np.array(p.leverage_weights)).sum(axis=1) < 0.1).all()


def test_edges_and_ledgers_that_make_no_sense_are_refused(world):
    for edges in ([1.0], [2.0, 1.0], [1.0, 1.0]):
        with pytest.raises(ValueError, match="ascending"):
            true_density(world.ledger, 0, np.array(edges))
    with pytest.raises(ValueError, match="ordered by opened_bar"):
        Truth(world.ledger[::-1])
