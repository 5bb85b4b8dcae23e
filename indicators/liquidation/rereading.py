"""Magnet and cascade risk read anew, by other thresholds, off clusters that are known: no map is made for them."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from indicators.liquidation.compiled import allocation_free
from indicators.liquidation.model import initial_memory, model_settings
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.snapshot_writer import write_signals

THRESHOLDS = ("magnet_ratio", "one_sided_signal", "gap_high_risk", "gap_moderate_risk", "warmup_hours")
"""The parameters that decide the signals on clusters, and nothing else."""

SIGNALS = ("magnet", "cascade_risk_down", "cascade_risk_up")
"""The fields of a snapshot that they decide."""

_CLUSTERS = ("cluster_above_usd", "cluster_below_usd", "cluster_spacing_below", "cluster_spacing_above")
CLUSTERS = np.dtype([(name, SNAPSHOT[name]) for name in _CLUSTERS])
"""The fields that they are decided by."""


def without_thresholds(parameters: ModelParameters) -> ModelParameters:
    """Return parameters with `THRESHOLDS` as by default: what maps, clusters and all other fields follow from."""
    usual: dict[str, Any] = {field.name: field.default for field in fields(parameters) if field.name in THRESHOLDS}
    return replace(parameters, **usual)


@allocation_free
def read_signals(memory: np.ndarray, settings: np.ndarray, clusters: np.ndarray, snapshots: np.ndarray) -> None:
    """Write `SIGNALS` as they are by a model's thresholds.

    Parameters
    ----------
    memory, settings
        (1,) from `initial_memory` and `model_settings`.
    clusters
        (n,) of `CLUSTERS`, from the first bar on.
    snapshots
        (n,) records that have `SIGNALS`, written.
    """
    for index in range(len(clusters)):
        memory[0].bar = index
        write_signals(memory[0], settings[0], clusters[index], snapshots[index])


def reread(snapshots: np.ndarray, clusters: np.ndarray, parameters: ModelParameters, bar_seconds: float) -> np.ndarray:
    """Return snapshots as they are by other `THRESHOLDS`.

    Parameters
    ----------
    snapshots
        (n,) of fields of `SNAPSHOT`, `SIGNALS` among them, from the first bar on.
    clusters
        (n,) of `CLUSTERS` of the same bars.
    parameters
        Equal to those of the snapshots but for `THRESHOLDS`.
    bar_seconds
        Length of a bar.
    """
    found = snapshots.view(np.uint8).copy().view(snapshots.dtype)  # as bytes: numpy would copy records field by field
    read_signals(initial_memory(), model_settings(parameters, bar_seconds), clusters, found)
    return found


def packed(snapshots: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Return (n,) of some fields of records: what is read often is read faster side by side."""
    found = np.empty(len(snapshots), dtype=kind)
    for name in kind.names or ():
        found[name] = snapshots[name]
    return found
