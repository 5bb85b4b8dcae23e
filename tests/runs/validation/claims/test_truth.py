"""The claims about real positions, by brute force and in worlds where accounts follow today's map or do not."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datafeeds.records import LIQUIDATIONS, POSITIONS, read_records
from indicators.liquidation.model import build_model
from indicators.liquidation.recording import record_heatmap
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED, judge
from runs.validation.claims import truth
from runs.validation.claims.truth import LEVEL, SHAPE, scored_map, truth_claims
from runs.validation.dataset import liquidations_in, positions_in
from runs.validation.measures.cells import WIDE
from runs.validation.measures.position_sample import position_sample
from runs.validation.measures.shape import slope
from tests.runs.validation.worlds import dataset_of, with_positions


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(truth, "SLOPE_DRAWS", 40)


def world(today, accounts=truth.MIN_ACCOUNTS, seed=0):
    return with_positions([dataset_of(1), dataset_of(2)], today, accounts, seed, every=96)


def verdicts(datasets):
    return {claim.name: claim for claim in judge(truth_claims(datasets))}


@pytest.mark.parametrize(("today", "expected"), [(False, 0.0), (True, 1.0)])
def test_the_slope_is_one_where_positions_follow_todays_map_and_zero_where_they_follow_its_average(today, expected):
    slopes = []
    for seed in range(4):
        datasets = world(today, 300, seed)
        sample = position_sample(datasets, WIDE)
        slopes.append(slope(sample.later_rows, scored_map(datasets, sample).departures, WIDE))
    assert np.mean(slopes) == pytest.approx(expected, abs=0.1)


def test_a_map_that_knows_today_is_validated_and_one_that_knows_distance_alone_is_not():
    knows, does_not = verdicts(world(True)), verdicts(world(False))
    assert {claim.verdict for claim in knows.values()} == {VALIDATED}
    assert {claim.verdict for claim in does_not.values()} == {NOT_VALIDATED}
    for claim in (*knows.values(), *does_not.values()):
        assert not any(placebo.shows_effect for placebo in claim.placebos)
        assert claim.details["data"]["accounts"] == truth.MIN_ACCOUNTS


def test_one_account_less_than_the_floor_is_not_enough_data():
    for claim in verdicts(world(True, truth.MIN_ACCOUNTS - 1)).values():
        assert claim.verdict == TOO_LITTLE_DATA
        assert claim.remarks[:1] == ("not enough data: positions of 699 accounts, and 700 are needed",)
        assert claim.tests[0].interval.low > 0.0, "the figures are said all the same"


def shares_by_hand(dataset, bar, moved):
    """Return the map's share of each cell, each bin laid into cells by its own overlap."""
    parameters = replace(dataset.parameters, cluster_window=0.9)
    record = record_heatmap(build_model(parameters, dataset.bar_seconds), dataset.bars, np.array([bar]))
    held = [[0.0] * WIDE.cells, [0.0] * WIDE.cells]
    for side, sign in enumerate((-1.0, 1.0)):
        place = sign * record.positions[0]
        start = place - math.floor(place)
        for index, mass in enumerate(record.density[0, side]):
            near = (max(index, start) - start) * parameters.bin_width - sign * moved
            far = (index + 1 - start) * parameters.bin_width - sign * moved
            for cell in range(max(int(near / WIDE.width) - 1, 0), min(int(far / WIDE.width) + 1, WIDE.cells)):
                overlap = min(far, (cell + 1) * WIDE.width) - max(near, cell * WIDE.width)
                held[side][cell] += float(mass) * max(overlap, 0.0) / (far - near)
    total = sum(map(sum, held))
    return [0.95 * value / total + 0.05 / 48 for value in (*held[0], *held[1])]


def test_level_by_brute_force():
    datasets = world(True, 7)
    for dataset in datasets:
        dataset.positions["mark"] *= 1.003
    kept = sorted({row["time"] for dataset in datasets for row in dataset.positions})
    later, maps, rows = kept[len(kept) // 2 :], {}, []
    for coin, dataset in enumerate(datasets):
        closes = dataset.market.times + np.timedelta64(1, "h")
        for row in dataset.positions:
            time, side = row["time"], int(row["side"])
            bar = max(index for index, close in enumerate(closes) if close <= time)
            if (coin, time) not in maps:
                maps[coin, time] = shares_by_hand(dataset, bar, math.log(row["mark"] / dataset.bars["close"][bar]))
            away = (1.0 if side else -1.0) * math.log(row["liquidation_price"] / row["mark"])
            if 0.0 <= away < 0.6:
                rows.append((time in later, coin, time, int(row["account"]), side * 24 + int(away / 0.025)))
    weights = {}
    for is_later, coin, _, account, _ in rows:
        weights[is_later, coin, account] = weights.get((is_later, coin, account), 0) + 1
    profile = [0.0] * 48
    for is_later, coin, _, account, cell in rows:
        profile[cell] += 0.0 if is_later else 1.0 / weights[False, coin, account]
    profile = [0.95 * value / sum(profile) + 0.05 / 48 for value in profile]
    average = {
        coin: [sum(maps[coin, time][cell] for time in later) / len(later) for cell in range(48)] for coin in (0, 1)
    }
    totals, weight = [0.0, 0.0, 0.0], 0.0
    for is_later, coin, time, account, cell in rows:
        if is_later:
            share, one = maps[coin, time][cell], 1.0 / weights[True, coin, account]
            weight += one
            for index, baseline in enumerate((1.0 / 48, average[coin][cell], profile[cell])):
                totals[index] += one * math.log2(share / baseline)
    level = truth_claims(datasets)[0]
    assert level.name == LEVEL
    assert [test.interval.estimate for test in level.tests] == pytest.approx(
        [total / weight for total in totals], abs=1e-6
    )


def test_neither_the_order_of_coins_nor_of_rows_changes_an_estimate():
    datasets = world(True, 50)
    turned = [replace(dataset, positions=dataset.positions[::-1]) for dataset in datasets[::-1]]
    for ours, theirs in zip(truth_claims(datasets), truth_claims(turned), strict=True):
        assert [test.interval.estimate for test in ours.tests] == pytest.approx(
            [test.interval.estimate for test in theirs.tests], abs=1e-6
        )


def test_bars_after_the_last_snapshot_change_nothing():
    datasets = []
    for dataset in world(True, 50):
        known = dataset.positions["time"] < dataset.market.times[1400]
        datasets.append(replace(dataset, positions=dataset.positions[known]))
    later = [replace(dataset, bars=dataset.bars.copy()) for dataset in datasets]
    for dataset in later:
        for name in ("open", "high", "low", "close"):
            dataset.bars[name][1400:] *= 2.0
    for ours, theirs in zip(truth_claims(datasets), truth_claims(later), strict=True):
        assert ours.tests == theirs.tests


def test_accounts_not_seen_before_stand_apart():
    datasets = world(True, 60)
    for dataset in datasets:
        times = np.unique(dataset.positions["time"])
        is_later = dataset.positions["time"] >= times[len(times) // 2]
        dataset.positions["account"][is_later & (dataset.positions["account"] < 20)] += 100
    level, shape = truth_claims(datasets)
    assert level.details["data"]["accounts_not_seen_before"] == 20
    assert set(level.details["accounts_not_seen_before"]) == {test.baseline for test in level.tests}
    assert shape.details["accounts_not_seen_before"]["distance alone"]["estimate"] == pytest.approx(1.0, abs=0.6)


def test_without_positions_or_halves_of_them_the_claims_say_so():
    one = world(True, 1)[0]
    single = replace(one, positions=one.positions[:1])
    for datasets in ([dataset_of(1)], [replace(one, positions=one.positions[:0])], [single]):
        found = verdicts(datasets)
        assert set(found) == {LEVEL, SHAPE}
        for claim in found.values():
            assert claim.verdict == TOO_LITTLE_DATA
            assert claim.remarks == (truth.NO_POSITIONS,)


def test_a_market_takes_the_positions_and_liquidations_of_its_coin_and_its_bars():
    market = replace(dataset_of(1).market, name="x/ETHUSDT")
    ts = market.frame["ts"].iloc[[5, 5, 6]].reset_index(drop=True) + pd.Timedelta("10min")
    positions = pd.DataFrame(
        {"ts": ts, "account": ["a", "b", "b"], "coin": ["BTC", "ETH", "ETH"], "side": ["long", "short", "long"], "size": 2.0,
         "entry_price": 100.0, "leverage": 5.0, "liquidation_price": [80.0, np.nan, 80.0], "account_value_usd": 1.0,
         "mark_price": 100.0}
    )  # fmt: skip
    found = positions_in(market, read_records(positions, POSITIONS))
    assert found["side"].tolist() == [1, 0]
    assert found["usd"].tolist() == [200.0, 200.0]
    assert found["account"].tolist() == [1, 1]
    orders = pd.DataFrame(
        {"ts": [*ts, ts[0] - pd.Timedelta("1D")], "symbol": ["ETHUSDT", "ETH", "BTC", "ETH"], "side": "short", "size": 3.0,
         "price_bankrupt": 101.0, "price_avg": [100.5, np.nan, 1.0, 1.0], "filled": [2.0, 3.0, 3.0, 3.0]}
    )  # fmt: skip
    found = liquidations_in(market, read_records(orders, LIQUIDATIONS))
    assert found.tolist() == [(5, 1, 100.5, 2.0)]
