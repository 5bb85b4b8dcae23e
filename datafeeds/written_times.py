"""Times as the world writes them: numbers of any unit since 1970, ISO, dates with dots, days before months or after them."""

import re
import warnings

import numpy as np
import pandas as pd

from datafeeds.errors import MarketError

EPOCH_UNITS = (("s", 1.0), ("ms", 1e12), ("us", 1e15), ("ns", 1e18))
"""Units and the least number of each that is a time of this century."""

_ISO = "ISO8601"
_FORMATS = (
    "%Y.%m.%d %H:%M:%S",  # MetaTrader
    "%Y.%m.%d %H:%M",
    "%Y.%m.%d",
    "%Y%m%d %H%M%S",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %I-%p",  # CryptoDataDownload before 2021
)
_ZONED = r"(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$"
_DAY_MONTH = r"^(\d{1,2})([./-])(\d{1,2})[./-]\d{2,4}\b"
_COMPACT = re.compile(r"\d{8}(\d{6})?")


def units_of(numbers: pd.Series) -> np.ndarray:
    """Return which of `EPOCH_UNITS` each number of (n,) counts, by its size: the ranges of this century do not meet."""
    values = np.abs(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.searchsorted([least for _, least in EPOCH_UNITS[1:]], values, side="right")


def number_times(numbers: pd.Series) -> pd.Series:
    """Return UTC times of numbers (n,) since 1970, each by its own unit; 20240101 and 20240101235959 are dates.

    Raises
    ------
    ValueError, OverflowError
        For numbers that are no times.
    """
    if is_compact(numbers):
        short = len(str(numbers.iloc[0])) == 8
        return pd.to_datetime(numbers.astype(str), format="%Y%m%d" if short else "%Y%m%d%H%M%S", utc=True)
    units = units_of(numbers)
    times = pd.Series(pd.NaT, index=numbers.index, dtype="datetime64[ns, UTC]")
    for place, (unit, _) in enumerate(EPOCH_UNITS):
        rows = units == place
        if rows.any():
            times[rows] = pd.to_datetime(numbers[rows], unit=unit, utc=True)
    return times


def is_compact(numbers: pd.Series) -> bool:
    """Return whether numbers (n,) are dates written as 20240101 or 20240101235959."""
    if not (pd.api.types.is_integer_dtype(numbers) and len(numbers) and _COMPACT.fullmatch(str(numbers.iloc[0]))):
        return False
    texts = numbers.astype(str)
    return bool(texts.str.fullmatch(_COMPACT.pattern).all()) and bool(
        texts.str[:4].astype(int).between(2009, 2099).all()
    )


def names_zone(texts: pd.Series) -> pd.Series:
    """Return which texts (n,) end in a zone."""
    return texts.str.contains(_ZONED) & texts.str.contains(":")


def text_times(texts: pd.Series) -> pd.Series:
    """Return times of texts (n,): in UTC where the texts name a zone, else without a zone.

    Raises
    ------
    ValueError
        For what is no time.
    MarketError
        If only some texts name a zone, or days cannot be told from months.
    """
    texts = texts.astype(str).str.strip()
    zoned = names_zone(texts)
    if zoned.any() and not zoned.all():
        raise MarketError(
            f"only some times name a zone ({texts[zoned].iloc[0]} and {texts[~zoned].iloc[0]}); write all alike"
        )
    utc = bool(len(zoned)) and bool(zoned.all())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas' advice on formats is for programmers
        for form in (_ISO, *_FORMATS):
            try:
                return pd.to_datetime(texts, format=form, utc=utc)
            except ValueError:
                continue
        return pd.to_datetime(texts, format="mixed", dayfirst=_day_first(texts), utc=utc)


def _day_first(texts: pd.Series) -> bool:
    """Return whether days stand before months: told by a number above 12, by the dots of a German date, or by even steps."""
    parts = texts.str.extract(_DAY_MONTH)
    if parts.isna().any(axis=None) or not len(parts):
        return False
    first, second = parts[0].astype(int), parts[2].astype(int)
    if first.max() > 12 or second.max() > 12 or (parts[1] == ".").all():
        return bool(first.max() > 12 or second.max() <= 12)
    kinds = [pd.to_datetime(texts, format="mixed", dayfirst=way).diff().dropna().nunique() for way in (True, False)]
    if kinds[0] == kinds[1]:
        raise MarketError(
            f'{texts.iloc[0]!r} may name the day or the month first; say [time] format = "%d/%m/%Y %H:%M"'
        )
    return kinds[0] < kinds[1]
