"""The liquidation report: all its parts, from one snapshot and its clusters."""

import dataclasses
from functools import cache

import numpy as np
import pytest

from datafeeds.quality import Defect, Quality
from datafeeds.simulated.market import simulate
from indicators.liquidation.snapshot import CLUSTER
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.engines.result import EngineResult
from runs.reports.analysis.markdown import liquidation_report


@cache
def base() -> EngineResult:
    return run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=300))


def cluster(price: float, side: float, usd: float, close: float = 100.0) -> np.ndarray:
    made = np.zeros(1, dtype=CLUSTER)
    made["price"], made["low"], made["high"], made["side"] = price, price * 0.99, price * 1.01, side
    made["magnitude_usd"], made["magnitude"], made["distance"] = usd, usd / price, price / close - 1.0
    return made


ABOVE, BELOW, DEEP = cluster(110.0, -1.0, 3e8), cluster(95.0, 1.0, 1e8), cluster(90.0, 1.0, 5e7)


def run(clusters: tuple[np.ndarray, ...] = (ABOVE, BELOW, DEEP), **view: float) -> EngineResult:
    snapshots = base().snapshots.copy()
    values: dict[str, float] = {
        "close": 100.0, "magnet": 1.0, "cluster_above_price": 110.0, "cluster_below_price": 95.0,
        "cascade_risk_down": 2.0, "cascade_risk_up": 0.0, "cluster_count_below": 2.0, "cluster_count_above": 1.0,
        "branching_ratio_down": 0.75, "branching_ratio_up": 0.25, "liquidated_long_24h_usd": 30e6,
        "liquidated_short_24h_usd": 10e6, "liquidation_reported": 1.0, "largest_liquidation_bar_usd": 12e6,
        "market_state": 1.0, "phase": 2.0, "phase_direction": -1.0, "support_price": 93.0, "support_size_usd": 2e8,
        "support_bar": 10.0, "support_reported": 1.0, "resistance_price": np.nan,
    }  # fmt: skip
    for name, value in (values | view).items():
        snapshots[name][-1] = value
    rows = np.concatenate(clusters) if clusters else np.zeros(0, dtype=CLUSTER)
    return dataclasses.replace(base(), snapshots=snapshots, clusters=rows)


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_overview_has_total_both_sides_with_shares_and_the_state():
    overview = section(liquidation_report(run()), "Last 24 hours")
    for expected in ("40.00 M USD", "30.00 M USD (75%)", "10.00 M USD (25%)", "3.00: longs squeezed", "normal"):
        assert expected in overview


def test_the_largest_is_of_a_bar_because_single_events_are_unknown():
    overview = section(liquidation_report(run()), "Last 24 hours")
    assert "Largest single bar | 12.00 M USD" in overview
    assert "single liquidations are not in the data" in overview


def test_the_state_says_by_how_much_its_thresholds_are_scaled():
    report = run()
    model = dataclasses.replace(report.configuration.model, market_share=0.4)
    scaled = dataclasses.replace(report, configuration=dataclasses.replace(report.configuration, model=model))
    assert "thresholds x 0.4" in liquidation_report(scaled)


def test_modelled_liquidations_are_not_called_reported():
    overview = section(liquidation_report(run(liquidation_reported=0.0)), "Last 24 hours")
    assert "by the model, not reported" in overview


def test_a_day_without_liquidations_divides_by_nothing():
    quiet = {"liquidated_long_24h_usd": 0.0, "liquidated_short_24h_usd": 0.0, "largest_liquidation_bar_usd": 0.0}
    overview = section(liquidation_report(run(**quiet)), "Last 24 hours")
    assert "nan" not in overview


def test_key_levels_come_with_price_type_volume_distance_and_priority():
    rows = [line for line in section(liquidation_report(run()), "Key levels").splitlines() if line.startswith("| ")][1:]
    assert rows[0].startswith("| 1 | 110.00 |")
    assert "| short |" in rows[0]
    assert "300.00 M USD" in rows[0]
    assert "+10.00%" in rows[0]
    assert rows[1].startswith("| 2 | 95.00 |")
    assert "-5.00%" in rows[1]


def test_the_summary_names_the_strongest_each_way_and_the_asymmetry():
    heatmap = section(liquidation_report(run()), "Heatmap")
    assert "Strongest above: 110.00 (+10.00%), 300.00 M USD" in heatmap
    assert "Strongest below: 95.00 (-5.00%), 100.00 M USD" in heatmap
    assert "67% above, 33% below" in heatmap


def test_a_cluster_counts_to_the_side_of_the_price_on_which_it_lies():
    # mostly shorts, but below the price: it is no level above
    heatmap = section(liquidation_report(run((cluster(97.0, -1.0, 1e8),))), "Heatmap")
    assert "Strongest above: none" in heatmap
    assert "Strongest below: 97.00" in heatmap
    assert "0% above, 100% below" in heatmap


def test_cascade_risk_comes_each_way_with_the_stacked_clusters():
    risk = section(liquidation_report(run()), "Cascade risk")
    assert "| down | high | 2 | 0.75 |" in risk
    assert "| up | low | 1 | 0.25 |" in risk


def test_post_wipe_levels_are_dated_and_say_where_they_come_from():
    when = np.datetime_as_string(base().times[10], unit="m")
    levels = section(liquidation_report(run()), "After wipes")
    assert f"Support: 93.00, from {when} UTC, 200.00 M USD wiped (reported)" in levels
    assert "Resistance: none stands" in levels
    assert "(modelled)" in section(liquidation_report(run(support_reported=0.0)), "After wipes")


def test_the_phase_and_its_direction_are_named():
    assert "cascading, downward" in liquidation_report(run())


@pytest.mark.parametrize(
    ("magnet", "bias"), [(1.0, "upward magnet"), (-1.0, "downward magnet"), (0.0, "balanced"), (np.nan, "no signal")]
)
def test_the_implications_name_bias_risk_and_where_liquidations_begin_and_what_is_not_proven(magnet, bias):
    implied = section(liquidation_report(run(magnet=magnet)), "What follows")
    assert f"Bias: {bias}. Not proven" in implied
    assert "Risk of a cascade: high. Not proven" in implied
    assert "of longs below 95.00; of shorts above 110.00" in implied


def test_without_clusters_the_report_is_whole_and_says_so():
    empty = {"magnet": np.nan, "cluster_above_price": np.nan, "cluster_below_price": np.nan, "cluster_count_below": 0.0}
    text = liquidation_report(run((), **empty))
    assert "No significant cluster" in text
    assert "none near" in text
    assert "nan" not in text.lower()


@pytest.mark.parametrize(("known", "source"), [(1.0, "open interest"), (0.0, "turnover")])
def test_the_market_says_how_old_the_map_is_and_what_its_sizes_are_shares_of(known, source):
    market = section(liquidation_report(run(level_from_open_interest=known, map_age_half_lives=2.25)), "Market")
    assert f"shares of {source}" in market
    assert "2.2 half-lives" in market


def test_unknown_gain_is_not_printed_as_nan():
    assert "nan" not in liquidation_report(run(branching_ratio_down=np.nan)).lower()


def test_the_caveats_are_always_there_and_nothing_claims_validation():
    for report in (run(), run(())):
        text = liquidation_report(report)
        for words in (
            "are estimates",
            "a zone",
            "positions open and close",
            "Wicks take stops",
            "research, not advice",
        ):
            assert words in text
        assert "not been validated" in text
        assert text.count("validated") == text.count("not been validated")


def test_the_datas_defects_are_named():
    report = run()
    stamp = report.market.frame["ts"].iloc[0]
    found = Quality((Defect("gap", "ts", 3, stamp, stamp, "3 bars are missing near noon: 5 -> 2"),))
    named = dataclasses.replace(report, market=dataclasses.replace(report.market, quality=found))
    assert "3 bars are missing near noon: 5 -> 2" in section(liquidation_report(named), "Data")


HOSTILE = "<script>x</script>[click](javascript:x)![p](http://e/p)|`\n# Title"


def test_a_hostile_data_name_stays_text():
    report = run()
    text = liquidation_report(dataclasses.replace(report, market=dataclasses.replace(report.market, name=HOSTILE)))
    assert "<script" not in text
    assert "](" not in text
    assert "\n# Title" not in text


def test_a_hostile_column_name_in_a_defect_stays_text():
    report = run()
    stamp = report.market.frame["ts"].iloc[0]
    found = Quality((Defect("missing", HOSTILE, 1, stamp, stamp, f"{HOSTILE}: 1 value is missing"),))
    text = liquidation_report(dataclasses.replace(report, market=dataclasses.replace(report.market, quality=found)))
    assert "<script" not in text
    assert "](" not in text
    assert "\n# Title" not in text


def test_simulated_data_is_called_so():
    assert "SIMULATED" in liquidation_report(run()).splitlines()[0]
