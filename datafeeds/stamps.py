"""What a venue's time stamp on a snapshot means: the instant itself, or the open of the period at whose end it was taken.

Read the wrong way, open interest is known one period too early: a look-ahead that flatters every backtest.
"""

from dataclasses import dataclass

import numpy as np

from datafeeds.errors import MarketError


@dataclass(frozen=True)
class Stamp:
    """A convention.

    Attributes
    ----------
    venue, origin, kind
        Whose series: origin is ``api`` or ``archive``, kind ``open_interest`` or ``long_short_ratio``.
    since_ms
        First stamp to which it applies, milliseconds since 1970.
    at
        ``open``: a row stamped T stood at T. ``close``: a row stamped T stood at T + period.
    source
        Where that comes from.
    """

    venue: str
    origin: str
    kind: str
    since_ms: int
    at: str
    source: str


BINANCE_RELABELLED_MS = 1_782_345_600_000
"""2026-06-25 00:00 UTC: from then on Binance's metrics are stamped by the start of their period (binance-public-data#491)."""

_MEASURED = "project's reference data: the stamp at which the venue's own bars and snapshots agree"
_RELABELLED = (
    "github.com/binance/binance-public-data/issues/491; the REST documentation is said there to be outdated alike"
)
_LATER = "assumption: undocumented, so the later reading is taken, which cannot look ahead"

STAMPS = tuple(
    Stamp(venue, origin, kind, since_ms, at, source)
    for venue, origin, kinds, since_ms, at, source in (
        ("binance", "api", ("open_interest", "long_short_ratio"), 0, "open", _MEASURED),
        ("binance", "api", ("open_interest", "long_short_ratio"), BINANCE_RELABELLED_MS, "close", _RELABELLED),
        ("binance", "archive", ("open_interest", "long_short_ratio"), 0, "open", _RELABELLED),
        ("binance", "archive", ("open_interest", "long_short_ratio"), BINANCE_RELABELLED_MS, "close", _RELABELLED),
        ("bybit", "api", ("open_interest",), 0, "open", _MEASURED),
        ("bybit", "api", ("long_short_ratio",), 0, "close", _LATER),
        ("okx", "api", ("open_interest", "long_short_ratio"), 0, "close", _LATER),
        (
            "coinalyze",
            "api",
            ("open_interest",),
            0,
            "close",
            "api.coinalyze.net/v1/doc: a row is a candle, its close the last",
        ),
        ("gate", "api", ("open_interest", "long_short_ratio"), 0, "close", _MEASURED),
    )
    for kind in kinds
)
"""All conventions, in order of their beginning."""


def stood_at(venue: str, origin: str, kind: str, stamps_ms: np.ndarray, period_ms: int) -> np.ndarray:
    """Return the instants (n,) at which values stamped `stamps_ms` (n,) stood, milliseconds since 1970.

    Raises
    ------
    MarketError
        For a series whose convention is not listed: it must not be guessed.

    Examples
    --------
    Gate stamps by the period's open what stood at its close:

    >>> stood_at("gate", "api", "open_interest", np.array([1_688_219_400_000]), 300_000).tolist()
    [1688219700000]
    """
    instants = stamps_ms.copy()
    for rule in _rules(venue, origin, kind):
        instants = np.where(stamps_ms >= rule.since_ms, stamps_ms + _late(rule, period_ms), instants)
    return instants


def stamps_of(venue: str, origin: str, kind: str, start_ms: int, end_ms: int, period_ms: int) -> tuple[int, int]:
    """Return the range of stamps (half-open) that holds the values that stood in ``[start_ms, end_ms)``, and few others.

    Raises
    ------
    MarketError
        For a series whose convention is not listed.
    """
    first, last = start_ms, end_ms
    for rule in _rules(venue, origin, kind):
        late = _late(rule, period_ms)
        if start_ms - late >= rule.since_ms:
            first = start_ms - late
        if end_ms - late > rule.since_ms:
            last = end_ms - late
    return first, last


def _rules(venue: str, origin: str, kind: str) -> list[Stamp]:
    rules = [stamp for stamp in STAMPS if (stamp.venue, stamp.origin, stamp.kind) == (venue, origin, kind)]
    if not rules:
        raise MarketError(f"{venue} {kind}: what its time stamps mean is not listed in datafeeds/stamps.py")
    return rules


def _late(rule: Stamp, period_ms: int) -> int:
    return period_ms if rule.at == "close" else 0
