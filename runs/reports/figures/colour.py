"""One scale of colours: equal steps look equal, in grey and to colour-blind eyes too."""

STOPS = (
    (68, 1, 84), (72, 40, 120), (62, 73, 137), (49, 104, 142), (38, 130, 142),
    (31, 158, 137), (53, 183, 121), (110, 206, 88), (181, 222, 43), (253, 231, 37),
)  # fmt: skip
"""Of viridis at ninths (Smith & van der Walt 2015, matplotlib), dark violet for low, yellow for high."""


def colour(share: float) -> str:
    """Return the colour of a share 0 .. 1 as ``#rrggbb``; shares beyond count as the end.

    Examples
    --------
    >>> colour(0.0), colour(1.0), colour(0.5)
    ('#440154', '#fde725', '#22908c')
    """
    red, green, blue = _mixed(share)
    return f"#{red:02x}{green:02x}{blue:02x}"


def ink_on(share: float) -> str:
    """Return black or white, whichever reads on `colour` of the share (relative luminance of WCAG 2, linearised by a square)."""
    red, green, blue = (channel / 255.0 for channel in _mixed(share))
    return "#000" if 0.2126 * red**2 + 0.7152 * green**2 + 0.0722 * blue**2 > 0.18 else "#fff"


def _mixed(share: float) -> tuple[int, int, int]:
    place = min(max(share, 0.0), 1.0) * (len(STOPS) - 1)
    first = min(int(place), len(STOPS) - 2)
    part = place - first
    low, high = STOPS[first], STOPS[first + 1]
    return (
        round(low[0] + part * (high[0] - low[0])),
        round(low[1] + part * (high[1] - low[1])),
        round(low[2] + part * (high[2] - low[2])),
    )
