"""Options of every rule: each by hand, and by what a ledger shows of rules that say everything."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.evaluator import Evaluator
from runs.engines.snapshot_cache import Heatmaps
from runs.perpetual.accounting import FUNDING, LIMIT, MARKET, STOP, open_account
from runs.perpetual.contract import default_listing
from runs.perpetual.costs import CostParameters
from runs.perpetual.intents import BOOK, carry_out
from runs.perpetual.orders import ORDER, PLAIN, WORKING
from runs.perpetual.round_trips import trips_of
from strategies.intent import POSITION, add, close, enter, keep, reduce, reverse, target_exposure
from strategies.position import new_position_memory, sizing_record
from strategies.sizing import SizingParameters
from strategies.trading import ENTRY, ENTRY_ORDERS, GROWTH, NOTHING, TradingParameters, allowed_size, trading_record

HOUR, DAY = 3600.0, 86_400.0
MONDAY_NOON = 4 * DAY + 12 * HOUR  # 1970-01-05


class Desk:
    """One account of 10,000 at hourly closes of 100, and what carrying out an intent sends."""

    def __init__(self, held=0.0, equity=10_000.0, **options):
        self.trading, self.memory = trading_record(TradingParameters(**options)), new_position_memory(1.0)
        self.account, self.book = open_account(10_000.0), np.array([(0, 0, -1)], dtype=BOOK)
        self.orders, self.position = np.zeros(64, dtype=ORDER), np.zeros(1, dtype=POSITION)
        self.position["size"], self.position["equity"] = held, equity
        self.sizing = sizing_record(SizingParameters(), 0.001, math.inf)
        self.costs = CostParameters().records([default_listing().newest])

    def at(self, time, intent):
        """Carry out an intent at a close; return the signed sizes of the orders sent."""
        before = int(self.book["count"][0])
        intent = intent._replace(**{
            name: tuple(map(float, value)) if isinstance(value, tuple) else float(value)
            for name, value in intent._asdict().items()
        })  # fmt: skip
        carry_out(
            intent, 100.0, 0.5, self.position, self.orders, self.book, self.memory, self.sizing, self.costs, 0, self.account,
            self.trading, time,
        )  # fmt: skip
        return [round(float(size), 3) for size in self.orders["size"][before : int(self.book["count"][0])]]

    def working(self):
        """Return the sizes of what still works."""
        rows = self.orders[: int(self.book["count"][0])]
        return rows["size"][(rows["state"] == WORKING) & (rows["role"] == PLAIN)].tolist()


LONG, SHORT = enter(1.0, stop=95.0), enter(-1.0, stop=105.0)


def test_a_side_that_is_not_allowed_is_not_entered_and_a_reversal_to_it_only_closes():
    for sides, bought, sold in (
        ("both", [20.0, -20.0], [-20.0, 20.0]),
        ("long", [20.0, -20.0], []),
        ("short", [], [-20.0, 20.0]),
    ):
        assert Desk(sides=sides).at(MONDAY_NOON, LONG) == bought
        assert Desk(sides=sides).at(MONDAY_NOON, SHORT) == sold
    assert Desk(held=20.0, sides="long").at(MONDAY_NOON, reverse()) == [-20.0]
    assert Desk(held=20.0, sides="both").at(MONDAY_NOON, reverse()) == [-20.0, -300.0]


def test_a_target_exposure_is_clipped_to_the_side():
    assert Desk(held=20.0, sides="long").at(MONDAY_NOON, target_exposure(-1.0)) == [-20.0]
    assert Desk(sides="long").at(MONDAY_NOON, target_exposure(-1.0)) == []
    assert Desk(sides="short").at(MONDAY_NOON, target_exposure(-1.0)) == [-100.0]


@pytest.mark.parametrize(
    ("options", "allowed", "forbidden"),
    [
        ({"entry_hours": "8-12"}, (8, 12), (7, 13)),
        ({"entry_hours": "22-1/5"}, (22, 0, 1, 5), (2, 21)),
        ({"entry_weekdays": "mon/sat-sun"}, (0, 23, 5 * 24, 6 * 24 + 23), (24, 4 * 24 + 23)),
    ],
)
def test_entries_meet_bars_of_the_named_hours_and_days_alone(options, allowed, forbidden):
    for hours in allowed:
        assert Desk(**options).at(4 * DAY + hours * HOUR, LONG) == [20.0, -20.0]
    for hours in forbidden:
        assert Desk(**options).at(4 * DAY + hours * HOUR, LONG) == []


def test_outside_its_hours_a_position_may_shrink_but_not_grow_or_turn():
    def say(intent):
        return Desk(held=20.0, entry_hours="0").at(MONDAY_NOON, intent)

    assert say(add(0.5)) == say(target_exposure(1.0)) == say(LONG) == []
    assert say(close()) == say(reverse()) == say(target_exposure(-1.0)) == [-20.0]
    assert say(reduce(0.5)) == say(target_exposure(0.1)) == [-10.0]


def test_an_entry_that_waits_is_cancelled_when_its_hours_end():
    desk = Desk(entry_hours="8-12")
    desk.at(MONDAY_NOON - HOUR, enter(1.0, stop=95.0, limit=99.0))
    desk.at(MONDAY_NOON, keep())
    assert len(desk.working()) == 1
    desk.at(MONDAY_NOON + HOUR, keep())
    assert desk.working() == []


def test_after_a_loss_nothing_is_entered_for_the_hours_of_the_cool_down():
    desk = Desk(cool_down_hours=6.0)
    assert desk.at(MONDAY_NOON, LONG)
    desk.account["losses"] = 1.0
    for hours in (1, 2, 6):
        assert desk.at(MONDAY_NOON + hours * HOUR, SHORT) == []
    assert Desk.at(desk, MONDAY_NOON + 7 * HOUR, keep()) == []
    desk.book["entry"] = -1  # the first entry is done with
    assert desk.at(MONDAY_NOON + 7 * HOUR, SHORT) == [-20.0, 20.0]


def test_no_more_positions_are_opened_in_a_day_than_allowed_but_what_is_held_may_grow():
    desk = Desk(entries_per_day=2)
    desk.at(MONDAY_NOON - HOUR, keep())
    desk.account["entries"] = 2.0
    assert desk.at(MONDAY_NOON, LONG) == []
    desk.position["size"] = 20.0
    assert desk.at(MONDAY_NOON, add(0.5)) == [10.0]
    assert desk.at(MONDAY_NOON, reverse()) == [-20.0]
    desk.position["size"] = 0.0
    assert desk.at(5 * DAY, LONG) == [20.0, -20.0]


def test_a_daily_loss_ends_the_days_entries_even_if_it_is_made_good():
    desk = Desk(daily_loss_limit=0.1)
    desk.at(MONDAY_NOON - HOUR, keep())
    desk.position["equity"] = 9_000.0
    assert desk.at(MONDAY_NOON, LONG) == []
    desk.position["equity"] = 11_000.0
    assert desk.at(MONDAY_NOON + HOUR, LONG) == []
    assert desk.at(5 * DAY, LONG) == [22.0, -22.0]


def sent(order, intent, held=0.0):
    """Return kind, price, post-only and last bar of the order that enters, as `entry_order` has it."""
    desk = Desk(held=held, entry_order=order, entry_limit_bps=20.0, entry_limit_bars=3)
    desk.at(MONDAY_NOON, intent)
    row = desk.orders[int(np.flatnonzero(desk.orders["role"][: int(desk.book["count"][0])] == PLAIN)[0])]
    return int(row["kind"]), round(float(np.nan_to_num(row["price"])), 6), int(row["post_only"]), int(row["expires"])


MARKET_ORDER = (MARKET, 0.0, 0, 0)


def test_an_entry_is_at_the_market_or_by_a_limit_beside_the_close_as_the_option_says():
    for side, limit in ((1.0, 99.8), (-1.0, 100.2)):
        assert sent("limit", enter(side)) == (LIMIT, limit, 1, 3)
        assert sent("limit", reverse(), held=-20.0 * side) == (LIMIT, limit, 1, 3)
        own = enter(side, limit=100.0 - 5.0 * side, good_for_bars=9)
        assert sent("limit", own) == sent("rule", own) == (LIMIT, 100.0 - 5.0 * side, 0, 9)
        late = enter(side, trigger=100.0 + 5.0 * side)
        assert sent("limit", late) == sent("rule", late) == (STOP, 100.0 + 5.0 * side, 0, 0)
        assert sent("market", own) == sent("market", late) == MARKET_ORDER
        assert sent("rule", enter(side)) == MARKET_ORDER


def test_what_is_entered_by_a_limit_is_sized_by_its_distance_from_the_stop():
    assert Desk(entry_order="limit", entry_limit_bps=100.0).at(MONDAY_NOON, LONG) == [25.0, -25.0]
    assert Desk(entry_order="market").at(MONDAY_NOON, enter(1.0, stop=95.0, limit=97.0)) == [20.0, -20.0]


def test_without_compounding_sizes_follow_starting_cash_within_the_leverage_of_present_equity():
    for equity, risked, unbound in ((10_000.0, 20.0, 300.0), (20_000.0, 20.0, 300.0), (5_000.0, 20.0, 150.0)):
        assert Desk(equity=equity, compounding=False).at(MONDAY_NOON, LONG)[0] == risked
        assert Desk(equity=equity, compounding=False).at(MONDAY_NOON, enter(1.0)) == [unbound]
    assert Desk(equity=20_000.0).at(MONDAY_NOON, LONG)[0] == 40.0
    assert Desk(equity=20_000.0, compounding=False).at(MONDAY_NOON, target_exposure(1.0)) == [100.0]


@given(st.floats(-9, 9), st.floats(-9, 9).filter(lambda held: held != 0.0), st.sampled_from((NOTHING, GROWTH, ENTRY)))
def test_what_closes_is_always_allowed_and_nothing_else_is_beyond_what_is_said(size, held, allowed):
    traded = allowed_size(size, held, allowed)
    after, wanted = held + traded, held + size
    assert after * held >= 0.0 or allowed == ENTRY
    assert abs(after) <= abs(held) or allowed != NOTHING
    if wanted * held >= 0.0 and abs(wanted) <= abs(held):
        assert traded == size


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sides": "up"}, "sides = 'up' is none of"),
        ({"entry_order": "stop"}, "entry_order = 'stop' is none of"),
        ({"entry_hours": "8-24"}, "entry_hours = '8-24': '24' is none of 0 .. 23; write all, or such as 1-4/6"),
        ({"entry_weekdays": ""}, "'' is none of mon .. sun; write all, or such as tue-fri/sun"),
        ({"daily_loss_limit": 2.0}, "daily_loss_limit = 2.0 is outside"),
    ],
)
def test_an_option_that_is_none_is_refused_in_one_line(options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        TradingParameters(**options)


def test_a_strategy_that_is_not_ours_takes_no_options():
    with pytest.raises(ValueError, match="need a subclass of PerpetualStrategy"):
        configuration_from({"strategy": "backtrader.strategies:MA_CrossOver", "trading": {"sides": "long"}})


@pytest.fixture(scope="module")
def traded():
    """Return a function that evaluates a rule that says everything under options."""
    market = simulate(11, bars=1500)
    evaluator = Evaluator(market, Heatmaps(None))
    rule = {"seed": 1.0, "reach": 0.01}
    usual = {"strategy": "tests.runs.planted.every_intent:EveryIntent", "rule": rule, "sizing": {"risk_fraction": 0.2}}
    base = configuration_from(usual)

    def run(seed, **options):
        configuration = replace(base, trading=TradingParameters(**options), rule={**base.rule, "seed": float(seed)})
        return evaluator.evaluate(configuration)

    opened = market.times.astype("datetime64[s]").astype(np.int64).astype(float)
    return run, opened, market.frame["close"].to_numpy()


def test_the_account_counts_the_ledgers_round_trips_and_losses(traded):
    run, _, prices = traded
    evaluation = run(3)
    trips = trips_of(evaluation.fills, float(prices[-1]))
    assert len(trips) > 100
    assert evaluation.account["entries"][0] == len(trips)
    assert evaluation.account["losses"][0] == (trips["net"][trips["exit_bar"] >= 0] < 0.0).sum()


def test_options_that_never_bind_change_nothing(traded):
    run, _, _ = traded
    for seed in (1, 2, 3):
        assert np.array_equal(run(seed).fills, run(seed, entries_per_day=1440).fills)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 50), st.sampled_from(("both", "long", "short")), st.sampled_from(("all", "7-15", "20-3/9")),
    st.sampled_from(("all", "mon-fri", "sat-sun")), st.sampled_from((0.0, 5.0, 30.0)), st.sampled_from((0.0, 0.01, 0.05)),
    st.sampled_from(ENTRY_ORDERS),
)  # fmt: skip
def test_no_entry_and_no_growth_violates_an_option(traded, seed, sides, hours, weekdays, cool_down, limit, order):
    run, opened, prices = traded
    options = {"sides": sides, "entry_hours": hours, "entry_weekdays": weekdays, "entry_order": order}
    evaluation = run(seed, **options, cool_down_hours=cool_down, daily_loss_limit=limit)
    fills = evaluation.fills[evaluation.fills["kind"] != FUNDING]
    before = fills["position_after"] - fills["size"]
    grows = fills["bar"][np.abs(fills["position_after"]) > np.abs(before) + 1e-9]
    trips = trips_of(evaluation.fills, float(prices[-1]))
    assert sides == "both" or set(trips["side"]) <= {1.0 if sides == "long" else -1.0}
    hour, day = opened[grows] // HOUR % 24, opened[grows] // DAY
    assert set(hour) <= {"all": {*range(24)}, "7-15": {*range(7, 16)}, "20-3/9": {20, 21, 22, 23, 0, 1, 2, 3, 9}}[hours]
    assert set((day + 3) % 7) <= {"all": {*range(7)}, "mon-fri": {*range(5)}, "sat-sun": {5, 6}}[weekdays]
    loss_ends = math.inf if limit == 0.0 else limit
    start = np.concatenate([[evaluation.equity[0]], evaluation.equity])  # equity at each bar's open
    for bar in grows:
        first = int(np.searchsorted(opened, opened[bar] // DAY * DAY))
        low = start[first : bar + 1].min() if bar >= first else start[bar]
        assert low > start[first] * (1.0 - loss_ends)
    for trip in trips if cool_down else ():
        lost = trips[(trips["exit_bar"] >= 0) & (trips["exit_bar"] < trip["bar"]) & (trips["net"] < 0.0)]
        assert not len(lost) or opened[trip["bar"]] >= opened[lost["exit_bar"].max()] + HOUR * (1.0 + cool_down)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 50), st.integers(1, 4))
def test_a_day_opens_no_more_positions_than_allowed(traded, seed, most):
    run, opened, prices = traded
    trips = trips_of(run(seed, entries_per_day=most).fills, float(prices[-1]))
    days = opened[trips["bar"]] // DAY
    assert len(trips)
    assert np.unique(days, return_counts=True)[1].max() <= most
