"""What a backtest is asked beside itself: what it earns under changes that should not matter, and where its fills are doubted."""

from typing import Any

from datafeeds.schema import Market
from runs.engines.configuration import Configuration
from runs.engines.evaluator import Evaluator, is_compiled
from runs.engines.irrelevant_changes import irrelevant_changes
from runs.engines.sensitivity import sensitivity
from runs.engines.snapshot_cache import Heatmaps
from strategies.registry import load_strategy


def examine(configuration: Configuration, market: Market) -> dict[str, Any]:
    """Return `irrelevant_changes` and `sensitivity` of a backtest by name; of a rule that is not compiled only why not."""
    kind: Any = load_strategy(configuration.strategy)
    if not is_compiled(kind):
        return not_examined("the rule is not compiled")
    prepared = Evaluator(market, Heatmaps(None)).prepared(configuration)
    return {
        "irrelevant_changes": irrelevant_changes(configuration, market, prepared),
        "sensitivity": sensitivity(prepared),
    }


def not_examined(reason: str) -> dict[str, Any]:
    """Return what `examine` says where it does not ask."""
    questions = {"irrelevant_changes": "Changes that should not matter", "sensitivity": "Doubts about fills"}
    return {
        name: {"examined": False, "sentence": f"{words} are not examined: {reason}."}
        for name, words in questions.items()
    }
