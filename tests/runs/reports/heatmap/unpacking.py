"""What the heatmap page's script does with the page's arrays, in numpy."""

import base64
import gzip
import re

import numpy as np

from runs.reports.heatmap.density import CODES, DECADES
from runs.reports.heatmap.packing import Packed


def unpack(packed: Packed) -> np.ndarray:
    """Return the array again, as the page's script does."""
    raw = np.frombuffer(gzip.decompress(base64.b64decode(packed.text)), dtype=np.uint8)
    kind = np.dtype("<" + packed.kind)
    values = np.ascontiguousarray(raw.reshape(kind.itemsize, -1).T).view(kind).reshape(packed.shape)
    if packed.filter == "delta":
        return np.cumsum(values.ravel(), dtype=kind).reshape(packed.shape)
    if packed.filter == "grid":
        return np.cumsum(np.cumsum(values, axis=0, dtype=kind), axis=1, dtype=kind)
    return values


def elements(text: str) -> dict[str, np.ndarray]:
    """Return all packed arrays of a page by their ids."""
    pattern = (
        r"<script type='application/gzip' id='([^']*)' data-kind='(\w+)' data-shape='([\d,]*)' data-filter='(\w+)'>"
    )
    found = re.findall(pattern + r"([^<]*)</script>", text)
    return {
        name: unpack(Packed(kind, tuple(map(int, shape.split(","))), filter_name, content))
        for name, kind, shape, filter_name, content in found
    }


def decode(codes: np.ndarray, top: float) -> np.ndarray:
    """Return the density (base coin per bin) that each code stands for; 0 for code 0."""
    return np.where(codes > 0, top * 10.0 ** ((codes.astype(np.float64) - 255.0) * (DECADES / CODES)), 0.0)


def lift(placed: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Return the outward codes (columns, 2, window) of a placed matrix: the inverse of `place`."""
    rows = len(placed)
    outward = np.arange(rows // 2)
    column = np.arange(placed.shape[1])[:, None]
    return np.stack(
        [placed[(bins[:, None] + step) % rows, column] for step in (-outward, 1 + outward)],
        axis=1,
    )
