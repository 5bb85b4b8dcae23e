"""Each intent becomes the orders that its sentence says; parity and paths are tested elsewhere."""

import numpy as np
import pytest

from runs.perpetual.accounting import FILL, LIMIT, MARKET, STOP, apply_fill, open_account
from runs.perpetual.contract import default_listing
from runs.perpetual.costs import CostParameters, stacked_tiers
from runs.perpetual.intents import BOOK, MOST_ORDERS, carry_out, drop_ended
from runs.perpetual.matching import process_bar
from runs.perpetual.orders import ADDS, CLOSES, ORDER, PLAIN, PRICES, REDUCES, STOP_LIMIT, WAITING, WORKING
from strategies.intent import POSITION, add, close, enter, reduce, reverse, target_exposure
from strategies.position import new_position_memory, sizing_record, update_position
from strategies.sizing import SizingParameters
from strategies.trading import TradingParameters, trading_record

NAN = np.nan


class Account:
    """What intents are carried out on: 10,000 quote at a price of 100, and orders as `(kind, size, price, role, parent)`."""

    def __init__(self, held=0.0, **sizing):
        self.account, self.orders = open_account(10_000.0), np.zeros(40, dtype=ORDER)
        self.book = np.array([(0, 0, -1)], dtype=BOOK)
        self.memory, self.position = new_position_memory(1.0), np.zeros(1, dtype=POSITION)
        self.trading = trading_record(TradingParameters())
        self.sizing = sizing_record(SizingParameters(**sizing), 0.001, 100.0)
        self.costs = CostParameters().records([default_listing().newest])
        self.costs["price_tick"] = 0.5
        update_position(self.position, self.memory, 50, held, 100.0, 10_000.0)

    def says(self, intent, at=100.0):
        before = int(self.book["sent"][0])
        carry_out(
            intent, at, NAN, self.position, self.orders, self.book, self.memory, self.sizing, self.costs, 0, self.account,
            self.trading, 0.0,
        )  # fmt: skip
        drop_ended(self.orders, self.book[0])
        return [self.written(row) for row in self.orders[: self.book["count"][0]] if row["id"] >= before]

    def written(self, row):
        return (
            int(row["kind"]),
            round(float(row["size"]), 9),
            float(row["price"]),
            int(row["role"]),
            int(row["parent"]),
        )

    @property
    def left(self):
        return self.orders["id"][: self.book["count"][0]].tolist()


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_an_entry_is_sent_with_all_that_closes_it(side):
    trader = Account()
    sentence = enter(
        side, stop=100.0 - 5.0 * side, targets=((100.0 + 5.0 * side, 0.5), (100.0 + 10.0 * side, 0.5)), limit=100.0 - side,
        good_for_bars=3, post_only=True, trail=2.0, break_even_at=100.0 + 3.0 * side, time_stop_bars=24,
    )  # fmt: skip
    # One percent of 10,000 at a risk of 4 from the limit.
    assert trader.says(sentence) == [
        (LIMIT, 25.0 * side, 100.0 - side, PLAIN, -1),
        (STOP, -25.0 * side, 100.0 - 5.0 * side, CLOSES, 0),
        (LIMIT, -12.5 * side, 100.0 + 5.0 * side, REDUCES, 0),
        (LIMIT, -12.5 * side, 100.0 + 10.0 * side, REDUCES, 0),
        (MARKET, pytest.approx(-25.0 * side), pytest.approx(NAN, nan_ok=True), CLOSES, 0),
    ]
    entry, stop, _, _, late = trader.orders[:5]
    assert (entry["post_only"], entry["expires"], entry["state"]) == (1, 53, WORKING)
    assert (stop["trail"], stop["arms_at"], stop["state"]) == (2.0, 100.0 + 3.0 * side, WAITING)
    assert late["starts"] == 24


def test_an_entry_is_sized_by_the_price_at_which_it_is_to_be_filled_and_waits_for_a_trigger():
    assert Account().says(enter(1.0, stop=98.0, trigger=103.0))[0] == (STOP, 20.0, 103.0, PLAIN, -1)
    trader = Account()
    assert trader.says(enter(1.0, stop=98.0, trigger=103.0, limit=103.5))[0][:3] == (STOP_LIMIT, 18.181, 103.0)
    assert trader.orders["limit"][0] == 103.5


def test_prices_of_a_bracket_lie_on_the_venues_grid():
    rows = Account().says(enter(1.0, stop=95.2, target=105.2, limit=99.7))
    assert [price for _, _, price, _, _ in rows] == [99.5, 95.0, 105.5]


def test_shares_that_make_a_whole_leave_nothing_to_rounding_and_others_leave_the_rest_to_the_stop():
    thirds = tuple((105.0 + n, 1.0 / 3.0) for n in range(3))
    sizes = [size for _, size, *_ in Account().says(enter(1.0, stop=90.0, targets=thirds))[2:]]
    assert sizes == [-3.333, -3.333, -3.334]
    assert [size for _, size, *_ in Account().says(enter(1.0, stop=90.0, targets=((105.0, 0.25),)))[2:]] == [-2.5]


def test_while_an_entry_waits_another_changes_nothing_and_closing_cancels_it():
    trader = Account()
    trader.says(enter(1.0, stop=95.0, limit=99.0))
    assert trader.says(enter(-1.0, stop=105.0)) == []
    assert trader.left == [0, 1]
    assert trader.says(close()) == []
    assert trader.left == []
    assert len(trader.says(enter(-1.0, stop=105.0))) == 2


def test_parts_are_closed_and_added_at_the_market():
    assert Account(-8.0).says(reduce(0.25)) == [(MARKET, 2.0, pytest.approx(NAN, nan_ok=True), REDUCES, -1)]
    assert Account(8.0).says(reduce(1.0))[0][1] == -8.0
    assert Account(-8.0).says(add(0.5)) == [(MARKET, -4.0, pytest.approx(NAN, nan_ok=True), ADDS, -1)]
    assert Account(80.0, max_leverage=1.0).says(add(0.5))[0][1] == 20.0, "as far as leverage allows"
    for nothing in (reduce(0.5), add(0.5), reverse(stop=95.0)):
        assert Account().says(nothing) == []


def test_a_reversal_closes_first_and_enters_for_itself():
    trader = Account(4.0)
    assert trader.says(reverse(stop=105.0, target=90.0)) == [
        (MARKET, -4.0, pytest.approx(NAN, nan_ok=True), CLOSES, -1),
        (MARKET, -20.0, pytest.approx(NAN, nan_ok=True), PLAIN, -1),
        (STOP, 20.0, 105.0, CLOSES, 1),
        (LIMIT, 20.0, 90.0, REDUCES, 1),
    ]


def test_an_exposure_is_held_within_its_band_over_one_stop_that_moves():
    trader = Account()
    market = (MARKET, 100.0, pytest.approx(NAN, nan_ok=True), PLAIN, -1)
    assert trader.says(target_exposure(1.0, stop=90.0)) == [market, (STOP, -100.0, 90.0, CLOSES, 0)]
    trader = Account(100.0)
    assert trader.says(target_exposure(0.9, band=0.2)) == []
    assert trader.says(target_exposure(0.9, band=0.05))[0][1] == -10.0
    trader = Account(100.0)
    assert trader.says(target_exposure(1.0, stop=90.0)) == [(STOP, -100.0, 90.0, CLOSES, -1)]
    assert trader.says(target_exposure(1.0, stop=90.0)) == []
    assert trader.says(target_exposure(1.0, stop=92.0)) == [(STOP, -100.0, 92.0, CLOSES, -1)]
    assert trader.left == [1]
    closes, turns, stop = trader.says(target_exposure(-1.0, stop=110.0))
    assert (closes[1::2], turns[1::2]) == ((-100.0, CLOSES), (-100.0, PLAIN))
    assert stop == (STOP, 100.0, 110.0, CLOSES, 3), "it waits for the turn"


@pytest.mark.parametrize(("exposure", "left"), [(0.2, 0.0), (1.5, 0.0), (-0.5, -50.0)])
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_stop_at_the_open_that_a_change_of_exposure_meets_leaves_no_more_than_was_asked_for(side, exposure, left):
    trader = Account(100.0 * side)
    apply_fill(trader.account[0], 100.0 * side, 100.0, 0.0, False, 20.0)
    trader.says(target_exposure(1.0 * side, stop=100.0 - 4.0 * side))
    trader.says(target_exposure(exposure * side))
    prices, at_open = np.zeros(2, dtype=PRICES), 100.0 - 5.0 * side
    for name in PRICES.names:
        prices[name] = at_open if name in ("open", "high", "low", "close") else NAN
    prices["volume"], prices["close"][0], prices["terms"] = 1e9, 100.0, 0.0
    tiers = stacked_tiers([default_listing().newest])
    fills = np.zeros(20, dtype=FILL)
    process_bar(
        trader.account, trader.orders, int(trader.book["count"][0]), 1, prices, 1, trader.costs, tiers, fills, 0
    )
    assert trader.account["size"][0] == left * side


def test_an_exposure_takes_the_place_of_an_entry_that_waits():
    trader = Account(max_leverage=1.0)
    trader.says(enter(1.0, stop=95.0, limit=99.0))
    assert trader.says(target_exposure(0.5))[0][1] == 50.0
    assert trader.left == [2]


def test_most_orders_is_what_the_longest_answer_sends():
    four = tuple((105.0 + n, 0.1) for n in range(4))
    said = Account(4.0).says(reverse(stop=105.0, target=90.0, targets=four, time_stop_bars=3))
    assert len(said) == MOST_ORDERS


def test_hours_are_counted_anew_for_the_other_side():
    memory, position = new_position_memory(1.0), np.zeros(1, dtype=POSITION)
    hours = []
    for bar, size in enumerate((0.0, 1.0, 2.0, -1.0, -1.0, 0.0, -1.0)):
        update_position(position, memory, bar, size, 100.0, 1e4)
        hours.append(float(position["hours_held"][0]))
    assert hours == [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0]
