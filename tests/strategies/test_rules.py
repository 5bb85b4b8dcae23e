"""Each rule, decision by decision."""

import math

import numpy as np
import pytest

from runs.perpetual.accounting import FILL, MARKET, apply_fill, open_account
from runs.perpetual.costs import COSTS, margin_limit
from runs.perpetual.matching import process_bar
from runs.perpetual.orders import FILLED, ORDER, PRICES, order_row
from strategies import cascade, magnet, overlay, wipe
from strategies.intent import ENTER, EXIT, KEEP, REBALANCE
from strategies.position import is_below_step, sizing_record, traded_size
from strategies.rule import new_state
from strategies.sizing import (
    SizingParameters,
    check_volatility_target,
    entry_size,
    leverage_limit,
    rebalance_size,
    whole_steps,
)
from tests.strategies.asking import answers

NAN = math.nan
CALM = {
    "close": 100.0, "high": 101.0, "low": 99.0, "cluster_above_price": 103.0, "cluster_below_price": 96.0, "magnet": 0.0,
    "atr": 1.0, "support_price": NAN, "resistance_price": NAN, "funding_rate": 0.0,
}  # fmt: skip


def ask(module, parameters, position=(), state=None, hour=0.0, history=1, **view):
    """Ask a rule; `position` is (size, hours held, tag)."""
    held = {"bar": 100.0, "equity": 1e5} | dict(zip(("size", "hours_held", "tag"), position, strict=False))
    compiled, plain = answers(module.decide, parameters, CALM | view, held, state, 3600.0 * hour, history)
    *numbers, targets = compiled
    assert numbers == pytest.approx(list(plain[:-1]), nan_ok=True)
    assert targets == pytest.approx(plain[-1], nan_ok=True)
    return compiled


MAGNET = magnet.MagnetParameters()


@pytest.mark.parametrize(("signal", "target", "stop"), [(1.0, 103.0, 97.0), (-1.0, 96.0, 103.0)])
def test_the_magnet_enters_towards_the_dominating_cluster(signal, target, stop):
    intent = ask(magnet, MAGNET, magnet=signal)
    assert intent[:5] == (ENTER, signal, 0.0, stop, target)


@pytest.mark.parametrize(
    "view",
    [
        {"magnet": 0.0},
        {"magnet": NAN},
        {"magnet": 1.0, "cluster_above_price": 100.4},  # nearer than the costs are worth
        {"magnet": 1.0, "cluster_above_price": 106.0},  # too far
        {"magnet": 1.0, "phase": 2.0, "phase_direction": -1.0},  # against a running cascade
        {"magnet": 1.0, "phase": 3.0, "phase_direction": -1.0},  # washed out, open interest not steady yet
    ],
)
def test_the_magnet_stays_out(view):
    assert ask(magnet, MAGNET, **view).action == KEEP


def test_the_magnet_may_go_with_a_cascade():
    assert ask(magnet, MAGNET, magnet=-1.0, phase=2.0, phase_direction=-1.0).action == ENTER


def test_stops_are_wider_before_a_cascade():
    calm, risky = (ask(magnet, MAGNET, magnet=1.0, cascade_risk_down=risk).stop for risk in (1.0, 2.0))
    assert (calm, risky) == (97.0, 95.5)


@pytest.mark.parametrize(
    ("position", "signal", "action"),
    [
        ((1.0, 5.0, 0.0), -1.0, EXIT),
        ((1.0, 5.0, 0.0), NAN, KEEP),
        ((1.0, 48.0, 0.0), 1.0, EXIT),
        ((-1.0, 5.0, 0.0), -1.0, KEEP),
    ],
)
def test_the_magnet_leaves_when_the_signal_flips_or_time_is_up(position, signal, action):
    assert ask(magnet, MAGNET, position, magnet=signal).action == action


@pytest.mark.parametrize("signal", [1.0, -1.0])
def test_the_magnet_waits_for_a_better_price_as_maker(signal):
    intent = ask(magnet, magnet.MagnetParameters(limit_atr=0.5, limit_bars=6), magnet=signal)
    assert (intent.limit, intent.post_only, intent.good_for_bars) == (100.0 - 0.5 * signal, 1.0, 6.0)
    assert (intent.stop, intent.target) == (100.0 - 3.0 * signal, 103.0 if signal > 0 else 96.0)
    with pytest.raises(ValueError, match="limit_atr = 3 must be below stop_atr = 3"):
        magnet.MagnetParameters(limit_atr=3.0)


def test_the_magnets_target_is_the_clusters_near_edge_and_its_distance_counts():
    edge, gaps = magnet.MagnetParameters(near_edge=True), {"cluster_above_gap": 0.02, "cluster_below_gap": 0.004}
    assert ask(magnet, edge, magnet=1.0, **gaps).target == pytest.approx(100.0 * math.exp(0.02))
    assert ask(magnet, edge, magnet=-1.0, cluster_below_gap=0.03).target == pytest.approx(100.0 * math.exp(-0.03))
    assert ask(magnet, edge, magnet=-1.0, **gaps).action == KEEP, "nearer than min_distance"


@pytest.mark.parametrize(
    ("rule", "funding", "enters"),
    [
        # Target and stop 3 % away: the target is reached in 52.5 %, which earns 15.0 basis points before costs; the way out
        # costs .525 x 2 + .475 x 7 = 4.375, the way in 7 or, as maker, 2.
        ({"touch_lift": 0.025}, 0.0, True),
        ({"touch_lift": 0.018}, 0.0, False),  # 10.8 against 11.41
        ({"touch_lift": 0.025, "taker_cost_bps": 11.0}, 0.0, False),  # 15.0 against 17.275
        ({"touch_lift": 0.018, "limit_atr": 1e-9}, 0.0, True),  # 10.8 against 6.41
        ({"touch_lift": 0.025}, 1e-4, False),  # six settlements of one basis point more
        ({"touch_lift": 0.025}, -1e-4, True),
        ({"touch_lift": 0.018}, -1e-3, False),  # what would be received is not counted on
        ({"touch_lift": 0.025}, NAN, True),
    ],
)
@pytest.mark.parametrize("signal", [1.0, -1.0])
def test_the_magnet_enters_where_the_expected_move_is_worth_its_costs(rule, funding, enters, signal):
    view = {"magnet": signal, "cluster_above_price": 103.0, "cluster_below_price": 97.0}
    intent = ask(magnet, magnet.MagnetParameters(**rule), funding_rate=signal * funding, **view)
    assert (intent.action == ENTER) == enters


CASCADE = cascade.CascadeParameters()


def test_the_cascade_goes_with_a_triggered_one_while_risk_is_high():
    for direction in (-1.0, 1.0):
        risk = {"cascade_risk_down" if direction < 0 else "cascade_risk_up": 2.0}
        intent = ask(cascade, CASCADE, phase=1.0, phase_direction=direction, **risk)
        assert intent[:2] == (ENTER, direction)
        assert intent.stop == 100.0 - 3.0 * direction
        assert math.isnan(intent.target)
        assert intent.tag == cascade.WITH
    assert ask(cascade, CASCADE, phase=1.0, phase_direction=-1.0, cascade_risk_down=1.0).action == KEEP


def test_the_cascade_stands_aside_while_washed_out_and_fades_it_when_recovering():
    spent = {"phase_direction": -1.0, "open_interest_drop": 0.25, "funding_rate": -0.0005}
    assert ask(cascade, CASCADE, phase=3.0, **spent).action == KEEP
    intent = ask(cascade, CASCADE, phase=4.0, **spent)
    assert intent[:2] == (ENTER, 1.0)
    assert (intent.stop, intent.target, intent.tag) == (95.0, 107.5, cascade.AGAINST)


@pytest.mark.parametrize("change", [{"open_interest_drop": 0.19}, {"funding_rate": -0.0001}, {"funding_rate": NAN}])
def test_the_contrarian_entry_needs_both_a_fall_and_deep_funding(change):
    spent = {"phase": 4.0, "phase_direction": -1.0, "open_interest_drop": 0.25, "funding_rate": -0.0005} | change
    assert ask(cascade, CASCADE, **spent).action == KEEP


@pytest.mark.parametrize(
    ("position", "view", "action"),
    [
        ((-1.0, 1.0, cascade.WITH), {"phase": 2.0, "phase_direction": -1.0}, KEEP),
        ((-1.0, 1.0, cascade.WITH), {"phase": 3.0, "phase_direction": -1.0}, EXIT),
        ((-1.0, 24.0, cascade.WITH), {"phase": 2.0, "phase_direction": -1.0}, EXIT),
        ((1.0, 1.0, cascade.AGAINST), {"phase": 0.0}, KEEP),
        ((1.0, 72.0, cascade.AGAINST), {"phase": 0.0}, EXIT),
    ],
)
def test_the_cascades_exits(position, view, action):
    assert ask(cascade, CASCADE, position, **view).action == action


RISK = {-1.0: "branching_ratio_down", 1.0: "branching_ratio_up"}


@pytest.mark.parametrize("direction", [-1.0, 1.0])
@pytest.mark.parametrize(("last", "enters"), [(8.5, True), (7.5, False), (math.nan, False)])
def test_the_cascades_risk_can_be_high_for_its_own_history(direction, last, enters):
    parameters = cascade.CascadeParameters(quantile_bars=10, risk_quantile=0.9)
    ratios = [8.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, last]  # 9 or 8 of 10 bars lie lower
    view = {"phase": 1.0, "phase_direction": direction, RISK[direction]: ratios, RISK[-direction]: list(range(10))}
    intent = ask(cascade, parameters, history=10, **view)
    assert (intent.action == ENTER) == enters, "min_risk is not asked"
    assert cascade.Cascade.history(parameters) == 10
    assert cascade.Cascade.history(CASCADE) == 1


@pytest.mark.parametrize("direction", [-1.0, 1.0])
@pytest.mark.parametrize(("last", "enters"), [(8.5, True), (7.5, False), (math.nan, False)])
def test_the_funding_against_the_crowd_can_be_deep_for_its_own_history(direction, last, enters):
    parameters = cascade.CascadeParameters(quantile_bars=10, funding_quantile=0.9)
    rates = direction * 1e-6 * np.array([8.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0, last])
    view = {"phase": 4.0, "phase_direction": direction, "open_interest_drop": 0.25, "funding_rate": rates}
    assert (ask(cascade, parameters, history=10, **view).action == ENTER) == enters


def test_the_cascades_legs_are_switched_by_themselves():
    triggered = {"phase": 1.0, "phase_direction": -1.0, "cascade_risk_down": 2.0}
    spent = {"phase": 4.0, "phase_direction": -1.0, "open_interest_drop": 0.25, "funding_rate": -0.0005}
    for switches, actions in (
        ({"trade_with": False}, (KEEP, ENTER)),
        ({"trade_against": False}, (ENTER, KEEP)),
    ):
        parameters = cascade.CascadeParameters(**switches)
        assert tuple(ask(cascade, parameters, **view).action for view in (triggered, spent)) == actions


WIPE = wipe.WipeParameters()
SUPPORT = {"support_price": 99.0, "support_bar": 90.0}


def retest(parameters, position=(), state=None, **view):
    return ask(wipe, parameters, position, new_state(wipe.Wipe) if state is None else state, **view)


def test_the_retest_of_support_is_bought_and_of_resistance_sold():
    intent = retest(WIPE, **SUPPORT)
    assert intent[:2] == (ENTER, 1.0)
    assert intent.stop == pytest.approx(99.0 * 0.99)
    assert intent.target == pytest.approx(100.0 + 2.0 * (100.0 - 98.01))
    assert retest(WIPE, resistance_price=101.0, resistance_bar=90.0).direction == -1.0


@pytest.mark.parametrize(
    "view",
    [
        {},
        SUPPORT | {"support_bar": 95.0},  # the wipe itself
        SUPPORT | {"low": 99.6},  # not touched
        SUPPORT | {"close": 98.9},  # closed below
        SUPPORT | {"resistance_price": 101.0, "resistance_bar": 90.0},  # both: no view
    ],
)
def test_no_retest_no_entry(view):
    assert retest(WIPE, **view).action == KEEP


def test_the_wipe_gives_up_after_its_time():
    assert retest(WIPE, (1.0, 72.0, 0.0)).action == EXIT
    assert retest(WIPE, (1.0, 71.0, 0.0)).action == KEEP


@pytest.mark.parametrize(("size_usd", "enters"), [(999.0, False), (1000.0, True)])
def test_a_retest_needs_a_level_of_some_strength(size_usd, enters):
    parameters = wipe.WipeParameters(min_strength=0.1)  # of 100 coins traded in a day, at 100
    for level in (SUPPORT, {"resistance_price": 101.0, "resistance_bar": 90.0}):
        sizes = {"support_size_usd": size_usd, "resistance_size_usd": size_usd}
        assert (retest(parameters, volume_24h=100.0, **sizes, **level).action == ENTER) == enters


@pytest.mark.parametrize("side", ["support", "resistance"])
def test_only_the_first_retest_of_a_level_is_entered_at(side):
    parameters, state = wipe.WipeParameters(first_retest_only=True), new_state(wipe.Wipe)
    level = {f"{side}_price": 99.0 if side == "support" else 101.0}
    away = {"low": 99.9, "high": 100.1}

    def at(bar, position=(), **view):
        return retest(parameters, position, state, **level, **{f"{side}_bar": bar}, **view).action

    assert at(90.0, **away) == KEEP
    assert [at(90.0), at(90.0), at(90.0, **away), at(90.0)] == [ENTER, KEEP, KEEP, KEEP]
    assert at(91.0, (1.0, 5.0, 99.0)) == KEEP, "it is retested while something is held"
    assert [at(91.0), at(92.0), at(92.0)] == [KEEP, ENTER, KEEP]
    failed = {"close": 98.9} if side == "support" else {"close": 101.1}
    assert [at(93.0, **failed), at(93.0)] == [KEEP, KEEP], "a retest that did not hold was the first"
    assert retest(WIPE, (), state, **level, **{f"{side}_bar": 93.0}).action == ENTER, "off, all are"


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_invalidation_by_close_leaves_a_wider_stop_to_rest(direction):
    parameters = wipe.WipeParameters(hard_stop=0.03)
    level = SUPPORT if direction > 0.0 else {"resistance_price": 101.0, "resistance_bar": 90.0}
    price = 99.0 if direction > 0.0 else 101.0
    intent, usual = retest(parameters, **level), retest(WIPE, **level)
    assert intent.stop == pytest.approx(price * (1.0 - 0.03 * direction))
    assert (intent.target, intent.tag) == (usual.target, price)
    for close, action in ((0.9901, KEEP), (0.9899, EXIT)):  # of the level, mirrored for a short
        at = price * (close if direction > 0.0 else 2.0 - close)
        held = (direction, 5.0, price)
        assert retest(parameters, held, close=at).action == action
        assert retest(WIPE, held, close=at).action == KEEP, "its stop rests there"
    with pytest.raises(ValueError, match=r"hard_stop = 0.01 must be above invalidation = 0.01, or 0"):
        wipe.WipeParameters(hard_stop=0.01)


@pytest.mark.parametrize(
    ("view", "exposure"),
    [
        ({}, 1.0),
        ({"cascade_risk_down": 1.0}, 0.75),
        ({"cascade_risk_down": 2.0}, 0.5),
        ({"phase": 2.0, "phase_direction": -1.0}, 0.25),
        ({"phase": 2.0, "phase_direction": 1.0}, 1.0),
        ({"cascade_risk_up": 2.0}, 1.0),
    ],
)
def test_the_overlay_cuts_exposure_by_downside_risk(view, exposure):
    intent = ask(overlay, overlay.OverlayParameters(), state=new_state(overlay.Overlay), **view)
    assert (intent.action, intent.exposure) == (REBALANCE, exposure)
    assert math.isnan(intent.band), "the sizing's"


def exposures(parameters, *risks):
    """Ask the overlay hour by hour, at given downside risks."""
    state = new_state(overlay.Overlay)
    return [
        ask(overlay, parameters, state=state, hour=float(hour), cascade_risk_down=float(risk)).exposure
        for hour, risk in enumerate(risks)
    ]


def test_the_overlay_cuts_at_once_and_raises_after_its_hours_without_a_cause():
    risks = (0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0)
    assert exposures(overlay.OverlayParameters(), *risks) == [1.0 if risk == 0 else 0.5 for risk in risks]
    waiting = overlay.OverlayParameters(raise_after_hours=4.0)
    assert exposures(waiting, *risks) == [1.0, *[0.5] * 8, 1.0, 1.0]
    assert exposures(waiting, 2, 1, 1, 1, 1, 0, 0, 0, 0) == [0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 0.75, 0.75, 1.0]


@pytest.mark.parametrize(("volatility", "share"), [(0.02, 1.0), (0.04, 0.6 / (0.04 * 365**0.5)), (NAN, 0.0)])
def test_the_overlays_exposures_shrink_above_its_base_volatility(volatility, share):
    parameters = overlay.OverlayParameters(base_volatility=0.6, band=0.2)
    for risk, exposure in ((0.0, 1.0), (2.0, 0.5)):
        state, view = new_state(overlay.Overlay), {"cascade_risk_down": risk, "volatility_24h": volatility}
        intent = ask(overlay, parameters, state=state, **view)
        assert intent.exposure == pytest.approx(share * exposure)
        assert intent.band == 0.2


SIZING = SizingParameters()
ENTRY = (SIZING.risk_fraction, SIZING.max_leverage)
REBALANCING = (SIZING.max_leverage, SIZING.rebalance_band)


def test_size_is_the_smaller_of_risk_and_leverage_in_whole_steps():
    assert entry_size(1.0, 100.0, 95.0, 10_000.0, *ENTRY, 0.001) == pytest.approx(20.0)  # 1 % of equity over 5 of risk
    assert entry_size(-1.0, 100.0, 100.1, 10_000.0, *ENTRY, 0.001) == pytest.approx(-300.0)  # three times equity
    assert entry_size(1.0, 100.0, NAN, 10_000.0, *ENTRY, 0.001) == pytest.approx(300.0)
    assert entry_size(1.0, 100.0, 95.0, 10_000.0, *ENTRY, 15.0) == 15.0
    assert entry_size(1.0, 100.0, 95.0, -1.0, *ENTRY, 0.001) == 0.0


@pytest.mark.parametrize(
    ("target", "volatility", "limit"),
    [(0.0, 0.04, 3.0), (0.0, NAN, 3.0), (0.4, 0.04, 10.0 / 365**0.5), (4.0, 0.04, 3.0), (0.4, NAN, 0.0)],
)
def test_a_volatility_target_limits_leverage_and_allows_nothing_without_a_forecast(target, volatility, limit):
    assert leverage_limit(3.0, target, volatility) == pytest.approx(limit)


def test_a_volatility_target_on_bars_longer_than_a_day_is_refused():
    check_volatility_target(SizingParameters(volatility_target=0.3), 86_400.0)
    check_volatility_target(SizingParameters(), 172_800.0)
    with pytest.raises(ValueError, match=r"volatility_target = 0.3 .* bars of 2 days have none; set it to 0"):
        check_volatility_target(SizingParameters(volatility_target=0.3), 172_800.0)


def test_rebalancing_leaves_small_changes_alone_but_always_closes_fully():
    assert rebalance_size(1.0, 96.0, 100.0, 10_000.0, *REBALANCING, 0.001) == 0.0
    assert rebalance_size(1.0, 94.0, 100.0, 10_000.0, *REBALANCING, 0.001) == pytest.approx(6.0)
    assert rebalance_size(0.0, 1.0, 100.0, 10_000.0, *REBALANCING, 0.001) == pytest.approx(-1.0)
    assert rebalance_size(9.0, 0.0, 100.0, 10_000.0, *REBALANCING, 0.001) == pytest.approx(300.0)


@pytest.mark.parametrize(
    ("size", "step", "expected"), [(0.3, 0.1, 0.3), (0.29999, 0.1, 0.2), (-0.15, 0.1, -0.1), (0.7, 0.7, 0.7)]
)
def test_sizes_are_cut_towards_zero_without_losing_a_step_to_rounding(size, step, expected):
    # reliability notes 2.16
    assert whole_steps(size, step) == pytest.approx(expected, abs=1e-12)


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match=r"min_distance = 0.1 must be below max_distance"):
        magnet.MagnetParameters(min_distance=0.1)
    with pytest.raises(ValueError, match=r"risk_fraction = 2.0 is outside"):
        SizingParameters(risk_fraction=2.0)


@pytest.mark.parametrize("leverage", [1.0, 3.0, 20.0, 125.0])
@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_the_margin_limit_is_never_refused_for_margin(leverage, isolated, turned):
    # From flat, or from the largest short turned round in one order: the fill slips, and its fee is whole.
    costs = np.zeros(1, dtype=COSTS)
    costs["taker_fee"], costs["slippage"], costs["leverage"], costs["isolated"] = 0.0005, 0.0002, leverage, isolated
    most = margin_limit(costs) * 1000.0 / 100.0
    account, orders, fills = open_account(1000.0), np.zeros(1, dtype=ORDER), np.zeros(8, dtype=FILL)
    if turned:
        apply_fill(account[0], -most, 100.0, 0.0, isolated, leverage)
    orders[0] = order_row(0, MARKET, most * (1.0 + turned))
    prices = np.full(1, math.nan, dtype=PRICES)
    for name, value in (("open", 100.0), ("high", 101.0), ("low", 99.5), ("close", 100.5)):
        prices[name] = value
    prices["terms"] = 0.0
    no_margin = np.array([[[0.0, 0.0, 0.0, 1000.0]]])
    process_bar(account, orders, 1, 0, prices, 0, costs, no_margin, fills, 0)
    assert (orders[0]["state"], account["refused_margin"][0]) == (FILLED, 0.0)
    assert account["size"][0] == pytest.approx(most)


@pytest.mark.parametrize(
    ("action", "exposure", "size", "equity", "step", "below"),
    [
        (ENTER, 0.0, 0.0, 10.0, 1.0, True),
        (ENTER, 0.0, 0.0, 0.0, 1.0, False),  # nothing is left to open with
        (ENTER, 0.0, 0.0, 10.0, 0.001, False),
        (REBALANCE, 1.0, 0.0, 10.0, 1.0, True),
        (REBALANCE, 0.04, 0.0, 10.0, 1.0, False),  # within the band
        (REBALANCE, 0.0, 0.0, 10.0, 1.0, False),
        (REBALANCE, 1.0, 0.5, 10.0, 1.0, False),  # a change of what is held is no entry
        (EXIT, 0.0, 0.0, 10.0, 1.0, False),
    ],
)
def test_an_entry_below_one_step_is_told_from_one_that_was_not_meant(action, exposure, size, equity, step, below):
    sizing = sizing_record(SizingParameters(), step, math.inf)
    asked = (action, 1.0, 95.0, exposure, 100.0, NAN, size, equity, sizing)
    assert is_below_step(*asked, traded_size(*asked)) == below


def test_without_a_forecast_a_volatility_target_opens_nothing_and_no_step_is_to_blame():
    sizing = sizing_record(SizingParameters(volatility_target=0.5), 1.0, math.inf)
    asked = (ENTER, 1.0, 95.0, 0.0, 100.0, NAN, 0.0, 10_000.0, sizing)
    assert traded_size(*asked) == 0.0
    assert not is_below_step(*asked, 0.0)
