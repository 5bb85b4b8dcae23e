"""One coin on many exchanges as one market: the first venue's prices, and sizes summed over all."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from datafeeds.schema import Market, market_from_frame
from datafeeds.text import listed
from datafeeds.venue_columns import SUMMED, is_venue_column, venue_column, venues_with

_LIQUIDATED = SUMMED[2:]


def sum_of_venues(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one canonical frame of several venues' frames.

    Parameters
    ----------
    parts
        Frames of canonical columns (`ts` and sizes in base coin) by venue; what each knows at a bar's close is known then. The
        first one's bars are traded. A venue whose frame has the column `open_interest` belongs to its sum, also where
        nothing is known of it.

    Returns
    -------
    pandas.DataFrame
        A row a bar of the first venue: its prices, marks, funding and ratio; `volume`, `open_interest`, `taker_buy_volume` and
        liquidations as sums; and of each sum the venues' own parts (`venue_column`), NaN where a venue knows nothing. What
        frames have of their venue's largest liquidations stays as it is.

    Notes
    -----
    Row t follows from the parts' rows t alone. A sum is unknown where one of its parts is; the volume alone, which every bar
    must have, is then that of the others. Takers' purchases are a sum only where all venues tell them. Where any venue has
    open interest, liquidations are summed over those that have it: the others' are no part of what the map holds.
    """
    first = next(iter(parts.values()))
    aligned = {venue: frame.set_index("ts").reindex(first["ts"]) for venue, frame in parts.items()}
    held = [venue for venue, frame in aligned.items() if "open_interest" in frame] or list(parts)
    summed: dict[str, np.ndarray] = {}
    own: dict[str, np.ndarray] = {}
    for column in SUMMED:
        venues = held if column in _LIQUIDATED else list(parts)
        told = {venue: aligned[venue][column].to_numpy() for venue in venues if column in aligned[venue]}
        if told:
            summed[column] = _sum([np.nan_to_num(part) if column == "volume" else part for part in told.values()])
            own |= {venue_column(column, venue): part for venue, part in told.items()}
    for venue in held:
        own |= {label: aligned[venue][label].to_numpy() for label in aligned[venue].columns if is_venue_column(label)}
    if all("taker_buy_volume" in frame for frame in aligned.values()):
        summed["taker_buy_volume"] = _sum([frame["taker_buy_volume"].to_numpy() for frame in aligned.values()])
    parted = [label for label in first.columns if is_venue_column(label)]
    kept = first.drop(columns=[*SUMMED, *parted, "taker_buy_volume", "open_interest_break"], errors="ignore")
    return kept.reset_index(drop=True).assign(**summed, **own)


def _sum(parts: list[np.ndarray]) -> np.ndarray:
    """Return the sum in the order of the venues, which any recount can repeat bit for bit."""
    total = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def mapped_venues(market: Market) -> tuple[str, ...]:
    """Return the venues whose positions a summed market's map holds: those in the sum of open interest, without one all."""
    return venues_with(market.frame, "open_interest") or market.venues


def of_venue(market: Market, venue: str) -> Market:
    """Return a summed market's bars with the sizes of one of its venues alone; its volume is 0 in bars that it lacks.

    The traded prices stay, so that the maps of all venues are parts of one map and add up to it.
    """
    frame = market.frame
    own = {column: venue_column(column, venue) for column in SUMMED if venue_column(column, venue) in frame}
    others = [column for column in frame.columns if is_venue_column(column)]
    kept = frame.drop(columns=[*SUMMED, *others, "taker_buy_volume", "open_interest_break"], errors="ignore")
    sizes = frame[list(own.values())].set_axis(list(own), axis=1).fillna({"volume": 0.0})
    return market_from_frame(kept.join(sizes), f"{market.name} on {venue}", market.simulated, market.bar_seconds)


def sum_remarks(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return what is summed in a frame of `sum_of_venues`, and what is not, one sentence each."""
    venues, held = venues_with(frame, "volume"), venues_with(frame, "open_interest")
    reporting = venues_with(frame, _LIQUIDATED[0])
    told = [
        f"sizes are sums over {listed(venues)}; prices, marks and funding are those of {venues[0]}",
        "where a venue lacks a bar, the sum of open interest or liquidations is unknown, and the volume is that of the others",
    ]
    if held and (without := [venue for venue in venues if venue not in held]):
        told.append(
            f"no open interest of {listed(without)} in the catalog: it is not in the sum, and liquidations there are left out"
        )
    if reporting and (silent := [venue for venue in held or venues if venue not in reporting]):
        told.append(
            f"no liquidations of {listed(silent)} in the catalog: their sum is a part, that of {listed(reporting)}"
        )
    return tuple(told)
