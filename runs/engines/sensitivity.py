"""What a backtest earns where its fills are doubted: limits that a touch does not fill, a share of the volume, impact."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from runs.engines.compiled import EvaluationInputs, evaluate

DOUBTS: Mapping[str, tuple[str, float]] = {
    "limits_traded_through": ("limit_through_ticks", 1.0),
    "tenth_of_volume": ("max_volume_share", 0.1),
    "impact": ("impact", 0.6),
}
"""Each doubt's parameter and value: a trade one tick beyond each limit; a tenth of the bar's volume, the customary ceiling; a
volatility's impact at all of the volume (square-root law)."""

_WORDS = {
    "limits_traded_through": "Limits filled a tick beyond",
    "tenth_of_volume": "A tenth of the volume at most",
    "impact": "Impact",
    "all": "All of it",
}


def sensitivity(prepared: tuple[Callable[..., bool], EvaluationInputs]) -> dict[str, Any]:
    """Return a backtest's total return under each of `DOUBTS` and under all of them, by the compiled engine.

    Parameters
    ----------
    prepared
        Its loop and inputs, from `Evaluator.prepared`. A doubt that they have stronger by themselves stays as it is.

    Returns
    -------
    dict
        ``examined``; ``total_return_fraction`` as it is; ``cases``, by name: total return, entries refused for volume;
        ``sentence``.
    """
    loop, inputs = prepared

    def case(*doubts: tuple[str, float]) -> dict[str, Any]:
        costs = inputs.costs.copy()
        for name, value in doubts:
            strongest = np.minimum if name == "max_volume_share" else np.maximum
            costs[name] = np.where(costs[name] == 0.0, value, strongest(costs[name], value))
        found = evaluate(loop, replace(inputs, costs=costs))
        return {
            "total_return_fraction": float(found.equity[-1]) / inputs.starting_cash - 1.0,
            "entries_refused_for_volume": int(found.account["refused_volume"][0]),
        }

    own = case()["total_return_fraction"]
    cases = {name: case(doubt) for name, doubt in DOUBTS.items()} | {"all": case(*DOUBTS.values())}
    told = " ".join(
        f"{_WORDS[name]}: {found['total_return_fraction'] * 100.0:+.1f} %." for name, found in cases.items()
    )
    return {
        "examined": True, "total_return_fraction": own, "cases": cases,
        "sentence": f"Where fills are doubted the total return of {own * 100.0:+.1f} % changes. {told}",
    }  # fmt: skip
