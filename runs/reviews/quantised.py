"""Arrays as text for a page: 16 bits a number over their range, which is finer than any screen."""

import base64
from typing import Any

import numpy as np

STEPS = 65535


def packed(values: np.ndarray, low: float, high: float) -> str:
    """Return (n,) finite values as base64 of little-endian uint16: 0 is `low`, 65535 is `high`; nearest step.

    Examples
    --------
    >>> packed(np.array([0.0, 1.0]), 0.0, 1.0)
    'AAD//w=='
    """
    spread = high - low if high > low else 1.0
    steps = np.rint((values - low) / spread * STEPS).clip(0, STEPS).astype("<u2")
    return base64.b64encode(steps.tobytes()).decode("ascii")


def ranged(values: np.ndarray) -> dict[str, Any]:
    """Return (n,) finite values, n > 0, as ``{"low", "high", "steps"}`` (`packed` over their own range)."""
    low, high = float(values.min()), float(values.max())
    return {"low": low, "high": high, "steps": packed(values, low, high)}
