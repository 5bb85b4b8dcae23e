"""Ask a rule at one bar that is written down by hand, for its tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from indicators.liquidation.bar import BAR, empty_bars
from indicators.liquidation.compiled import plain
from indicators.liquidation.parameter_fields import Readable, Writable, unknown
from indicators.liquidation.snapshot import SNAPSHOT
from strategies.intent import POSITION, Intent
from strategies.market import funding_terms, plain_market_at
from strategies.rule import check_rule, history_of, new_state

_HOUR = 3600.0


def ask(
    kind: Any, parameters: Any = None, *, snapshot: Mapping[str, float] | None = None,
    position: Mapping[str, float] | None = None, state: np.ndarray | None = None,
    **columns: float | Sequence[float],
) -> Intent:  # fmt: skip
    """Return what a strategy's rule answers.

    Parameters
    ----------
    kind
        The strategy.
    parameters
        An instance of its `parameters_kind`; None: the defaults.
    snapshot, position
        Fields of `SNAPSHOT` at the present close and of `POSITION`; what is not named is NaN in the snapshot, flat in the position.
    state
        (1,) as `strategies.rule.new_state` makes it, written by the rule; None: a new one.
    **columns
        Fields of `BAR`: as many values as the rule sees bars, the present one last, or one number for all. What is not named is
        unknown, but for prices: they are the close's, as the close is the snapshot's. Bars are hours from 1970-01-01 on.

    Raises
    ------
    ValueError
        For a name that is no field, or a number of values that is not the rule's history.
    """
    check_rule(kind)
    parameters = kind.parameters_kind() if parameters is None else parameters
    history = history_of(kind, parameters)
    bars, snapshots = empty_bars(history), np.full(history, np.nan).repeat(len(SNAPSHOT.names or ())).view(SNAPSHOT)
    bars["open_time"] = np.arange(history) * _HOUR
    given = {"close": (snapshot or {}).get("close", np.nan)} | columns
    given = dict.fromkeys(("open", "high", "low"), given["close"]) | given
    for name, values in given.items():
        if name not in (BAR.names or ()):
            raise ValueError(unknown("column", name, list(BAR.names or ())))
        if np.ndim(values) and np.shape(values) != (history,):
            raise ValueError(f"{name}: {np.size(values)} values, and {kind.__name__} sees {history} bars")
        bars[name] = values
    for name in ("high", "low", "close"):
        snapshots[name] = bars[name]
    held = np.zeros(1, dtype=POSITION)
    _write(snapshots[-1], snapshot or {}, "field of the snapshot")
    _write(held[0], position or {}, "field of the position")
    market = plain_market_at(bars, snapshots, history - 1, history, _HOUR, funding_terms())
    writable = (Writable((new_state(kind) if state is None else state)[0]),) if kind.state_kind else ()
    with np.errstate(all="ignore"):
        return plain(kind.decide)(market, Readable(held[0]), parameters, *writable)


def _write(record: np.void, values: Mapping[str, float], what: str) -> None:
    for name, value in values.items():
        if name not in (record.dtype.names or ()):
            raise ValueError(unknown(what, name, list(record.dtype.names or ())))
        record[name] = value
