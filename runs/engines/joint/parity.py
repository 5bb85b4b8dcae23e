"""Whether the compiled evaluation of one account in several markets and the event engine agree, trade for trade."""

import numpy as np

from datafeeds.universe.markets import Universe
from runs.engines.configuration import Configuration
from runs.engines.joint.compiled import JointEvaluation
from runs.engines.joint.event import run_joint_backtest
from runs.engines.parity import TOLERANCE, difference


def first_joint_difference(configuration: Configuration, universe: Universe, found: JointEvaluation) -> str | None:
    """Run the event engine over a universe; return None where both agree, else a sentence with the first difference."""
    result = run_joint_backtest(configuration, universe)
    for name, ours, theirs in zip(universe.names, found.parts, result.parts, strict=True):
        said = difference(ours, theirs)
        if said is not None:
            return f"{name}: {said}"
    equity = found.equity[-len(result.equity) :]
    differs = np.flatnonzero(np.abs(equity - result.equity) > TOLERANCE * np.maximum(np.abs(equity), result.start))
    if not len(differs):
        return None
    step = int(differs[0])
    return f"equity at {result.times[step]}: {equity[step]!r} compiled, {result.equity[step]!r} in the event engine"
