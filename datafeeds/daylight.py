"""Local times taken for UTC: where clocks change, an hour is missing in spring and stands twice in autumn."""

import zoneinfo

import pandas as pd

_ZONES = ("Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York")
"""One zone for each local hour and day on which much of the world's clocks change."""


def skipping_zone(before: pd.Timestamp, after: pd.Timestamp, bar_seconds: int) -> str | None:
    """Return a zone in which all bars between two UTC stamps, read as local times, do not exist; None if there is none."""
    if (after - before).total_seconds() > 3600 + bar_seconds:
        return None
    missing = pd.date_range(before, after, freq=pd.Timedelta(seconds=bar_seconds), inclusive="neither").tz_localize(
        None
    )
    return _first(missing, nonexistent="NaT", ambiguous=False) if len(missing) else None


def doubling_zone(stamp: pd.Timestamp) -> str | None:
    """Return a zone in which a UTC stamp, read as a local time, exists twice; None if there is none."""
    return _first(pd.DatetimeIndex([stamp.tz_localize(None)]), nonexistent="shift_forward", ambiguous="NaT")


def _first(times: pd.DatetimeIndex, **how: object) -> str | None:
    return next((zone for zone in _ZONES if times.tz_localize(zoneinfo.ZoneInfo(zone), **how).isna().all()), None)
