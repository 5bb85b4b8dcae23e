"""Ask a rule at one bar that a test has written down."""

import numpy as np

from indicators.liquidation.bar import empty_bars
from indicators.liquidation.compiled import plain
from indicators.liquidation.parameter_fields import Readable, Writable
from indicators.liquidation.snapshot import SNAPSHOT
from strategies.intent import POSITION
from strategies.market import funding_terms, plain_market_at
from strategies.rule import asked, rule_record


def answers(rule, parameters, snapshot, position, state=None, open_time=0.0, history=1):
    """Return what a compiled rule answers, and what it answers in plain Python, on bars given by their fields' values.

    A value is of all bars alike, or one a bar. A `state`, (1,) from `new_state`, is written by both alike.
    """
    bars, snapshots, held = empty_bars(history), np.zeros(history, dtype=SNAPSHOT), np.zeros(1, dtype=POSITION)
    bars["open_time"] = open_time
    for record, values in ((snapshots, snapshot), (held, position)):
        for name, value in values.items():
            record[name] = value
    seen = (bars, snapshots, history - 1, history, 3600.0, funding_terms())
    twin = None if state is None else state.copy()
    ours = asked(rule)(*seen, held, rule_record(parameters), np.zeros(1) if state is None else state)
    memory = () if twin is None else (Writable(twin[0]),)
    theirs = plain(rule)(plain_market_at(*seen), Readable(held[0]), parameters, *memory)
    assert twin is None or twin.tobytes() == state.tobytes()
    return ours, theirs
