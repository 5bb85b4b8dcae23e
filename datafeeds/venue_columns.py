"""Names of the columns that one venue has in a market of several: ``open_interest of okx``."""

import pandas as pd

SUMMED = ("volume", "open_interest", "liquidated_long", "liquidated_short")
"""What is summed over venues, base coin, and kept of each."""

LARGEST = ("largest_liquidated_long", "largest_liquidated_short")
"""Quote currency of the largest single liquidation of each bar, always as one venue's: a market of one venue may have them too."""

_OF = " of "


def venue_column(column: str, venue: str) -> str:
    """Return what a venue's part of a column is called.

    Examples
    --------
    >>> venue_column("open_interest", "okx")
    'open_interest of okx'
    """
    return f"{column}{_OF}{venue}"


def is_venue_column(label: str) -> bool:
    """Return whether a column of a checked frame is one venue's part."""
    return _OF in label


def venues_with(frame: pd.DataFrame, column: str) -> tuple[str, ...]:
    """Return the venues whose part of a column a checked frame has, in order."""
    start = f"{column}{_OF}"
    return tuple(label.removeprefix(start) for label in frame.columns if label.startswith(start))
