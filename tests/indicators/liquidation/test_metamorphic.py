"""Irrelevant changes change nothing, or no more than is said here: grid phase, start, price noise, units, bar splitting.

The bounds are about twice the worst of three such markets.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from tests.indicators.liquidation.markets import market

COUNT, SETTLED = 2500, 900  # bars, of which the first five half-lives are not compared
KINDS = {
    "power": ModelParameters(),
    "tiers": ModelParameters(leverage_distribution="tiers"),
    "two half-lives": ModelParameters(half_life_hours=(24.0, 720.0), half_life_shares=(0.26, 0.74)),
}
PHASES = [part / 8 for part in range(1, 8)]
STARTS = (1, 2, 3, 5, 8, 13, 24, 50)


def hours():
    bars = market(41, COUNT, volatility=0.006)
    bars["open_interest_break"] = 0.0
    return bars


def recorded(parameters, bars, phase=0.0, seconds=3600.0):
    return record_heatmap(build_model(parameters, seconds, grid_phase=phase), bars)


def outward(record, rows):
    """Return the mass in cells of half a percent outward from the close, both sides, cut by fraction."""
    cells = []
    for row in rows:
        for side, sign in ((0, -1.0), (1, 1.0)):
            position = sign * record.positions[row]
            edges = np.concatenate([[position], np.floor(position) + np.arange(1, record.density.shape[2] + 1)])
            held = np.concatenate([[0.0], np.cumsum(record.density[row, side].astype(float))])
            cells.append(np.diff(np.interp(position + 5.0 * np.arange(25), edges, held)))
    return np.array(cells)


def differences(one, other, offset=0, every=1):
    """Return, over the common settled bars, how far two records differ: density, nearest price, magnet, risk, phase.

    `other` lacks the first `offset` bars of `one`, or has `every` bars for one.
    """
    rows = np.arange(SETTLED, COUNT, 40)
    a, b = outward(one, rows), outward(other, every * (rows + 1) - 1 - offset)
    ours = one.snapshots[SETTLED:]
    theirs = other.snapshots[every - 1 :: every][SETTLED - offset :]
    said = {"density": np.abs(a - b).sum() / a.sum()}
    for name in ("magnet", "cascade_risk_down", "phase"):
        said[name] = np.mean(~((ours[name] == theirs[name]) | (np.isnan(ours[name]) & np.isnan(theirs[name]))))
    one_price, other_price = ours["cluster_above_price"], theirs["cluster_above_price"]
    away = np.abs(np.log(other_price / one_price))
    said["nearest"] = np.mean((away > 0.002) | (np.isnan(one_price) != np.isnan(other_price)))
    return said


def worst(pairs):
    return {name: max(pair[name] for pair in pairs) for name in pairs[0]}


def assert_within(said, **bounds):
    assert {name: share for name, share in said.items() if share > bounds[name]} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_where_the_grid_begins_does_not_matter(kind):
    bars = hours()
    base = recorded(KINDS[kind], bars)
    said = worst([differences(base, recorded(KINDS[kind], bars, phase)) for phase in PHASES])
    assert_within(said, density=0.003, nearest=0.04, magnet=0.04, cascade_risk_down=0.07, phase=0.065)


def test_when_the_data_begins_does_not_matter():
    bars = hours()
    base = recorded(KINDS["power"], bars)
    said = worst([differences(base, recorded(KINDS["power"], bars[drop:]), drop) for drop in STARTS])
    assert_within(said, density=0.001, nearest=0.002, magnet=0.002, cascade_risk_down=0.002, phase=0.002)


def test_noise_of_a_tenth_of_a_basis_point_does_not_matter():
    bars = hours()
    noisy, random = bars.copy(), np.random.default_rng(7)
    for name in ("open", "high", "low", "close"):
        noisy[name] *= 1.0 + 1e-5 * random.uniform(-1.0, 1.0, COUNT)
    noisy["high"] = np.maximum(noisy["high"], np.maximum(noisy["open"], noisy["close"]))
    noisy["low"] = np.minimum(noisy["low"], np.minimum(noisy["open"], noisy["close"]))
    said = differences(recorded(KINDS["power"], bars), recorded(KINDS["power"], noisy))
    assert_within(said, density=0.001, nearest=0.002, magnet=0.002, cascade_risk_down=0.002, phase=0.002)


@pytest.mark.parametrize(("currency", "coin"), [(2.0**7, 1.0), (1.0, 2.0**-5), (2.0**-3, 2.0**3)])
def test_units_of_currency_and_coin_do_not_matter(currency, coin):
    """The grid's origin goes with the currency, so that nothing is left but rounding."""
    bars, parameters = hours(), KINDS["power"]
    other, phase = bars.copy(), math.log(currency) / parameters.bin_width
    for name in ("open", "high", "low", "close"):
        other[name] *= currency
    for name in ("volume", "open_interest", "liquidated_long", "liquidated_short"):
        other[name] *= coin
    theirs = recorded(replace(parameters, wipe_usd=parameters.wipe_usd * currency * coin), other, phase % 1.0)
    theirs.density[:] /= coin
    theirs.snapshots["cluster_above_price"] /= currency
    said = differences(recorded(parameters, bars), theirs)
    assert_within(said, density=1e-6, nearest=0.0, magnet=0.0, cascade_risk_down=0.0, phase=0.0)


def test_two_half_bars_on_the_same_path_say_what_one_bar_says():
    """Both halves trade through the whole range; the second may wipe what the first opened, which no hour does."""
    bars = hours()
    halves = bars.repeat(2)
    halves["volume"] /= 2.0
    for name in ("liquidated_long", "liquidated_short"):
        halves[name] /= 2.0
    halves["funding_rate"][1::2] = np.nan
    parameters = ModelParameters(half_life_hours=(168.0,))
    said = differences(recorded(parameters, bars), recorded(parameters, halves, seconds=1800.0), every=2)
    assert_within(said, density=0.017, nearest=0.16, magnet=0.11, cascade_risk_down=0.013, phase=0.06)
