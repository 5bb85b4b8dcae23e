"""The map by leverage group and by exchange as layers of the heatmap page: its columns in wider bins, made only when asked for."""

from collections.abc import Iterator

import numpy as np

from datafeeds.aggregation import mapped_venues, of_venue
from datafeeds.schema import Market
from indicators.liquidation.kernel import LONG
from indicators.liquidation.leverage_groups import LEVERAGE_GROUPS, group_models
from indicators.liquidation.model import Model, build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from runs.engines.event import model_bars
from runs.reports.heatmap.density import encode, place, top_of
from runs.reports.heatmap.packing import element

BINS_AT_ONCE = len(LEVERAGE_GROUPS)
"""Bins of the map that a layer sums into one, so that all groups together have as many cells as the map."""


def coarsened(density: np.ndarray, bins: np.ndarray, factor: int) -> np.ndarray:
    """Sum a recorded map over wider bins.

    Parameters
    ----------
    density
        (columns, 2, n) base coin a bin, longs below and shorts above, outward from the close's own bin.
    bins
        (columns,) absolute bin of each close.
    factor
        Bins that become one: b lies in ``b // factor``.

    Returns
    -------
    ndarray
        (columns, 2, (n + factor - 2) // factor + 1) base coin a wider bin, outward from the close's own.
    """
    count = (density.shape[2] + factor - 2) // factor + 1
    summed = np.zeros((len(density), 2, count), dtype=density.dtype)
    for phase in range(factor):
        columns = np.flatnonzero(bins % factor == phase)
        for side in range(2):
            before = factor - 1 - phase if side == LONG else phase  # bins of the close's wider bin on its other side
            padded = np.zeros((len(columns), count * factor), dtype=density.dtype)
            padded[:, before : before + density.shape[2]] = density[columns, side]
            summed[columns, side] = padded.reshape(len(columns), count, factor).sum(axis=2)
    return summed


def layer_elements(
    market: Market, parameters: ModelParameters, ends: np.ndarray
) -> tuple[list[dict[str, object]], str]:
    """Run the model once a layer: a group of leverages, and of a market of several exchanges each of them.

    Parameters
    ----------
    market
        (n,) bars.
    parameters
        Of the model.
    ends
        (columns,) index of each column's last bar.

    Returns
    -------
    described, elements
        Name and top of the scale (base coin a wider bin) of each layer, and the page's elements that hold their codes.
    """
    described: list[dict[str, object]] = []
    elements = ""
    for number, (name, model, bars) in enumerate(_layers(market, parameters)):
        record = record_heatmap(model, bars, ends)
        bins = np.floor(record.positions).astype(np.int64)
        density = coarsened(record.density, bins, BINS_AT_ONCE)
        top = top_of(density)
        described.append({"name": name, "top": top})
        elements += element(f"array-layer_{number}", place(encode(density, top), bins // BINS_AT_ONCE), "grid")
    return described, elements


def _layers(market: Market, parameters: ModelParameters) -> Iterator[tuple[str, Model, np.ndarray]]:
    """Yield each layer's name, model and bars."""
    bars = model_bars(market)
    for group, model in zip(LEVERAGE_GROUPS, group_models(parameters, market.bar_seconds), strict=True):
        yield group.name, model, bars
    for venue in mapped_venues(market):
        yield venue, build_model(parameters, market.bar_seconds), model_bars(of_venue(market, venue))
