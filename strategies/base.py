"""The one place where strategies meet backtrader: what a rule intends becomes orders here, and nowhere else."""

import math
from dataclasses import asdict
from typing import Any, ClassVar

import backtrader as bt
import numpy as np

from indicators.heatmap import LiquidationHeatmap
from indicators.liquidation.compiled import plain
from indicators.liquidation.model import SECONDS_PER_HOUR
from indicators.liquidation.parameter_fields import Readable, Writable
from indicators.liquidation.parameters import ModelParameters
from strategies.intent import KEEP, POSITION, Intent
from strategies.market import funding_terms, plain_market_at
from strategies.position import new_position_memory, sizing_record, update_position
from strategies.rule import asked, check_rule, history_of, is_compiled_rule, new_state, rule_record
from strategies.sizing import SizingParameters
from strategies.trading import TradingParameters, trading_record
from strategies.uncompiled import compile_problem


class PerpetualStrategy(bt.Strategy):
    """Ask a rule at each bar's close, and let the broker carry out its answer: orders that the next open meets at the earliest.

    A strategy is a subclass with these class attributes:

    parameters_kind
        A frozen dataclass of the rule's parameters (`indicators.liquidation.parameter_fields.parameter` declares its fields).
    decide
        A static function ``decide(market, position, parameters) -> Intent`` of a `MarketView`, a `POSITION` and the parameters.
        Pure, but for the state. Decorated with `indicators.liquidation.compiled.compiled_rule` it is compiled, and then a sweep
        runs it without backtrader.
    history
        How many bars the rule sees, the present one included: a whole number, or a function that makes it of the parameters. It is
        first asked at the bar at which there are so many.
    state_kind
        None, or a frozen dataclass of numbers with defaults: what the rule remembers from bar to bar. It is then
        ``decide(market, position, parameters, state)`` and writes the fields, as in ``state.losses += 1``. The state begins anew
        with each account; in a walk the tests share one.

    Parameters (backtrader's): ``rule`` an instance of `parameters_kind`, ``sizing``, ``trading``, ``model``, ``contract_step`` in
    base coin, ``margin_limit`` (the most notional / equity that the account's margin admits), ``funding`` (`FUNDING_TERMS`), and
    ``first_bar``, the index of the first bar at whose close the rule is asked, and ``state``, (1,), with which it begins. Where
    one account trades several markets, each has a strategy: ``feed`` is its data's number, and from the bar ``last_bar`` on the
    rule is not asked.
    """

    parameters_kind: ClassVar[type]
    decide: ClassVar[Any]
    history: ClassVar[Any] = 1
    state_kind: ClassVar[Any] = None

    params = (
        ("rule", None), ("sizing", None), ("model", None), ("contract_step", 0.001), ("margin_limit", math.inf),
        ("funding", None), ("first_bar", 0), ("state", None), ("trading", None), ("feed", None),
        ("last_bar", math.inf),
    )  # fmt: skip

    def __init__(self) -> None:
        """Set up the heatmap and the records that rule and sizing read."""
        kind = type(self)
        check_rule(kind)
        if self.p.feed is not None:
            self.data = self.datas[self.p.feed]
        rule = self.p.rule if self.p.rule is not None else self.parameters_kind()
        self.heatmap = LiquidationHeatmap(self.data, **asdict(self.p.model or ModelParameters()))
        self._rule, self._readable_rule = rule_record(rule), rule
        self._plain = plain(kind.decide) if is_compiled_rule(kind.decide) else kind.decide
        compiles = is_compiled_rule(kind.decide) and compile_problem(kind) is None
        self._compiled = asked(kind.decide) if compiles else None
        self._bar_seconds = float(self.heatmap.model.settings["bar_seconds"][0])
        self._funding = self.p.funding if self.p.funding is not None else funding_terms()
        self.rule_state = new_state(kind) if self.p.state is None else self.p.state.copy()
        self.state_began = self.rule_state.copy()
        self._writable = (Writable(self.rule_state[0]),) if kind.state_kind else ()
        self._state_before, self._asked = self.rule_state.copy(), -1
        self._sizing = sizing_record(self.p.sizing or SizingParameters(), self.p.contract_step, self.p.margin_limit)
        self._trading = trading_record(self.p.trading or TradingParameters())
        self._restricted = bool(self._trading["on"][0])
        self._record = np.zeros(1, dtype=POSITION)
        self._position_memory = new_position_memory(self._bar_seconds / SECONDS_PER_HOUR)
        self.history_bars = history_of(kind, rule)
        self._first_bar = max(self.p.first_bar, self.history_bars - 1)
        self._told = -1

    def _getminperstatus(self) -> int:
        # backtrader waits until all data feeds have bars, and looks at each of them for each strategy.
        return -1 if self.p.feed is not None else int(super()._getminperstatus())

    def next(self) -> None:
        """Ask the rule at this bar's close, and carry out its answer."""
        snapshots, index = self.heatmap.view()
        if index < self._first_bar or index >= self.p.last_bar:
            return
        if self.p.feed is not None and index == self._told:
            return  # the bar of another market
        self._told = index
        held, equity = self.broker.getposition(self.data), self.broker.getvalue()
        update_position(self._record, self._position_memory, index, float(held.size), float(held.price), float(equity))
        intent = self._ask(index)
        if intent.action != KEEP or self._restricted:
            self._submit_intent(intent, snapshots[index], self._close_time(index))

    def _ask(self, index: int) -> Intent:
        again = index == self._asked  # a bar that is replayed is asked again, from the state before it
        (self.rule_state if again else self._state_before)[:] = self._state_before if again else self.rule_state
        self._asked = index
        bars, snapshots = self.heatmap.past()
        seen = (bars, snapshots, index, self.history_bars, self._bar_seconds, self._funding)
        if self._compiled is None:
            return self._ask_plain(seen)
        try:
            return self._compiled(*seen, self._record, self._rule, self.rule_state)
        except Exception:
            self.rule_state[:] = self._state_before
            self._ask_plain(seen)  # compiled code does not say at which line it failed
            raise

    def _ask_plain(self, seen: Any) -> Intent:
        with np.errstate(all="ignore"):  # as compiled code has it: IEEE 754
            return self._plain(plain_market_at(*seen), Readable(self._record[0]), self._readable_rule, *self._writable)

    def _notify(self, qorders: Any = (), qtrades: Any = ()) -> None:
        # backtrader tells cash and value on every bar; that costs as much as the rule, so only who asks is told.
        asked = type(self).notify_cashvalue is not bt.Strategy.notify_cashvalue
        asked = asked or type(self).notify_fund is not bt.Strategy.notify_fund
        if asked or qorders or qtrades or self._orderspending or self._tradespending:
            super()._notify(qorders, qtrades)

    def __len__(self) -> int:
        """Return the number of bars so far (backtrader's own takes three calls)."""
        return self.lines.lines[0].lencount

    def _close_time(self, index: int) -> float:
        return float(self.heatmap.past()[0]["open_time"][index]) + self._bar_seconds

    def _submit_intent(self, intent: Intent, snapshot: np.void, time: float) -> None:
        if self._compiled is None:  # a plain rule may answer in any kind of numbers
            numbers: Any = (tuple(map(float, part)) if isinstance(part, tuple) else float(part) for part in intent)
            intent = Intent(*numbers)
        close, volatility = float(snapshot["close"]), float(snapshot["volatility_24h"])
        self.broker.carry_out(
            self, intent, close, volatility, self._record, self._position_memory, self._sizing, self._trading, time
        )
