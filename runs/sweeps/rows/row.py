"""One durable row of a sweep as one line of text: exact floats, with a checksum, so that a torn or damaged line is known."""

import base64
import json
import math
import zlib
from typing import Any, NamedTuple

import numpy as np

from runs.sweeps.space.candidates import Combination


class Row(NamedTuple):
    """A finished combination: its key, the objective's value (NaN without one), and its line."""

    key: str
    score: float
    line: bytes


def encode(
    combination: Combination, error: str, metrics: dict[str, float], daily_returns: np.ndarray, objective: str
) -> Row:
    """Return the row of a combination.

    Parameters
    ----------
    combination
        Which.
    error
        Why it has no result; empty where it has one.
    metrics, daily_returns
        Of the trial; empty after an error. Floats are kept to the last bit.
    objective
        The metric by which the sweep compares.
    """
    content = {
        "number": combination.number,
        "key": combination.key,
        "values": combination.values,
        "error": error,
        "metrics": metrics,
        "daily_returns": base64.b64encode(daily_returns.astype("<f8").tobytes()).decode(),
    }
    return Row(combination.key, float(metrics.get(objective, math.nan)), sealed(content))


def sealed(content: dict[str, Any]) -> bytes:
    """Return plain values as a line with a checksum; floats read back exactly, infinite ones too."""
    text = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def unsealed(line: bytes) -> dict[str, Any] | None:
    """Return what `sealed` was given; None for a line that is torn or damaged."""
    checksum, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text):
        return None
    return dict(json.loads(text))


def decode(line: bytes) -> dict[str, Any] | None:
    """Return what a line says, with `daily_returns` as an array; None for one that is torn or damaged."""
    content = unsealed(line)
    if content is not None:
        content["daily_returns"] = np.frombuffer(base64.b64decode(content["daily_returns"]), dtype="<f8")
    return content


def row_of(line: bytes, objective: str) -> Row:
    """Return the row that `encode` wrote as a line.

    Raises
    ------
    ValueError
        For a line that is torn or damaged.
    """
    content = decode(line)
    if content is None:
        raise ValueError("a torn row")
    return Row(str(content["key"]), float(content["metrics"].get(objective, math.nan)), line)
