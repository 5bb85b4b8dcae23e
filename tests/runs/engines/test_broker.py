"""The broker inside backtrader: orders, brackets, trades and analyzers; and each measured trap of backtrader, not ours."""

import dataclasses
import datetime

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from datafeeds.perpetual import PerpetualFeed
from datafeeds.resampling import resample
from datafeeds.schema import market_from_frame
from datafeeds.simulated.market import simulate
from runs.engines.broker import PerpetualBroker
from runs.perpetual.accounting import LIQUIDATION, reconciliation_error
from runs.perpetual.contract import default_listing
from runs.perpetual.costs import CostParameters

FREE = {"taker_fee_bps": 0.0, "maker_fee_bps": 0.0, "slippage_bps": 0.0, "starting_cash": 10_000.0}


def flat_market(closes, **columns):
    """Bars that open at the last close and move straight to theirs."""
    closes = np.asarray(closes, dtype=float)
    opened = np.r_[closes[0], closes[:-1]]
    frame = {
        "ts": pd.date_range("2024-01-01", periods=len(closes), freq="h", tz="UTC"), "open": opened, "close": closes,
        "high": np.maximum(opened, closes), "low": np.minimum(opened, closes), "volume": 1.0,
    }  # fmt: skip
    return market_from_frame(pd.DataFrame(frame | columns), "flat")


def play(market, script, mode=None, analyzers=(), **costs):
    """Run a script {bar: function(strategy)}; return strategy and broker."""

    class Scripted(bt.Strategy):
        def __init__(self):
            self.notices, self.trades, self.seen = [], [], []

        def next(self):
            if len(self) in script:
                script[len(self)](self)
            self.seen.append((self.position.size, self.broker.getvalue(), self.broker.getcash()))

        def notify_order(self, order):
            self.notices.append((len(self), order.getstatusname(), order.executed.price, order.executed.size))

        def notify_trade(self, trade):
            if trade.isclosed:
                self.trades.append((trade.pnl, trade.pnlcomm))

    cerebro = bt.Cerebro(stdstats=False, **(mode or {}))
    cerebro.adddata(PerpetualFeed(market=market))
    step = costs.pop("contract_step", None)
    listing = default_listing()
    if step is not None:
        listing = dataclasses.replace(listing, instruments=(dataclasses.replace(listing.newest, contract_step=step),))
    cerebro.broker = PerpetualBroker(costs=CostParameters(**(FREE | costs)), listing=listing)
    cerebro.addstrategy(Scripted)
    for analyzer, details in analyzers:
        cerebro.addanalyzer(analyzer, **details)
    strategy = cerebro.run()[0]
    broker = cerebro.broker
    assert reconciliation_error(broker.account, broker.fills, market.frame["close"].iloc[-1]) <= 1e-12
    return strategy, broker


def test_a_signal_trades_at_the_next_open_at_the_earliest():
    _, broker = play(flat_market([100, 101, 102, 103]), {1: lambda s: s.buy(size=1)})
    assert [(int(f["bar"]), float(f["price"])) for f in broker.fills] == [(1, 100.0)]


def test_equity_is_exact_while_a_position_is_open():
    # trap 1: automargin shows 1,110 for 10 units at 100 -> 110
    for size, expected in ((10, 1_100.0), (-10, 900.0)):
        strategy, _ = play(
            flat_market([100, 100, 110, 110]),
            {1: lambda s, n=size: (s.buy if n > 0 else s.sell)(size=10)},
            starting_cash=1_000.0,
        )
        assert strategy.seen[2][1] == expected


@pytest.mark.parametrize(("size", "accepted"), [(95, True), (-95, True), (105, False), (-105, False), (-500, False)])
def test_margin_limits_shorts_as_it_limits_longs(size, accepted):
    # trap 2: stock backtrader takes a 50x short
    strategy, _ = play(
        flat_market([100, 100, 105]), {1: lambda s: (s.buy if size > 0 else s.sell)(size=abs(size))},
        starting_cash=1_000.0, taker_fee_bps=5.0, leverage=10.0,
    )  # fmt: skip
    assert (strategy.position.size == size) == accepted
    assert ("Margin" in [status for _, status, _, _ in strategy.notices]) != accepted
    if accepted:
        assert strategy.broker.getvalue() == pytest.approx(1_000.0 + 5 * size - 0.0005 * 100 * abs(size))


def test_sizes_are_fractional_and_a_target_of_90_percent_is_90_percent():
    # trap 3: integer contracts, and leverage multiplied into the target
    strategy, _ = play(
        flat_market([30_000] * 4), {1: lambda s: s.order_target_percent(target=0.9)}, leverage=10.0, contract_step=0.001
    )
    assert strategy.position.size == pytest.approx(0.3)


def test_the_account_is_liquidated():
    # trap 4: 9x through -50 % ends at -83,881 and open in stock backtrader
    strategy, broker = play(
        flat_market([30_000, 30_000, 15_000, 20_000]),
        {1: lambda s: s.buy(size=3)},
        leverage=10.0,
        margin_mode="isolated",
    )
    assert strategy.position.size == 0.0
    assert int(broker.fills["kind"][-1]) == LIQUIDATION
    assert strategy.broker.getvalue() >= 10_000.0 - 9_000.0
    assert strategy.notices[-1][1] == "Completed"
    assert strategy.trades[0][0] < 0.0, "backtrader's own trade is closed too"


@pytest.mark.parametrize("hours", [1, 3, 8, 12, 24])
def test_bars_of_any_length_pay_settlement_by_settlement(hours):
    market = simulate(3, bars=24 * 20)
    bars = resample(market, hours * 3600)
    bought, sold = 96 // hours, 384 // hours  # at whose closes the orders are sent; they fill at the next opens
    script = {bought: lambda s: s.buy(size=2), sold: lambda s: s.sell(size=2)}
    _, broker = play(bars, script, starting_cash=1e7)
    frame, paid = market.frame, 0.0
    for row in range(97, 385):  # after the open at which it was bought, up to that at which it was sold
        if not np.isnan(frame["funding_rate"][row]):
            paid += 2.0 * frame["funding_rate"][row] * frame["mark_close"][row - 1]
    assert broker.account["funding"][0] == pytest.approx(paid, rel=1e-9)
    assert paid != 0.0


def test_funding_is_settled_where_it_is_stamped():
    # trap 5: stock interest is charged by date, on the entry price
    rates = [np.nan, np.nan, 0.001, np.nan, 0.002]
    strategy, broker = play(flat_market([100, 100, 110, 120, 130], funding_rate=rates), {1: lambda s: s.buy(size=2)})
    assert broker.account["funding"][0] == pytest.approx(2 * 100 * 0.001 + 2 * 120 * 0.002)
    assert strategy.broker.getvalue() == pytest.approx(10_000.0 + 2 * 30 - broker.account["funding"][0])


def test_no_cheating_on_close_or_open():
    # trap 8: there is no set_coc and no cheat_on_open in this broker
    assert not hasattr(PerpetualBroker, "set_coc")
    assert not hasattr(PerpetualBroker, "set_coo")


def test_slippage_is_charged_whole_even_where_the_bar_is_narrow():
    # trap 9: stock slippage is cut at the bar's high (1 % became .07 %)
    _, broker = play(flat_market([100, 100, 100]), {1: lambda s: s.buy(size=10)}, slippage_bps=100.0)
    assert broker.account["fees"][0] == pytest.approx(10.0)
    assert broker.fills["price"][0] == 100.0


def test_time_zones_leave_the_bars_alone():
    # trap 12
    market = flat_market([100, 101])
    strategy, _ = play(market, {})
    assert strategy.data.datetime.datetime(0) == datetime.datetime(2024, 1, 1, 1)


def test_our_classes_live_in_importable_modules():
    # trap 14: classes of __main__ lose their parameters in workers
    import pickle

    for kind in (PerpetualBroker, PerpetualFeed, CostParameters):
        assert pickle.loads(pickle.dumps(kind)) is kind  # noqa: S301 - our own class, to see that it can be found by name


BRACKET = {1: lambda s: s.buy_bracket(size=1, exectype=bt.Order.Market, stopprice=95.0, limitprice=105.0)}


@pytest.mark.parametrize(("closes", "left"), [([100, 100, 106], 105.0), ([100, 100, 94], 95.0)])
def test_a_bracket_ends_at_its_stop_or_target(closes, left):
    strategy, broker = play(flat_market([*closes, closes[-1]]), BRACKET)
    assert broker.fills["price"].tolist() == [100.0, left]
    assert strategy.position.size == 0.0
    assert [status for _, status, _, _ in strategy.notices].count("Canceled") == 1


def test_orders_that_cancel_each_other():
    def both(strategy):
        first = strategy.buy(size=1, exectype=bt.Order.Stop, price=105.0)
        strategy.sell(size=1, exectype=bt.Order.Stop, price=95.0, oco=first)

    strategy, broker = play(flat_market([100, 100, 106, 90]), {1: both})
    assert broker.fills["price"].tolist() == [105.0]
    assert strategy.position.size == 1


def test_cancelling_the_entry_takes_the_bracket_with_it():
    def enter(strategy):
        strategy.orders = strategy.buy_bracket(size=1, price=90.0, stopprice=80.0, limitprice=110.0)

    strategy, broker = play(flat_market([100, 100, 100, 85, 120]), {1: enter, 2: lambda s: s.cancel(s.orders[0])})
    assert len(broker.fills) == 0
    assert [status for _, status, _, _ in strategy.notices].count("Canceled") == 3


def test_an_order_expires():
    strategy, broker = play(
        flat_market([100, 100, 100, 100, 80]),
        {1: lambda s: s.buy(size=1, exectype=bt.Order.Limit, price=90.0, valid=datetime.timedelta(hours=2))},
    )
    assert len(broker.fills) == 0
    assert strategy.notices[-1][1] == "Expired"


def test_backtraders_analyzers_see_the_trades():
    analyzers = [(bt.analyzers.TradeAnalyzer, {}), (bt.analyzers.TimeReturn, {"timeframe": bt.TimeFrame.NoTimeFrame})]
    strategy, broker = play(
        flat_market([100, 100, 110, 110, 105]), {1: lambda s: s.buy(size=2), 3: lambda s: s.close()},
        analyzers=analyzers, taker_fee_bps=10.0,
    )  # fmt: skip
    trades = strategy.analyzers[0].get_analysis()
    assert trades.total.closed == 1
    assert trades.pnl.gross.total == pytest.approx(20.0)
    assert trades.pnl.net.total == pytest.approx(20.0 - 0.2 - 0.22)
    assert next(iter(strategy.analyzers[1].get_analysis().values())) == pytest.approx(
        broker.equities[-1] / 10_000.0 - 1.0
    )


def test_stock_observers_run():
    market = flat_market([100, 101, 102])
    cerebro = bt.Cerebro(stdstats=True)
    cerebro.adddata(PerpetualFeed(market=market))
    cerebro.broker = PerpetualBroker(costs=CostParameters())
    cerebro.addstrategy(bt.Strategy)
    assert len(cerebro.run()) == 1


@pytest.mark.parametrize("kind", [bt.Order.Close, bt.Order.StopTrailLimit])
def test_an_unknown_kind_of_order_is_refused_with_a_sentence(kind):
    with pytest.raises(ValueError, match=r"knows no .* orders: use Market, Limit, Stop, StopLimit or StopTrail"):
        play(
            flat_market([100] * 4),
            {1: lambda s: s.buy(size=1, exectype=kind, price=100.0, plimit=100.0, trailamount=1.0)},
        )


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"exectype": bt.Order.StopTrail}, "needs trailamount"),
        ({"exectype": bt.Order.StopTrail, "trailpercent": 0.02}, "needs trailamount"),
        ({"role": "shrinks"}, "role = 'shrinks' is none of reduces, closes, adds"),
    ],
)
def test_what_is_asked_for_in_a_way_that_is_not_known_is_refused_with_a_sentence(details, said):
    with pytest.raises(ValueError, match=said):
        play(flat_market([100] * 4), {1: lambda s: s.sell(size=1, **details)})


def own_broker(market, script):
    """Return the price of every fill of backtrader's own broker."""

    class Scripted(bt.Strategy):
        def __init__(self):
            self.prices = []

        def next(self):
            if len(self) in script:
                script[len(self)](self)

        def notify_order(self, order):
            if order.status == order.Completed:
                self.prices.append((len(self), order.executed.size, order.executed.price))

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(PerpetualFeed(market=market))
    cerebro.broker.setcash(1e9)
    cerebro.addstrategy(Scripted)
    return cerebro.run()[0].prices


@pytest.mark.parametrize("side", [1, -1])
def test_a_trailing_stop_is_filled_as_by_backtraders_own_broker_where_a_bar_is_shorter_than_its_distance(side):
    # Bars that move straight: then the best price of a bar is its close, which is what backtrader's follows.
    def enter(strategy):
        (strategy.buy if side > 0 else strategy.sell)(size=1)

    def trail(strategy):
        (strategy.sell if side > 0 else strategy.buy)(size=1, exectype=bt.Order.StopTrail, trailamount=3.0)

    left = 0
    for seed in range(30):
        steps = np.random.default_rng(seed).integers(-2, 3, 40)
        market = flat_market(100.0 + np.r_[0, 0, 0, steps.cumsum()])
        ours = play(market, {1: enter, 2: trail})[1].fills
        theirs = own_broker(market, {1: enter, 2: trail})
        assert [(int(f["bar"]) + 1, float(f["size"]), float(f["price"])) for f in ours] == theirs
        left += len(theirs) == 2
    assert left > 20


def test_a_trailing_stop_follows_the_high_and_not_only_the_close():
    """Ours is right: a venue trails every trade. backtrader's own follows closes, and would hold on to 98 here."""
    market = flat_market([100.0] * 6, high=[100, 100, 100, 103, 100, 100], low=[100, 100, 100, 100, 99, 98.5])
    script = {
        1: lambda s: s.buy(size=1),
        2: lambda s: s.sell(size=1, exectype=bt.Order.StopTrail, trailamount=4.0),
    }
    assert [float(f["price"]) for f in play(market, script)[1].fills] == [100.0, 99.0]
    assert len(own_broker(market, script)) == 1


def test_the_trailing_stop_of_a_bracket_begins_where_its_entry_is_filled():
    """Ours is right: before its entry there is nothing to follow. backtrader's begins at the close at which it is sent."""
    market = flat_market([100, 100, 96, 94.5, 93, 91.5])

    def enter(strategy):
        entry = strategy.buy(size=1, exectype=bt.Order.Limit, price=95.0, transmit=False)
        strategy.sell(size=1, exectype=bt.Order.StopTrail, trailamount=3.0, parent=entry)

    assert [float(f["price"]) for f in play(market, {1: enter})[1].fills] == [95.0, 92.0]
    assert [price for _, _, price in own_broker(market, {1: enter})] == [95.0, 94.5]


@pytest.mark.parametrize("valid", [2, datetime.timedelta(hours=2), datetime.datetime(2024, 1, 1, 2, 0)])
def test_an_order_is_good_for_bars_and_until_a_date(valid):
    details = {"good_for_bars": valid} if valid == 2 else {"valid": valid}
    for bar, filled in (
        (2, True),
        (3, False),
    ):  # sent at the close of the first; the third bar is the second that it meets
        closes = [100.0] * 5
        closes[bar] = 90.0
        strategy, broker = play(
            flat_market(closes), {1: lambda s: s.buy(size=1, exectype=bt.Order.Limit, price=95.0, **details)}
        )
        assert (len(broker.fills) == 1) == filled
        assert ("Expired" in [status for _, status, _, _ in strategy.notices]) != filled


def test_parts_are_closed_by_children_that_reduce_and_the_rest_by_one_stop():
    def enter(strategy):
        entry = strategy.buy(size=4, transmit=False)
        strategy.sell(size=1, exectype=bt.Order.Limit, price=102.0, parent=entry, transmit=False, role="reduces")
        strategy.sell(size=1, exectype=bt.Order.Limit, price=104.0, parent=entry, transmit=False, role="reduces")
        strategy.sell(size=4, exectype=bt.Order.Stop, price=97.0, parent=entry, role="closes")

    strategy, broker = play(flat_market([100, 100, 103, 103, 96, 96]), {1: enter})
    assert [(float(f["size"]), float(f["price"])) for f in broker.fills] == [(4.0, 100.0), (-1.0, 102.0), (-3.0, 97.0)]
    assert strategy.position.size == 0.0
    done = [(status, size) for _, status, _, size in strategy.notices if status in ("Completed", "Canceled")]
    assert done == [("Completed", 4.0), ("Completed", -1.0), ("Completed", -3.0), ("Canceled", 0.0)]
    assert strategy.trades == [(pytest.approx(2.0 - 9.0), pytest.approx(2.0 - 9.0))]


def test_two_brackets_for_two_halves_are_filled_as_by_backtraders_own_broker():
    # The way of backtrader's users: each part its own entry, stop and target.
    def enter(strategy):
        for target in (102.0, 104.0):
            strategy.buy_bracket(size=1, exectype=bt.Order.Market, stopprice=97.0, limitprice=target)

    market = flat_market([100, 100, 103, 103, 96, 96])
    ours = play(market, {1: enter})[1].fills
    assert [(float(f["size"]), float(f["price"])) for f in ours] == [
        (1.0, 100.0),
        (1.0, 100.0),
        (-1.0, 102.0),
        (-1.0, 97.0),
    ]
    assert sorted(own_broker(market, {1: enter})) == sorted(
        (int(f["bar"]) + 1, float(f["size"]), float(f["price"])) for f in ours
    )


def test_what_an_order_asks_for_stands_in_the_journal():
    def enter(strategy):
        entry = strategy.buy(
            size=1, exectype=bt.Order.Limit, price=95.0, good_for_bars=3, post_only=True, transmit=False
        )
        strategy.sell(
            size=1, price=90.0, exectype=bt.Order.Stop, parent=entry, role="closes", break_even_at=99.0, transmit=False
        )
        strategy.sell(size=1, parent=entry, role="closes", after_bars=24)

    _, broker = play(flat_market([100.0] * 4), {1: enter})
    assert broker.journal == [
        (0, "Limit", 1.0, 95.0, 95.0, "post-only; good for 3 bars"),
        (0, "Stop", -1.0, 90.0, 90.0, "closes what is left; to the entry price at 99"),
        (0, "Market", -1.0, 100.0, 100.0, "closes what is left; 24 bars after its entry"),
    ]


def test_several_markets_are_refused_with_a_sentence():
    cerebro = bt.Cerebro()
    for _ in range(2):
        cerebro.adddata(PerpetualFeed(market=flat_market([100, 101])))
    cerebro.broker = PerpetualBroker()
    cerebro.addstrategy(bt.Strategy)
    with pytest.raises(ValueError, match="one account in one market"):
        cerebro.run()


def test_cash_set_before_the_run_counts_and_after_it_is_refused():
    broker = PerpetualBroker()
    broker.setcash(5.0)
    assert broker.getvalue() == broker.getcash() == broker.startingcash == 5.0
    _, used = play(flat_market([100, 100]), {})
    with pytest.raises(ValueError, match="before the run"):
        used.setcash(1.0)


def random_script(seed, bars):
    random = np.random.default_rng(seed)

    def act(strategy):
        size = float(np.round(random.uniform(0.01, 1.5), 3))
        price = strategy.data.close[0] * (1 + 0.01 * random.standard_normal())
        kind = random.choice([bt.Order.Market, bt.Order.Limit, bt.Order.Stop])
        choice = random.integers(0, 5)
        if choice == 0:
            strategy.close()
        elif choice == 1:
            strategy.buy_bracket(size=size, exectype=bt.Order.Market, stopprice=price * 0.98, limitprice=price * 1.02)
        else:
            (strategy.buy if choice < 4 else strategy.sell)(
                size=size, exectype=int(kind), price=price, valid=datetime.timedelta(hours=9)
            )

    return dict.fromkeys(range(1, bars, 3), act)


MODES = [
    {"preload": p, "runonce": r, "exactbars": e}
    for p in (True, False)
    for r in (True, False)
    for e in (-2, -1, False, 1)
]


@pytest.mark.parametrize("seed", range(3))
def test_the_ledger_is_the_same_in_every_engine_mode(seed):
    market = simulate(seed, bars=240)
    costs = {"starting_cash": 20_000.0, "taker_fee_bps": 5.0, "slippage_bps": 2.0, "leverage": 20.0}
    runs = [play(market, random_script(seed, 240), mode, **costs) for mode in MODES]
    ledgers = {broker.fills.tobytes() for _, broker in runs}
    assert len(ledgers) == 1
    assert len(runs[0][1].fills) > 50
    assert len({tuple(broker.equities) for _, broker in runs}) == 1


@pytest.mark.parametrize("seed", range(4))
def test_equity_is_cash_plus_open_profit_after_every_bar(seed):
    # reliability notes 2.23
    market = simulate(seed, bars=300)
    _, broker = play(market, random_script(seed, 300), starting_cash=50_000.0, taker_fee_bps=5.0)
    close, fills = market.frame["close"].to_numpy(), broker.fills
    cash = held = 0.0
    line = 0
    for bar, equity in enumerate(broker.equities):
        while line < len(fills) and fills["bar"][line] <= bar:
            fill = fills[line]
            cash += (
                -fill["size"] * fill["price"]
                - fill["fee"]
                - fill["funding"]
                - fill["liquidation_fee"]
                + fill["insurance_fund"]
            )
            held += fill["size"]
            line += 1
        assert equity == pytest.approx(50_000.0 + cash + held * close[bar], rel=1e-9)
        assert broker.positions[bar] == pytest.approx(held, abs=1e-9)
