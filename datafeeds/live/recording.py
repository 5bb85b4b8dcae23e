"""One recording: messages become lines of journals, and frames become times over which the feed was heard."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from datafeeds.errors import ReplyError
from datafeeds.live.feeds import Feed
from datafeeds.live.heard import HeardIntervals
from datafeeds.live.journal import Journal
from datafeeds.live.liquidation import Markets, Message

_CLOCK_SLACK_MS = 5_000  # *assumption*: clocks that are set over the network differ by less
_NO_CLOCK_MS = 3_600_000  # a message from this far ahead is damaged, rather than our clock slow


@dataclass(frozen=True)
class Recorded:
    """What a recording brought: liquidations written, messages that could not be read, connections that stood."""

    events: int
    unreadable: int
    connections: int


class Recording:
    """Hears a connection (`datafeeds.live.connection.Listener`) and writes journals.

    Parameters
    ----------
    feed, markets
        What is followed.
    journals
        By unified symbol.
    now_ms
        The clock of receipt; it is kept from running backwards, so that nothing is known before what came earlier.
    report
        Takes sentences for people.
    """

    def __init__(
        self,
        feed: Feed,
        markets: Markets,
        journals: dict[str, Journal],
        now_ms: Callable[[], int],
        report: Callable[[str], None],
    ) -> None:
        self.feed, self.markets, self.report = feed, markets, report
        self._journals, self._clock, self._latest = journals, now_ms, 0
        self._heard = HeardIntervals(int(feed.idle_seconds * 1000))
        self._standing, self._slow = False, 0
        self.so_far = Recorded(0, 0, 0)

    def _now(self) -> int:
        self._latest = max(self._latest, self._clock())
        return self._latest

    def text(self, text: str) -> bool:
        """Take a text message; return whether the subscription stands.

        Raises
        ------
        SourceError
            If it is a refusal.
        """
        now = self._now()
        try:
            message = self.feed.hear(text, self.markets)
            ahead = _ahead(message, now)
        except ReplyError as error:
            self._unreadable(str(error), now)
            return self._standing
        for found in message.liquidations:
            known = replace(found, known_at=max(found.known_at, now))
            self._journals[found.market.symbol].event(known, now)
        self.so_far = replace(self.so_far, events=self.so_far.events + len(message.liquidations))
        if message.subscribed and not self._standing:
            self._standing = True
            self._heard.begin(now)
            self.so_far = replace(self.so_far, connections=self.so_far.connections + 1)
        self._heard.heard(now)
        if ahead > _CLOCK_SLACK_MS:
            self._slow_clock(ahead, now)
        return self._standing

    def binary(self) -> None:
        """Take a message that should have been text."""
        self._unreadable("it is binary", self._now())

    def heard(self) -> None:
        """Take a sign of life."""
        self._heard.heard(self._now())

    def lost(self) -> None:
        """Claim nothing more until the next subscription stands."""
        self._standing = False
        self._heard.end()

    def flush(self) -> None:
        """Write what came: events before the claim of their time.

        Raises
        ------
        MarketError
            If it cannot be written.
        """
        for start, end in self._heard.take():
            for journal in self._journals.values():
                journal.alive(start, end)
        for journal in self._journals.values():
            journal.flush()

    def _unreadable(self, why: str, now: int) -> None:
        self._heard.missed(now)
        count = self.so_far.unreadable + 1
        self.so_far = replace(self.so_far, unreadable=count)
        if _worth_saying(count):
            what = f"{self.feed.venue}: {count:,} messages could not be read so far, the last because {why}"
            self.report(f"{what}; their seconds count as not observed")

    def _slow_clock(self, ahead: int, now: int) -> None:
        self._heard.missed(now)
        self._slow += 1
        if _worth_saying(self._slow):
            self.report(f"this machine's clock is {ahead / 1000:,.0f} s behind {self.feed.venue}'s: set it")


def _ahead(message: Message, now: int) -> int:
    ahead = max([found.known_at - now for found in message.liquidations], default=0)
    if ahead > _NO_CLOCK_MS:
        raise ReplyError(f"a liquidation lies {ahead / 3.6e6:,.1f} hours ahead of this machine's clock")
    return ahead


def _worth_saying(count: int) -> bool:
    return count & (count - 1) == 0  # the first, second, fourth, ...: a venue that changes its form must not flood
