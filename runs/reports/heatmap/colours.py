"""Colours of density: inferno and reversed magma, perceptually uniform and legible to the colour-blind (van der Walt, Smith)."""

import matplotlib
import numpy as np


def colour_table(name: str) -> str:
    """Return a matplotlib colour map's 256 colours as one string of hexadecimal, six digits each.

    >>> colour_table("inferno")[:6], len(colour_table("inferno"))
    ('000004', 1536)
    """
    colours = matplotlib.colormaps[name](np.linspace(0.0, 1.0, 256))[:, :3]
    return np.rint(colours * 255.0).astype(np.uint8).tobytes().hex()
