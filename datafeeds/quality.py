"""What is wrong with market data that can still be used: found, counted, named. Nothing is repaired in silence."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datafeeds.daylight import skipping_zone
from datafeeds.funding import funding_doubts
from datafeeds.plausibility import mark_doubt, size_doubts
from datafeeds.venue_columns import SUMMED, is_venue_column, venue_column, venues_with
from datafeeds.written_times import EPOCH_UNITS, units_of

BREAK_LOG_RATIO = float(np.log(1.4))
"""One-bar change of open interest that raises a suspicion. *Assumption* between what was seen: crashes and squeezes moved
Bybit's BTC and ETH by at most |log ratio| .283 in an hour (2020-2025), changes of the series by .372 to .912."""

BREAK_NET_SHARE = 0.075
"""Share of the bar's volume that such a change would take net, contracts counted once. *Assumption*: there the changes of the
series took .09 to .40, a median bar .03, moves above .2 between .03 and .31; a move that its volume explains easily is no break."""

_WHAT_FOLLOWS = "sizes follow it, phases and wipes skip it"

_LEVEL_SHIFT = 0.2  # assumption: what open interest may drift over a hole of days without raising a doubt


@dataclass(frozen=True)
class Defect:
    """One finding.

    Attributes
    ----------
    kind
        missing, gap, zero volume, suspected break, level shift, funding, naive times, off the grid, mixed units, local time,
        size, mark.
    column
        Where.
    count
        Rows.
    first, last
        Times of the first and last of them, UTC.
    text
        The finding in one sentence.
    """

    kind: str
    column: str
    count: int
    first: pd.Timestamp
    last: pd.Timestamp
    text: str


@dataclass(frozen=True)
class Quality:
    """All findings about a market, in the order of the checks."""

    defects: tuple[Defect, ...]

    def sentences(self) -> list[str]:
        """Return one sentence a finding, for people."""
        return [defect.text for defect in self.defects]


def epoch_nanoseconds(ts: pd.Series) -> np.ndarray:
    """Return tz-aware times as int64 nanoseconds since 1970, (n,)."""
    return ts.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64)


def open_interest_breaks(frame: pd.DataFrame) -> np.ndarray:
    """Return the bars (n,) at which the change of open interest says nothing of positions.

    Notes
    -----
    Causal: bar t is judged by bars up to t. Two reasons: the series itself seems to have changed (`BREAK_LOG_RATIO` and
    `BREAK_NET_SHARE` both exceeded), or open interest was missing just before, so the change spans more than this bar. A break
    of one venue's part is one of the sum, which it may move by too little to be seen there.
    """
    breaks = np.zeros(len(frame), dtype=bool)
    for series, volume in _open_interests(frame):
        known = frame[series].notna().to_numpy()
        previous = frame[series].ffill().shift(1).to_numpy()
        first_known = int(known.argmax()) if known.any() else len(frame)
        after_hole = known & ~np.r_[True, known[:-1]]
        after_hole[: first_known + 1] = False
        breaks |= after_hole | _suspected(frame[series].to_numpy(), previous, frame[volume].to_numpy())
    return breaks


def _open_interests(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the names of open interest and its volume: the market's, and each venue's part where there are several."""
    names = [("open_interest", "volume")] if "open_interest" in frame else []
    of_venues = venues_with(frame, "open_interest")
    return names + [(venue_column("open_interest", venue), venue_column("volume", venue)) for venue in of_venues]


def _suspected(current: np.ndarray, previous: np.ndarray, volume: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(np.log(current / previous))
        share = np.abs(current - previous) / volume
    return (ratio > BREAK_LOG_RATIO) & ((share > BREAK_NET_SHARE) | (volume == 0.0))


def inspect(
    frame: pd.DataFrame, bar_seconds: int, extra: Iterable[tuple[str, pd.Series]] = (), naive_times: bool = False
) -> Quality:
    """Return the findings about a canonical frame.

    Parameters
    ----------
    frame
        As `schema.market_from_frame` builds it.
    bar_seconds
        Length of a bar.
    extra
        Columns outside the schema and their names; only their missing values are reported.
    naive_times
        Whether the times came without a zone.
    """
    found: list[Defect] = []
    ts = frame["ts"]
    if naive_times:
        found.append(
            Defect("naive times", "ts", len(frame), ts.iloc[0], ts.iloc[-1], "times without a zone are taken as UTC")
        )
    found += _gaps(ts, bar_seconds)
    found += _zero_volume(frame)
    always = ("ts", "open", "high", "low", "close", "volume", "funding_rate", "funding_rate_within")
    for column in frame.columns.drop(list(always), errors="ignore"):
        if not is_venue_column(column):
            found += _missing(ts, frame[column], column)
    for column in SUMMED:
        for label in (venue_column(column, venue) for venue in venues_with(frame, column)):
            found += _missing(ts, frame[label], label, always=True)
    for column, values in extra:
        found += _missing(ts, values.reset_index(drop=True), column)
    if "open_interest" in frame:
        found += _level_shifts(frame)
    for names in _open_interests(frame):
        found += _break_doubts(frame, *names)
    if "funding_rate" in frame:
        found += _funding(frame, bar_seconds)
    columns = {name: frame[name].to_numpy() for name in frame.columns if name != "ts"}
    doubts = [*size_doubts(columns, bar_seconds), *mark_doubt(columns)]
    found += [_defect(kind, column, ts, text) for kind, column, text in doubts]
    return Quality(tuple(found))


def stamp_doubts(given: pd.Series, ts: pd.Series, moved: np.ndarray) -> list[Defect]:
    """Return what is doubtful of a market's times as they were given.

    Parameters
    ----------
    given
        (n,) as they came.
    ts
        (n,) as they are kept, UTC.
    moved
        (n,) which were moved onto the bars' grid.
    """
    found = []
    if moved.any():
        text = f"{_bars(ts[moved])} stamped a moment off the grid and moved onto it, the first to {_stamp(ts[moved].iloc[0])}"
        found.append(_defect("off the grid", "ts", ts[moved], text))
    if pd.api.types.is_numeric_dtype(given) and len(units := np.unique(units_of(given))) > 1:
        names = " and ".join(EPOCH_UNITS[unit][0] for unit in units)
        text = f"times are counted in {names} in one file; each is read by its own size: write all in one unit"
        found.append(_defect("mixed units", "ts", ts, text))
    return found


def _defect(kind: str, column: str, where: pd.Series, text: str) -> Defect:
    return Defect(kind, column, len(where), where.iloc[0], where.iloc[-1], text)


def _bars(where: pd.Series) -> str:
    return f"{len(where)} bar{'s' if len(where) > 1 else ''}"


def _stamp(time: pd.Timestamp) -> str:
    return f"{time:%Y-%m-%d %H:%M}"


def _gaps(ts: pd.Series, bar_seconds: int) -> list[Defect]:
    steps = np.diff(epoch_nanoseconds(ts)) // (bar_seconds * 1_000_000_000)
    after = np.flatnonzero(steps > 1)
    if not len(after):
        return []
    missing, longest = int((steps[after] - 1).sum()), int(steps[after].argmax())
    begin = ts.iloc[after[longest]]
    size = f"{steps[after[longest]] - 1} bars"
    text = f"{len(after)} gaps in time, {missing} bars missing; the longest after {_stamp(begin)} ({size})"
    found = [_defect("gap", "ts", ts.iloc[after], text)]
    for row in after:
        if zone := skipping_zone(ts.iloc[row], ts.iloc[row + 1], bar_seconds):
            text = (
                f"the hour after {_stamp(ts.iloc[row])} is missing, in the night in which clocks change: local times are all "
                f'off by hours; for them, map the file with [time] zone = "{zone}"'
            )
            found.append(_defect("local time", "ts", ts.iloc[[row]], text))
            break
    return found


def _zero_volume(frame: pd.DataFrame) -> list[Defect]:
    where = frame["ts"][frame["volume"] == 0.0]
    if where.empty:
        return []
    text = f"{_bars(where)} with zero volume, the first at {_stamp(where.iloc[0])}"
    if len(where) == len(frame):
        text = "no bar has any volume: is another column meant? Without volume and open interest there is no map"
    return [_defect("zero volume", "volume", where, text)]


def _missing(ts: pd.Series, values: pd.Series, column: str, always: bool = False) -> list[Defect]:
    """Return the rows without a value; `always`: also where there is none at all, which is no defect else."""
    absent = values.isna().to_numpy()
    if not absent.any() or (absent.all() and not always):
        return []
    where = ts[absent]
    runs = int((np.diff(np.r_[False, absent].astype(int)) == 1).sum())
    span = f"{_stamp(where.iloc[0])} .. {_stamp(where.iloc[-1])}"
    text = f"{_bars(where)} without {column}, in {runs} run{'s' if runs > 1 else ''}: {span}"
    return [_defect("missing", column, where, text)]


def _level_shifts(frame: pd.DataFrame) -> list[Defect]:
    series, found = frame["open_interest"], []
    known = series.notna().to_numpy()
    previous = series.ffill().shift(1)
    for row in np.flatnonzero(known & ~np.r_[True, known[:-1]] & previous.notna().to_numpy()):
        change = float(series.iloc[row] / previous.iloc[row] - 1.0)
        if abs(change) > _LEVEL_SHIFT:
            word = "higher" if change > 0.0 else "lower"
            where = frame["ts"].iloc[[row]]
            text = (
                f"open_interest is {abs(change):.0%} {word} after its hole, at {_stamp(where.iloc[0])}; {_WHAT_FOLLOWS}"
            )
            found.append(_defect("level shift", "open_interest", where, text))
    return found


def _break_doubts(frame: pd.DataFrame, column: str, volume_column: str) -> list[Defect]:
    series = frame[column].to_numpy()
    previous, volume = np.r_[np.nan, series[:-1]], frame[volume_column].to_numpy()
    rows = np.flatnonzero(_suspected(series, previous, volume))
    found = []
    for row in rows:
        where = frame["ts"].iloc[[row]]
        change = abs(series[row] - previous[row])
        share = f"{change / volume[row]:.0%} of its volume" if volume[row] > 0.0 else "no volume at all"
        text = (
            f"suspected break of {column} at {_stamp(where.iloc[0])}: {previous[row]:,.0f} -> {series[row]:,.0f} "
            f"({series[row] / previous[row] - 1.0:+.0%}, {share}); doubtful: {_WHAT_FOLLOWS}"
        )
        found.append(_defect("suspected break", column, where, text))
    return found


def _funding(frame: pd.DataFrame, bar_seconds: int) -> list[Defect]:
    ts, seconds = frame["ts"], epoch_nanoseconds(frame["ts"]) // 1_000_000_000
    within = frame["funding_rate_within"].to_numpy() if "funding_rate_within" in frame else None
    doubts = funding_doubts(seconds, frame["funding_rate"].to_numpy(), bar_seconds, within)
    return [_defect("funding", "funding_rate", ts[rows], text) for rows, text in doubts]
