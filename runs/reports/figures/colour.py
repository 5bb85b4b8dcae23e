"""One scale of colours: equal steps look equal, in grey and to colour-blind eyes too."""

STOPS = (
    (68, 1, 84), (72, 40, 120), (62, 74, 137), (49, 104, 142), (38, 130, 142),
    (31, 158, 137), (53, 183, 121), (108, 205, 90), (181, 222, 43), (253, 231, 37),
)  # fmt: skip
"""Of viridis at ninths (Smith & van der Walt 2015, matplotlib), dark violet for low, yellow for high."""


_MIDDLE = 0.179
"""Luminance on which black and white have the same contrast: ``(L + .05)^2 = 1.05 x .05``."""


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
    """Return black or white, whichever stands out more on `colour` of the share: by relative luminance (WCAG 2)."""
    channels = (channel / 255.0 for channel in _mixed(share))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return "#000" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _MIDDLE else "#fff"


def _mixed(share: float) -> tuple[int, int, int]:
    position = min(max(share, 0.0), 1.0) * (len(STOPS) - 1)
    first = min(int(position), len(STOPS) - 2)
    part = position - first
    low, high = STOPS[first], STOPS[first + 1]
    return (
        round(low[0] + part * (high[0] - low[0])),
        round(low[1] + part * (high[1] - low[1])),
        round(low[2] + part * (high[2] - low[2])),
    )
