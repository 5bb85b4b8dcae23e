"""Round trips out of the ledger: every quote unit of it lands in exactly one row."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.liquidation.snapshot import SNAPSHOT
from runs.outcome.trades import COLUMNS, round_trips
from runs.perpetual.accounting import FILL, FUNDING, LIMIT, LIQUIDATION, MARKET, STOP, TIME_STOP

START = 10_000.0


class Ledger:
    """An average-cost account in plain Python, written apart from `accounting`, that leaves `FILL` rows."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []
        self.size = self.entry = 0.0

    def trade(self, bar: int, size: float, price: float, fee: float = 0.0, kind: int = MARKET, **extra: float) -> None:
        closing = max(-abs(self.size), -abs(size)) if self.size * size < 0.0 else 0.0
        realised = -closing * (price - self.entry) * math.copysign(1.0, self.size)
        after = self.size + size
        if self.size * size >= 0.0:
            self.entry = (abs(self.size) * self.entry + abs(size) * price) / abs(after)
        elif abs(size) > abs(self.size):
            self.entry = price
        self.size = after
        self._row(bar, kind, size=size, price=price, fee=fee, realised=realised, position_after=after, **extra)

    def fund(self, bar: int, paid: float) -> None:
        self._row(bar, FUNDING, funding=paid, position_after=self.size)

    def _row(self, bar: int, kind: int, **values: float) -> None:
        row = np.zeros(1, dtype=FILL)
        row["bar"], row["kind"] = bar, kind
        for name, value in values.items():
            row[name] = value
        self.rows.append(row)

    def fills(self) -> np.ndarray:
        return np.concatenate(self.rows) if self.rows else np.zeros(0, dtype=FILL)


def trips(ledger: Ledger, close: Any, high: Any = None, low: Any = None, equity: Any = None, **view: float) -> Any:
    close = np.asarray(close, dtype=float)
    snapshots = np.zeros(len(close), dtype=SNAPSHOT)
    snapshots["close"] = close
    for name, value in view.items():
        snapshots[name] = value
    times = np.datetime64("2024-03-01", "ns") + np.arange(len(close)) * np.timedelta64(1, "h")
    high, low = (close if side is None else np.asarray(side, dtype=float) for side in (high, low))
    equity = np.full(len(close), START) if equity is None else np.asarray(equity, dtype=float)
    return round_trips(ledger.fills(), times, high, low, equity, snapshots)


def test_no_fill_gives_an_empty_table_with_all_columns():
    table = trips(Ledger(), [100.0, 100.0])
    assert len(table) == 0
    assert tuple(table.columns) == COLUMNS


def test_a_round_trip_pays_the_fee_on_both_legs():
    # backtesting.py#1006: 1500 units .2166 -> .2183 at 0.4 % a leg lose 0.0594 rather than gain
    ledger = Ledger()
    ledger.trade(0, 1500.0, 0.2166, 1500 * 0.2166 * 0.004)
    ledger.trade(1, -1500.0, 0.2183, 1500 * 0.2183 * 0.004)
    row = trips(ledger, [0.2166, 0.2183]).iloc[0]
    assert row["gross_pnl"] == pytest.approx(2.55)
    assert row["net_pnl"] == pytest.approx(-0.0594, abs=1e-9)


def test_funding_paid_lowers_and_funding_received_raises_the_net():
    for paid in (5.0, -5.0):
        ledger = Ledger()
        ledger.trade(0, 1.0, 100.0)
        ledger.fund(1, paid)
        ledger.trade(2, -1.0, 100.0)
        row = trips(ledger, [100.0] * 3).iloc[0]
        assert row["funding"] == paid
        assert row["net_pnl"] == -paid


def test_a_reversal_in_one_fill_splits_into_two_trips_and_shares_its_fee_by_size():
    ledger = Ledger()
    ledger.trade(0, 1.0, 100.0)
    ledger.trade(1, -4.0, 110.0, fee=8.0)
    ledger.trade(2, 3.0, 105.0)
    table = trips(ledger, [100.0, 110.0, 105.0])
    assert list(table["side"]) == ["long", "short"]
    assert list(table["gross_pnl"]) == [10.0, 15.0]
    assert list(table["fees"]) == [2.0, 6.0]
    assert table["entry_time"].iloc[1] == table["exit_time"].iloc[0]


def test_prices_are_averages_over_all_entries_and_exits():
    ledger = Ledger()
    ledger.trade(0, 1.0, 100.0)
    ledger.trade(1, 3.0, 120.0)
    ledger.trade(2, -2.0, 130.0)
    ledger.trade(3, -2.0, 140.0)
    row = trips(ledger, [100.0, 120.0, 130.0, 140.0]).iloc[0]
    assert (row["entry_price"], row["exit_price"]) == (115.0, 135.0)
    assert row["gross_pnl"] == pytest.approx(4 * 20.0)
    assert row["bars_held"] == 3


def test_size_is_the_largest_position_held_at_once():
    ledger = Ledger()
    for bar, size in enumerate((2.0, -1.0, 1.0, -2.0)):
        ledger.trade(bar, size, 100.0)
    row = trips(ledger, [100.0] * 4).iloc[0]
    assert row["size"] == 2.0
    assert row["notional"] == 200.0


def test_an_open_position_is_listed_as_open_and_valued_at_the_last_close():
    ledger = Ledger()
    ledger.trade(0, -2.0, 100.0, fee=1.0)
    row = trips(ledger, [100.0, 90.0]).iloc[0]
    assert row["open"]
    assert row["exit_reason"] == "open"
    assert row["exit_price"] == 90.0
    assert row["net_pnl"] == 19.0


def test_an_open_position_that_was_reduced_keeps_what_it_realised():
    ledger = Ledger()
    ledger.trade(0, 2.0, 100.0)
    ledger.trade(1, -1.0, 130.0)
    row = trips(ledger, [100.0, 130.0, 90.0]).iloc[0]
    assert row["gross_pnl"] == pytest.approx(30.0 - 10.0)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(MARKET, "signal"), (LIMIT, "target"), (STOP, "stop"), (LIQUIDATION, "liquidation"), (TIME_STOP, "time stop")],
)
def test_the_exit_reason_is_that_of_the_fill_that_closed(kind, reason):
    ledger = Ledger()
    ledger.trade(0, 1.0, 100.0)
    ledger.trade(1, -1.0, 95.0, kind=kind)
    assert trips(ledger, [100.0, 95.0])["exit_reason"].iloc[0] == reason


def test_a_liquidation_takes_its_fee_and_is_relieved_of_what_the_fund_bore():
    ledger = Ledger()
    ledger.trade(0, 10.0, 100.0)
    ledger.trade(1, -10.0, 80.0, kind=LIQUIDATION, liquidation_fee=3.0, insurance_fund=50.0)
    row = trips(ledger, [100.0, 80.0]).iloc[0]
    assert row["net_pnl"] == -200.0 - 3.0 + 50.0


def test_excursions_take_the_whole_of_the_shared_bars():
    # The entry's bar fell to 80 before or after the entry: unknown, so it counts.
    ledger = Ledger()
    ledger.trade(0, 1.0, 100.0)
    ledger.trade(2, -1.0, 105.0)
    row = trips(ledger, [100.0, 101.0, 105.0], high=[103.0, 110.0, 106.0], low=[80.0, 99.0, 101.0]).iloc[0]
    assert row["max_adverse_excursion"] == pytest.approx(-0.20)
    assert row["max_favourable_excursion"] == pytest.approx(0.10)


def test_a_shorts_excursions_are_the_longs_mirrored():
    ledger = Ledger()
    ledger.trade(0, -1.0, 100.0)
    ledger.trade(1, 1.0, 100.0)
    row = trips(ledger, [100.0, 100.0], high=[120.0, 101.0], low=[99.0, 90.0]).iloc[0]
    assert row["max_adverse_excursion"] == pytest.approx(-0.20)
    assert row["max_favourable_excursion"] == pytest.approx(0.10)


def test_the_context_is_that_of_the_bar_before_the_entry():
    ledger = Ledger()
    ledger.trade(2, 1.0, 100.0)
    views = {"magnet": np.array([0.0, 1.0, -1.0]), "phase": np.array([0.0, 2.0, 4.0])}
    views |= {"volatility": np.array([0.1, 0.2, 0.3]), "cluster_above_price": np.array([0.0, 110.0, 999.0])}
    row = trips(ledger, [100.0] * 3, **views).iloc[0]
    assert (row["signal_magnet"], row["signal_phase"], row["signal_volatility"]) == (1.0, "cascading", 0.2)
    assert row["signal_cluster_distance"] == pytest.approx(0.10)


def test_an_entry_on_the_first_bar_has_no_context():
    ledger = Ledger()
    ledger.trade(0, 1.0, 100.0)
    row = trips(ledger, [100.0, 100.0]).iloc[0]
    assert math.isnan(row["signal_magnet"])
    assert row["signal_phase"] == ""


def test_the_return_is_on_the_equity_before_the_entry():
    ledger = Ledger()
    ledger.trade(1, 1.0, 100.0)
    ledger.trade(2, -1.0, 150.0)
    assert trips(ledger, [100.0] * 3, equity=[500.0, 1.0, 1.0])["return_on_equity"].iloc[0] == pytest.approx(0.1)


ACTION = st.tuples(
    st.sampled_from(["trade", "fund", "liquidate"]),
    st.integers(-5000, 5000).filter(bool),
    st.floats(50.0, 200.0),
    st.floats(0.0, 3.0),
)


@settings(max_examples=150, deadline=None)
@given(actions=st.lists(ACTION, max_size=25), last=st.floats(50.0, 200.0))
def test_net_profits_add_up_to_the_change_of_equity_by_cash_flows(actions, last):
    ledger, steps = Ledger(), 0
    for bar, (what, milli, price, cost) in enumerate(actions):
        if what == "trade":
            # whole thousandths, as contract steps: a flat account is exactly flat
            after = round(1000 * ledger.size) + milli
            ledger.trade(bar, after / 1000 - ledger.size, price, cost)
        elif ledger.size and what == "fund":
            ledger.fund(bar, milli / 1000)
        elif ledger.size:
            ledger.trade(bar, -ledger.size, price, kind=LIQUIDATION, liquidation_fee=cost, insurance_fund=2 * cost)
        steps = bar + 1
    fills = ledger.fills()
    flows = [-fills["size"] * fills["price"], -fills["fee"], -fills["funding"], -fills["liquidation_fee"]]
    change = math.fsum([*np.concatenate([*flows, fills["insurance_fund"]]).tolist(), ledger.size * last])
    table = trips(ledger, np.full(steps + 1, last))
    assert math.fsum(table["net_pnl"]) == pytest.approx(change, abs=1e-9 * START)
    assert int(table["open"].sum()) == int(ledger.size != 0.0)
