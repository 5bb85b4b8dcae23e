"""Write docs/parameters.md from the parameter classes: ``python docs/parameters.py``."""

import dataclasses
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from indicators.liquidation.parameters import ModelParameters
from runs.perpetual.costs import CostParameters
from strategies.cascade import CascadeParameters
from strategies.magnet import MagnetParameters
from strategies.overlay import OverlayParameters
from strategies.sizing import SizingParameters
from strategies.trading import TradingParameters
from strategies.wipe import WipeParameters

KINDS = {
    "model": ModelParameters,
    "rule of magnet": MagnetParameters,
    "rule of cascade": CascadeParameters,
    "rule of wipe": WipeParameters,
    "rule of overlay": OverlayParameters,
    "sizing": SizingParameters,
    "trading": TradingParameters,
    "costs": CostParameters,
}

HEAD = """# Parameters

Written by `python docs/parameters.py`. Set with `--set name=value` or in a TOML file. Words such as
[cluster](glossary.md#cluster), [magnet](glossary.md#magnet) and [cascade](glossary.md#cascade) are in the
[glossary](glossary.md).
"""


def _domain(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    return f"{low:g} .. {high:g}"


def text() -> str:
    """Return the page."""
    parts = [HEAD]
    for group, kind in KINDS.items():
        parts.append(f"## {group}\n\n{(kind.__doc__ or '').splitlines()[0]}\n")
        rows = ["| name | default | unit | domain | source |", "|---|---|---|---|---|"]
        for field in dataclasses.fields(kind):
            rule = field.metadata
            default = field.default
            shown = "/".join(f"{v:g}" for v in default) if isinstance(default, tuple) else str(default)
            domain = _domain(rule["low"], rule["high"])
            rows.append(f"| `{field.name}` | {shown} | {rule['unit']} | {domain} | {rule['source']} |")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(text(), encoding="utf-8")
