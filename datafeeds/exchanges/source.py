"""How one kind of series is had from one venue: what to ask, and how to read the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from datafeeds.exchanges.contract import Contract
from datafeeds.series import Rows

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True)
class Request:
    """One request: ccxt's name of the endpoint, its parameters, and whether its reply serves several pages."""

    endpoint: str
    parameters: Mapping[str, Any]
    serves_several: bool = False


@dataclass(frozen=True)
class Source:
    """One kind of series at one venue.

    Attributes
    ----------
    kind
        A key of `datafeeds.series.KINDS`.
    ask
        ``(contract, word, period_ms, start_ms, end_ms) -> requests`` for the rows with start <= ts < end; `word` is the
        venue's for the timeframe. More than one where the answer to one cannot be read without the other.
    read
        ``(replies, contract, timeframe) -> Rows``, in any order, perhaps with others around them; raises `ReplyError`.
    page_rows
        Rows that one reply holds at most.
    words
        Timeframes the venue has, and its words for them; ``{"": ""}`` for kinds without one.
    oldest_first
        Whether too wide a range is answered from its beginning.
    window_ms
        What a request may span at most; 0: what a page holds.
    spacing_ms
        Kinds without a timeframe: time between two rows until these tell it. *Assumption*.
    reach_ms, reach_rows
        How far back the venue keeps it, in time or in periods; 0: to the listing.
    kept_for_good
        Timeframes of which it keeps every row all the same.
    settled_ms
        How long after its time a row may still be missing. *Assumption*.
    by_default
        Whether it is downloaded unless others are named.
    remark
        ``(replies) -> sentence``: what the user should know about how replies that `read` took were read; mostly nothing.
    """

    kind: str
    ask: Callable[[Contract, str, int, int, int], tuple[Request, ...]]
    read: Callable[[tuple[Any, ...], Contract, str], Rows]
    page_rows: int
    words: Mapping[str, str] = field(default_factory=lambda: {"": ""})
    oldest_first: bool = False
    window_ms: int = 0
    spacing_ms: int = 8 * HOUR_MS
    reach_ms: int = 0
    reach_rows: int = 0
    kept_for_good: tuple[str, ...] = ()
    settled_ms: int = HOUR_MS
    by_default: bool = True
    remark: Callable[[tuple[Any, ...]], str] = lambda replies: ""

    def kept_rows(self, timeframe: str) -> int:
        """Return how many rows of a timeframe the venue keeps; 0: all."""
        return 0 if timeframe in self.kept_for_good else self.reach_rows


CANDLES_SETTLED_MS = 10_000
"""*Assumption*: a closed candle is final some seconds later."""
