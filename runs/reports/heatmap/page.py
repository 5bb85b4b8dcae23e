"""heatmap.html: price over the map through time, one self-contained page that never shows a bar what it did not know."""

import dataclasses
import json
import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd

from datafeeds.aggregation import mapped_venues
from datafeeds.schema import Market
from datafeeds.text import listed
from indicators.liquidation.cascade_phase import PHASES
from indicators.liquidation.leverage_groups import LEVERAGE_GROUPS
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import HeatmapRecord, record_heatmap
from runs.engines.event import model_bars
from runs.engines.result import EngineResult
from runs.outcome.trades import COLUMNS
from runs.perpetual.accounting import FILL
from runs.reports.heatmap.columns import blocks, column_ends, decimals_of
from runs.reports.heatmap.density import CODES, DECADES, bars_per_column, encode, place, top_of
from runs.reports.heatmap.layers import BINS_AT_ONCE, layer_elements
from runs.reports.heatmap.marks import SentOrder, level_marks, liquidation_marks, phase_marks, trade_marks
from runs.reports.heatmap.outlines import CENTRE_STEPS, EXTENT_STEPS, SIZE_FROM, SIZE_STEP, outline
from runs.reports.heatmap.packing import element
from runs.reports.page import data_block, escape, page, table

_ASSETS = Path(__file__).parent / "assets"
_PRICES = ("open", "high", "low", "close")
_PANES = (
    "open_interest",
    "funding_rate",
    "reported_long",
    "reported_short",
    "model_liquidated_long",
    "model_liquidated_short",
)
_DIGITS = 6  # of the prices shown where the data's own ticks are not known
_EVERY_BAR = "One column a bar."


@cache
def _script() -> str:
    ours = sorted(_ASSETS.glob("[0-9]*.js"), key=lambda path: int(path.name.split("-")[0]))
    body = "\n".join(path.read_text(encoding="utf-8") for path in ours)
    library = (_ASSETS / "lightweight-charts.js").read_text(encoding="utf-8")
    return f'{library}\n(async()=>{{"use strict";\n{body}\n}})();'


def run_heatmap(result: EngineResult, trades: pd.DataFrame, layers: bool = False) -> str:
    """Return the page of a run: `heatmap_page` with its trades, its orders and its own liquidations."""
    title, parameters = f"{result.configuration.strategy} on {result.market.name}", result.configuration.model
    return heatmap_page(result.market, parameters, title, trades, result.fills, result.orders or (), layers)


def heatmap_page(
    market: Market,
    parameters: ModelParameters,
    title: str | None = None,
    trades: pd.DataFrame | None = None,
    fills: np.ndarray | None = None,
    orders: Sequence[SentOrder] = (),
    layers: bool = False,
) -> str:
    """Return the heatmap of a market as a page; equal input gives equal bytes.

    Parameters
    ----------
    market
        (n,) bars.
    parameters
        Of the model; the page prints them.
    title
        Heading, plain text; the market's name by default.
    trades
        Of `runs.outcome.trades.COLUMNS`; none by default.
    fills
        (m,) of `FILL`, for the account's own liquidations.
    orders
        The broker's journal, for stops and targets.
    layers
        Whether the map by group of leverages, and of a market of several exchanges by exchange, can be chosen: a page about
        twice as large, made in three times the time.
    """
    model = build_model(parameters, market.bar_seconds)
    every = bars_per_column(len(market), math.ceil(model.settings["window"][0]) + 1)
    record = record_heatmap(model, model_bars(market), column_ends(len(market), every))
    columns = blocks(market, record.snapshots, record.ends)
    top = top_of(record.density)
    facts = _facts(market, columns, parameters, top)
    marks = {
        "trades": trade_marks(_table(trades), market.times, record.ends, orders, fills),
        "liquidations": liquidation_marks(np.zeros(0, dtype=FILL) if fills is None else fills, record.ends),
        "levels": level_marks(record.snapshots, market.times, record.ends),
        "phases": phase_marks(record.snapshots, record.ends),
    }
    arrays = _arrays(columns, record, parameters.bin_width, top, facts["decimals"])
    arrays += element("array-marks", np.frombuffer(json.dumps(marks, allow_nan=False).encode(), dtype=np.uint8))
    if layers:
        described, elements = layer_elements(market, parameters, record.ends)
        facts |= {"layers": described, "layer_bins": BINS_AT_ONCE}
        arrays += elements
    body = _body(title or market.name, market, parameters, every, layers) + data_block("facts", facts) + arrays
    style = (_ASSETS / "heatmap.css").read_text(encoding="utf-8")
    return page(f"Liquidation heatmap: {title or market.name}", body, style, _script())


def _table(trades: pd.DataFrame | None) -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS)) if trades is None else trades


def _facts(market: Market, columns: dict[str, np.ndarray], parameters: ModelParameters, top: float) -> dict[str, Any]:
    decimals = decimals_of(np.concatenate([columns[name] for name in _PRICES]))
    digits = _DIGITS - 1 - int(np.floor(np.log10(columns["close"].max())))
    return {
        "decimals": decimals, "shown_decimals": decimals if decimals is not None else min(max(digits, 0), 12),
        "top": top, "codes": CODES, "decades": DECADES, "bin_width": parameters.bin_width, "size_from": SIZE_FROM,
        "size_step": SIZE_STEP, "centre_steps": CENTRE_STEPS, "extent_steps": EXTENT_STEPS,
        "reported": market.has("liquidated_long"),
        "phase_names": list(PHASES), "dark": _colour_table("inferno"), "light": _colour_table("magma_r"),
    }  # fmt: skip


def _arrays(
    columns: dict[str, np.ndarray], record: HeatmapRecord, bin_width: float, top: float, decimals: int | None
) -> str:
    parts = [element("array-time", columns["time"], "delta")]
    for name in _PRICES:
        values = columns[name]
        whole = decimals is not None
        ticks = np.rint(values * 10.0**decimals).astype(np.int32) if decimals is not None else values
        parts.append(element(f"array-{name}", ticks, "delta" if whole else "plain"))
    parts += [element(f"array-{name}", columns[name].astype(np.float32)) for name in _PANES]
    bins = np.floor(record.positions).astype(np.int64)
    parts.append(element("array-bins", bins.astype(np.int32), "delta"))
    parts.append(element("array-density", place(encode(record.density, top), bins), "grid"))
    for name, values in outline(record.counts, record.clusters, bins, bin_width).items():
        parts.append(element(f"array-cluster_{name}", values))
    return "".join(parts)


def _body(title: str, market: Market, parameters: ModelParameters, every: int, layers: bool) -> str:
    first, final = (np.datetime_as_string(market.times[i], unit="m").replace("T", " ") for i in (0, -1))
    simulated = " <strong>Simulated market: nothing here ever traded.</strong>" if market.simulated else ""
    columns = (
        _EVERY_BAR
        if every == 1
        else f"One column is {every} bars, and holds the map as it stood after the last of them."
    )
    frame = (_ASSETS / "heatmap.html").read_text(encoding="utf-8")
    rows = [
        (field.name, _shown(getattr(parameters, field.name)), field.metadata["unit"], field.metadata["source"])
        for field in dataclasses.fields(parameters)
    ]
    values = {
        "title": escape(title),
        "range": f"{len(market):,} bars of {_length(market.bar_seconds)}, {first} to {final} UTC.{simulated}",
        "columns": columns,
        "step": f"{10.0 ** (DECADES / CODES) - 1.0:.1%}",
        "bin": f"{parameters.bin_width:g}",
        "window": f"{parameters.cluster_window:g}",
        "data": "; ".join(escape(fact) for fact in market.caveats()) or "complete",
        "parameters": table(("parameter", "value", "unit", "source"), rows),
        "chooser": _chooser(mapped_venues(market)) if layers else "",
        "layers": _about_layers(parameters) + _about_exchanges(mapped_venues(market)) if layers else "",
    }
    for name, text in values.items():
        frame = frame.replace("{{" + name + "}}", text)
    return frame


def _chooser(venues: tuple[str, ...]) -> str:
    """Return the choice of a layer: groups of leverages, and where there are several, exchanges after them."""
    names = [group.name for group in LEVERAGE_GROUPS]
    groups, exchanges = (
        "".join(f"<option value='{number}'>{escape(name)}</option>" for number, name in enumerate(named, first))
        for first, named in ((0, names), (len(names), venues))
    )
    if not venues:
        return f"<label>Leverage <select id='layer'><option value=''>all</option>{groups}</select></label>"
    parts = f"<optgroup label='Leverage'>{groups}</optgroup><optgroup label='Exchange'>{exchanges}</optgroup>"
    return f"<label>Part <select id='layer'><option value=''>all</option>{parts}</select></label>"


def _about_exchanges(venues: tuple[str, ...]) -> str:
    if not venues:
        return ""
    return (
        f"<p>By exchange ({escape(listed(venues))}): the positions of one, by its own open interest, at the prices of the exchange "
        "that is traded. Where an exchange has a hole, its part stays at what was last known, and the whole map too.</p>"
    )


def _about_layers(parameters: ModelParameters) -> str:
    ends = [f"{group.highest:.1f}x" for group in LEVERAGE_GROUPS[:-1]]
    return (
        f"<p>By leverage: the positions of one group, cut at {', '.join(ends)}, in bins of {BINS_AT_ONCE * parameters.bin_width:g} "
        "log price. The groups add up to the whole map. How size is split by leverage is assumed (leverage_distribution), "
        "and seen in no data. Clusters, levels and phases remain those of the whole map.</p>"
    )


def _shown(value: Any) -> str:
    return " / ".join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)


def _length(seconds: int) -> str:
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return f"{seconds // size} {name}{'s' if seconds != size else ''}"
    return f"{seconds} seconds"


def _colour_table(name: str) -> str:
    """Return a matplotlib colour map's 256 colours as one string of hexadecimal, six digits each.

    Inferno and reversed magma are perceptually uniform and legible to the colour-blind (van der Walt, Smith).
    """
    colours = matplotlib.colormaps[name](np.linspace(0.0, 1.0, 256))[:, :3]
    return np.rint(colours * 255.0).astype(np.uint8).tobytes().hex()
