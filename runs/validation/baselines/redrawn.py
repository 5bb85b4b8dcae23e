"""The signals of a map that was put in the place of the model's: what the core would say if it stood there."""

import math

import numpy as np

from indicators.liquidation.clusters import (
    MOST,
    empty_clusters,
    find_spans,
    gather,
    keep_significant,
    quantile_size,
    smooth,
)
from indicators.liquidation.kernel import LONG, SHORT
from indicators.liquidation.model import QUANTILE, SHARE, USD, build_model
from indicators.liquidation.signals import (
    cascade_gain,
    cascade_risk,
    drop_levels,
    empty_levels,
    magnet,
    nearest_level,
    price_impact,
    record_level,
)
from runs.validation.dataset import Dataset
from runs.validation.measures.reach import adverse_extremes, price_bins

_SIDES = (("down", "below", "support"), ("up", "above", "resistance"))


def redrawn_snapshots(dataset: Dataset, outward: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Return the snapshots with magnet, cascade risk and levels of another map; the core's own functions make them.

    Parameters
    ----------
    dataset
        The market, and the snapshots that give everything but the signals.
    outward
        (n, 2, bins) the map that replaces the model's, of any unit: it is scaled to the model's total.
    lost
        (n, 2) what each bar swept of it. As many bars leave levels as did by the model.

    Notes
    -----
    Warm-up, phases, volatility and turnover stay the model's.
    """
    snapshots = dataset.snapshots.copy()
    settings = build_model(dataset.parameters, dataset.bar_seconds).settings[0]
    total = float(outward.sum(dtype=np.float64))
    scale = float(dataset.outward.sum(dtype=np.float64)) / total if total > 0.0 else 0.0
    for row in range(len(snapshots)):
        _write_signals(snapshots[row : row + 1], outward[row].astype(np.float64) * scale, settings, dataset.bin_width)
    snapshots["magnet"][np.isnan(dataset.snapshots["magnet"])] = math.nan
    _write_levels(dataset, snapshots, lost * scale, settings)
    return snapshots


def _write_signals(view: np.ndarray, outward: np.ndarray, settings: np.void, bin_width: float) -> None:
    """Write the clusters and what follows from them into one snapshot, as `write_clusters` does from the book."""
    snapshot, close = view[0], float(view["close"][0])
    clusters, counts = np.stack([empty_clusters(), empty_clusters()]), [0, 0]
    nearest = int(price_bins(np.array([close]), bin_width)[0])
    for side, (direction, name, _) in enumerate(_SIDES):
        spans, smoothed = np.zeros((MOST, 2), dtype=np.int64), np.zeros(outward.shape[1])
        smooth(outward, side, smoothed)
        found = find_spans(smoothed, settings["cluster_prominence"], spans)
        gather(outward, side, spans, found, clusters)
        least = _least(settings, clusters, side, found, snapshot["open_interest"], float(outward[side].sum()))
        edge = nearest - 1 if side == LONG else nearest + 1
        in_usd = settings["threshold_kind"] == USD
        counts[side] = keep_significant(clusters, side, spans, found, least, in_usd, edge, close, bin_width)
        first, some = clusters[side, 0], counts[side] > 0
        snapshot[f"cluster_count_{name}"] = counts[side]
        snapshot[f"cluster_{name}_price"] = first["price"] if some else math.nan
        snapshot[f"cluster_{name}_usd"] = first["magnitude_usd"] if some else math.nan
        snapshot[f"cascade_risk_{direction}"] = cascade_risk(
            clusters, side, counts[side], close, settings["gap_high_risk"], settings["gap_moderate_risk"]
        )
        daily = snapshot["volatility"] * math.sqrt(settings["bars_per_day"])
        reach = price_impact(first["magnitude"] if some else 0.0, snapshot["volume_24h"], daily, settings["impact"])
        snapshot[f"branching_ratio_{direction}"] = (
            cascade_gain(outward, side, spans[0, 1], first["magnitude"], reach / bin_width) if some else 0.0
        )
    above, below = snapshot["cluster_above_usd"], snapshot["cluster_below_usd"]
    snapshot["magnet"] = magnet(above, below, settings["magnet_ratio"], settings["one_sided_signal"] > 0.0)


def _least(
    settings: np.void, clusters: np.ndarray, side: int, found: int, open_interest: float, standing: float
) -> float:
    """Return the smallest size that counts as a cluster, base coin or quote, as the model's settings say."""
    threshold = float(settings["cluster_threshold"])
    if settings["threshold_kind"] == QUANTILE:
        return quantile_size(clusters, side, found, threshold)
    if settings["threshold_kind"] == SHARE:
        return threshold * (open_interest if open_interest > 0.0 else standing)
    return threshold


def _write_levels(dataset: Dataset, snapshots: np.ndarray, lost: np.ndarray, settings: np.void) -> None:
    """Write the levels that the map's own wipes leave, at the extreme of the bar that swept them."""
    levels, closes = empty_levels(), dataset.bars["close"]
    extremes, tolerance = adverse_extremes(dataset.bars), float(settings["level_tolerance"])
    sizes = lost * closes[:, None]
    least = [_threshold(dataset, sizes[:, side], name) for side, (*_, name) in enumerate(_SIDES)]
    for row, close in enumerate(closes):
        for side, name in ((LONG, "support"), (SHORT, "resistance")):
            drop_levels(levels, side, close, tolerance, row - settings["level_age_bars"])
            sign, price, size = (1.0 if side == LONG else -1.0), extremes[row, side], sizes[row, side]
            if size > 0.0 and size >= least[side] and sign * (close - price) >= -tolerance * price:
                record_level(levels, side, price, size, float(row), False, settings["bars_per_hour"])
            best = nearest_level(levels, side, close, tolerance)
            found = levels[side, best]
            snapshots[f"{name}_price"][row] = found["price"] if best >= 0 else math.nan
            snapshots[f"{name}_size_usd"][row] = found["size_usd"] if best >= 0 else 0.0
            snapshots[f"{name}_bar"][row] = found["bar"] if best >= 0 else math.nan
            snapshots[f"{name}_reported"][row] = 0.0


def _threshold(dataset: Dataset, sizes: np.ndarray, name: str) -> float:
    """Return the size beyond which as many bars wiped as made a level by the model."""
    made = dataset.snapshots[f"{name}_bar"]
    count = len(np.unique(made[~np.isnan(made)]))
    return float(np.sort(sizes)[-count]) if 0 < count <= len(sizes) else math.inf
