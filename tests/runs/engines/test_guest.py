"""A good guest: what backtrader ships runs on our feed with our broker, and says what it says on backtrader's pandas feed.

The reference has the same broker and the same bars; only the feed is backtrader's own.
"""

import math
from dataclasses import replace

import backtrader as bt
import numpy as np
import pandas as pd
import pytest

from datafeeds.perpetual import PerpetualFeed
from datafeeds.schema import MODEL_COLUMNS
from datafeeds.simulated.market import simulate
from indicators.heatmap import LiquidationHeatmap
from runs.engines.broker import PerpetualBroker

EXTRA = tuple(name for name in MODEL_COLUMNS if name not in ("open", "high", "low", "close", "volume"))
MODES = {
    "once": {"preload": True, "runonce": True},
    "next": {"preload": True, "runonce": False},
    "streaming": {"preload": False, "runonce": False},
    "exactbars": {"exactbars": 1},
    "exactbars-1": {"exactbars": -1},
    "exactbars-2": {"exactbars": -2},
}


def lively(bars):
    """Return a market whose every column moves and is above zero: many an indicator divides by what it reads."""
    market = simulate(9, bars=bars)
    random, frame = np.random.default_rng(2), market.frame.copy()
    for name in EXTRA:
        frame[name] = 100.0 * np.exp(np.cumsum(random.standard_normal(bars) * 0.02))
    return replace(market, frame=frame)


MARKET = lively(120)


class PandasFeed(bt.feeds.PandasData):
    lines = EXTRA
    params = (("openinterest", "open_interest"), *((name, name) for name in EXTRA))

    def _load(self):
        """Leave plain floats: in exactbars lines keep numpy's, whose comparisons backtrader's own operations cannot subtract."""
        loaded = super()._load()
        for line in self.lines if loaded else ():
            line[0] = float(line[0])
        return loaded


def pandas_feed(market):
    frame = pd.DataFrame(market.columns(), index=market.times)
    return PandasFeed(dataname=frame, timeframe=bt.TimeFrame.Minutes, compression=market.bar_seconds // 60)


FEEDS = (lambda market: PerpetualFeed(market=market), pandas_feed)

# No indicators: bases for others, or what backtrader itself cannot run any more.
BASES = {
    "Indicator", "MovingAverageBase", "PeriodN", "OperationN", "Oscillator", "OscillatorMixIn", "BaseApplyN",
}  # fmt: skip
BROKEN = {
    "OLS_BetaN",
    "OLS_Slope_InterceptN",
    "OLS_TransformationN",
    "CointN",
}  # pandas.ols is gone, statsmodels is not ours
NEEDS = {
    "ApplyN": {"func": math.fsum},
    "ReduceN": {"function": lambda a, b: a + b},
    "FindFirstIndex": {"_evalfunc": max},
    "FindLastIndex": {"_evalfunc": max},
}


def shipped():
    """Return backtrader's indicators by name, those of several names once."""
    found = {name: kind for name, kind in vars(bt.indicators).items() if isinstance(kind, type)}
    kinds = {kind: name for name, kind in sorted(found.items()) if issubclass(kind, bt.Indicator)}
    left_out = BASES | BROKEN
    return {name: kind for kind, name in kinds.items() if name not in left_out and not vars(kind).get("aliased")}


def made(kind, *inputs):
    """Return an indicator on as many inputs as it needs."""
    if kind is bt.ind.ExponentialSmoothingDynamic:
        return kind(inputs[0], alpha=bt.ind.SMA(inputs[0], period=3) / bt.ind.SMA(inputs[0], period=3) / 2.0)
    words = {key: value for key, value in NEEDS.get(kind.__name__, {}).items() if key != "function"}
    function = [NEEDS[kind.__name__]["function"]] if "function" in NEEDS.get(kind.__name__, {}) else []
    return kind(*(inputs * 2)[: max(1, kind._mindatas)], *function, **words)


class Watched(bt.Strategy):
    """Note at each bar which of backtrader's methods was called, and every value of every indicator."""

    params = (("make", None),)

    def __init__(self):
        self.heatmap = LiquidationHeatmap(self.data)
        parts = [self.heatmap, *self.p.make(self.data)]
        self._watched = [line for one in parts for line in (one.lines if isinstance(one, bt.LineSeries) else [one])]
        self.rows = []

    def prenext(self, phase=0):
        self.rows.append([phase, *(line[0] if len(line) else np.nan for line in self._watched)])

    def nextstart(self):
        self.prenext(1)

    def next(self):
        self.prenext(2)


def run(feed, mode, kind, adding=lambda cerebro: None, **parameters):
    cerebro = bt.Cerebro(**{"stdstats": False} | MODES[mode])
    cerebro.adddata(feed)
    cerebro.broker = PerpetualBroker()
    adding(cerebro)
    cerebro.addstrategy(kind, **parameters)
    return cerebro.run()[0]


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """Compile what a run calls, before a time limit begins."""

    class Buys(bt.Strategy):
        def __init__(self):
            LiquidationHeatmap(self.data)

        def next(self):
            self.buy(size=0.01)

    run(PerpetualFeed(market=MARKET), "once", Buys)
    run(PerpetualFeed(market=MARKET), "next", Buys)


@pytest.fixture(scope="module")
def on_lines():
    """Return the indicators that backtrader lets stand on a single line: the others need a whole bar."""
    found = {}

    class Tries(bt.Strategy):
        def __init__(self):
            for name, kind in shipped().items():
                try:
                    made(kind, self.data.close)
                except (AttributeError, IndexError):
                    continue
                if not issubclass(kind, bt.ind.ParabolicSAR):  # asks for high and low at its first bar only
                    found[name] = kind
            raise EOFError

    with pytest.raises(EOFError):
        run(pandas_feed(MARKET), "once", Tries)
    return found


def assert_alike(mode, kind, adding=lambda cerebro: None, read=lambda strategy: np.array(strategy.rows), **parameters):
    ours, theirs = (read(run(feed(MARKET), mode, kind, adding, **parameters)) for feed in FEEDS)
    np.testing.assert_equal(ours, theirs)
    return ours


def assert_all_alike(mode, kinds, inputs):
    def make(data):
        return [made(kind, *inputs(data)) for kind in kinds.values()]

    rows = assert_alike(mode, Watched, make=make)
    assert len(rows) >= 1
    return rows


def test_the_list_of_indicators_is_backtraders_whole(on_lines):
    assert len(shipped()) > 80
    assert len(on_lines) > 50


FAST = ("once", "streaming")


@pytest.mark.parametrize(
    "mode", [*FAST, *(pytest.param(mode, marks=pytest.mark.slow) for mode in MODES if mode not in FAST)]
)
def test_every_indicator_on_the_data_is_the_pandas_feeds(mode, time_limit):
    time_limit(100)
    rows = assert_all_alike(mode, shipped(), lambda data: [data])
    assert np.isfinite(rows[-1]).mean() > 0.9


LINES = ("open", "high", "low", "close", "volume", "openinterest", *EXTRA)


@pytest.mark.parametrize(
    "mode", [*FAST, *(pytest.param(mode, marks=pytest.mark.slow) for mode in MODES if mode not in FAST)]
)
@pytest.mark.parametrize(
    "line", ["close", *(pytest.param(name, marks=pytest.mark.slow) for name in LINES if name != "close")]
)
@pytest.mark.parametrize("ago", [pytest.param(0, marks=pytest.mark.slow), -1])
def test_every_indicator_on_a_line_and_a_delayed_line_is_the_pandas_feeds(line, ago, mode, on_lines, time_limit):
    time_limit(100)

    def inputs(data):
        source = getattr(data.lines, line)
        return [source(ago) if ago else source]

    rows = assert_all_alike(mode, on_lines, inputs)
    assert np.isfinite(rows[-1]).mean() > 0.8


@pytest.mark.parametrize("mode", MODES)
def test_comparisons_and_logic_are_the_pandas_feeds(mode, time_limit):
    time_limit(60)

    def make(data):
        mean, heatmap = bt.ind.SMA(data.close, period=9), LiquidationHeatmap(data)
        above, more = data.close > mean, data.open_interest >= data.open_interest(-1)
        below, same = data.close < data.close(-2), data.high == bt.ind.Highest(data.high, period=3)
        return [
            above, more, below, same, bt.And(above, more), bt.Or(below, same, above), bt.If(more, data.volume, 0.0),
            bt.Max(data.high, data.close(-1)) - data.low, bt.Min(data.low, mean), bt.Sum(data.low, mean, data.high),
            bt.All(above, more), bt.Any(above, below), bt.Cmp(data.close, mean), bt.CmpEx(data.close, mean, 1, 2, 3),
            bt.DivByZero(data.close, more), bt.Reduce(lambda a, b: a * b, data.close, mean), -mean, abs(data.close - mean),
            data.close / mean, data.close // 7.0, bt.ind.CrossOver(data.close, heatmap.cluster_below),
            data.close - heatmap.lines.magnet, bt.ind.EMA(heatmap.cascade_risk_up, period=4),
        ]  # fmt: skip

    assert_alike(mode, Watched, make=make)


class Crosses(bt.Strategy):
    """In the style of backtrader's samples: a cross of two means, sized by a sizer, with a bracket now and then."""

    params = (("fast", 4), ("slow", 11))

    def __init__(self):
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=self.p.fast), bt.ind.SMA(period=self.p.slow))
        self.told, self.rows = [], []

    def notify_order(self, order):
        self.told.append((len(self), order.getstatusname(), order.executed.size, order.executed.price))

    def notify_trade(self, trade):
        self.told.append((len(self), trade.status, trade.pnl, trade.pnlcomm))

    def notify_timer(self, timer, when, *args, **kwargs):
        self.told.append((len(self), when))

    def next(self):
        self.rows.append((self.broker.getvalue(), self.broker.getcash(), self.position.size, *self.more()))
        if self.cross > 0 and not self.position:
            self.buy_bracket(limitprice=self.data.close[0] * 1.02, stopprice=self.data.close[0] * 0.98)
        elif self.cross < 0:
            self.close() if self.position else self.sell()

    def more(self):
        return ()


class Timed(Crosses):
    """Is woken by a timer of its own."""

    def __init__(self):
        super().__init__()
        self.add_timer(bt.Timer.SESSION_START)


class Targets(Crosses):
    """Rebalances to targets of size, value and percent."""

    def next(self):
        self.rows.append((self.broker.getvalue(), self.position.size))
        send = (self.order_target_size, self.order_target_value, self.order_target_percent)[len(self) % 3]
        send(target=(0.5, 3000.0, -0.2)[len(self) % 3])


class Signals(bt.SignalStrategy):
    """Long and short by the sign of a momentum."""

    def __init__(self):
        self.signal_add(bt.SIGNAL_LONGSHORT, bt.ind.Momentum(self.data.close, period=5))
        self.rows = []

    def notify_order(self, order):
        self.rows.append((len(self), order.getstatusname(), order.executed.size, order.executed.price))


class Larger(Crosses):
    """Reads the larger bars beside its own."""

    def __init__(self):
        super().__init__()
        self.mean = bt.ind.SMA(self.data1.close, period=3)

    def more(self):
        return (self.data1.close[0], self.data1.high[0], self.data1.datetime[0], len(self.data1), self.mean[0])


def account_of(strategy):
    """Return rows, notices, all that analyzers and observers say, and the ledger."""
    analyses = [analyzer.get_analysis() for analyzer in strategy.analyzers]
    observed = [
        [list(line.array) for line in observer.lines] for observer in strategy.observers if observer.lines.size()
    ]
    return [strategy.rows, getattr(strategy, "told", []), analyses, observed, strategy.broker.fills.tolist()]


def whole_kit(cerebro):
    """Add every analyzer and observer of backtrader's that works without its history (exactbars), and a sizer."""
    for kind in {value for value in vars(bt.analyzers).values() if isinstance(value, type)}:
        if issubclass(kind, bt.Analyzer) and kind not in (bt.Analyzer, bt.analyzers.PyFolio, bt.analyzers.AnnualReturn):
            cerebro.addanalyzer(kind)
    for kind in (
        bt.observers.Broker,
        bt.observers.BuySell,
        bt.observers.Trades,
        bt.observers.DrawDown,
        bt.observers.TimeReturn,
    ):
        cerebro.addobserver(kind)
    cerebro.addsizer(bt.sizers.PercentSizer, percents=30)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [Crosses, Timed, Targets, Signals])
def test_strategies_with_all_analyzers_observers_and_a_sizer_do_the_same(kind, mode, time_limit):
    time_limit(60)
    _, _, _, _, ledger = assert_alike(mode, kind, whole_kit, account_of)
    assert len(ledger) > 3


def test_annual_returns_are_the_pandas_feeds(time_limit):
    time_limit(30)

    def add(cerebro):
        cerebro.addobserver(bt.observers.Broker)
        cerebro.addanalyzer(bt.analyzers.AnnualReturn)

    assert_alike("once", Crosses, add, account_of)


SIZERS = (bt.sizers.FixedSize, bt.sizers.FixedReverser, bt.sizers.PercentSizer, bt.sizers.AllInSizer)


@pytest.mark.parametrize("sizer", SIZERS)
def test_every_sizer_sizes_the_same(sizer, time_limit):
    time_limit(30)
    assert assert_alike("once", Crosses, lambda cerebro: cerebro.addsizer(sizer), account_of)


@pytest.mark.parametrize("mode", ["once", "next", "streaming"])
@pytest.mark.parametrize("way", ["resampledata", "replaydata"])
def test_larger_bars_of_backtraders_beside_the_data_are_the_pandas_feeds(way, mode, time_limit):
    time_limit(60)

    def add(cerebro):
        getattr(cerebro, way)(cerebro.datas[0], timeframe=bt.TimeFrame.Minutes, compression=240)

    rows, *_, ledger = assert_alike(mode, Larger, add, account_of)
    assert rows
    assert len(ledger) > 1


@pytest.mark.parametrize("mode", ["once", "next", "streaming"])
def test_a_run_on_bars_that_backtrader_has_resampled_is_the_pandas_feeds(mode, time_limit):
    time_limit(60)
    found = []
    for feed in FEEDS:
        cerebro = bt.Cerebro(stdstats=False, **MODES[mode])
        cerebro.resampledata(feed(MARKET), timeframe=bt.TimeFrame.Minutes, compression=120)
        cerebro.broker = PerpetualBroker()
        cerebro.addstrategy(Crosses)
        found.append(account_of(cerebro.run()[0]))
    np.testing.assert_equal(*found)
    assert len(found[0][0]) > 40


@pytest.mark.parametrize("trades", [False, True])
def test_replayed_bars_are_shown_alike_and_an_order_on_one_is_refused(trades, time_limit):
    time_limit(60)

    class Looks(bt.Strategy):
        def __init__(self):
            self.mean, self.rows = bt.ind.SMA(self.data.close, period=3), []

        def next(self):
            self.rows.append((len(self), self.data.close[0], self.data.high[0], self.mean[0]))
            if trades:
                self.buy(size=1.0)

    found = []
    for feed in FEEDS:
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.replaydata(feed(MARKET), timeframe=bt.TimeFrame.Minutes, compression=240)
        cerebro.broker = PerpetualBroker()
        cerebro.addstrategy(Looks)
        if trades:
            with pytest.raises(ValueError, match="trades closed bars"):
                cerebro.run()
        else:
            found.append(cerebro.run()[0].rows)
    np.testing.assert_equal(*(found or [0, 0]))
