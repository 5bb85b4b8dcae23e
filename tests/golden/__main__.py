"""Write the golden ledgers anew: ``python tests/golden``. Then read the difference line by line before committing it."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from datafeeds.simulated.market import simulate
from runs.accounting import FILL_KINDS
from runs.config import configuration_from
from runs.engine import run_backtest
from strategies.registry import BUILT_IN

SEED, BARS = 7, 1500
# Clusters of the simulated market seldom stand within 2 % of each other, so by default the cascade would leave no line.
RULES = {"cascade": {"least_risk": 1.0}}


def ledger(strategy: str) -> list[dict[str, object]]:
    """Return the fills of a strategy on the simulated market, as they are written."""
    result = run_backtest(
        configuration_from({"strategy": strategy, "rule": RULES.get(strategy, {})}), simulate(SEED, bars=BARS)
    )
    return [
        {
            "bar": int(fill["bar"]),
            "kind": FILL_KINDS[fill["kind"]],
            **{name: float(fill[name]) for name in ("size", "price", "fee", "realised", "funding", "wallet_after")},
        }
        for fill in result.fills
    ]


if __name__ == "__main__":
    for name in BUILT_IN:
        lines = [json.dumps(line) for line in ledger(name)]
        Path(__file__).with_name(f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        sys.stdout.write(f"{name}: {len(lines)} lines\n")
