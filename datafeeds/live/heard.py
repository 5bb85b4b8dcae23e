"""Over which times a feed was provably heard."""

from datafeeds.catalog.coverage import Intervals

_SECOND_MS = 1000


class HeardIntervals:
    """Collects the times over which a connection stood, in milliseconds of receipt.

    A frame proves the time since the frame before it: one connection delivers in order, so nothing that was sent earlier is
    still to come. They end on whole seconds, so that the second of an unreadable message has not been claimed yet.

    Parameters
    ----------
    longest_ms
        A silence longer than this proves nothing: the connection was lost, or this machine slept.
    """

    def __init__(self, longest_ms: int) -> None:
        self._longest_ms = longest_ms
        self._open: tuple[int, int] | None = None
        self._done: Intervals = []

    def begin(self, now_ms: int) -> None:
        """Begin to claim: the subscription stands."""
        self.end()
        self._open = now_ms, now_ms

    def heard(self, now_ms: int) -> None:
        """Claim the time since the last frame."""
        if self._open is None:
            return
        since, until = self._open
        if now_ms - until > self._longest_ms:
            self.begin(now_ms)
        else:
            self._open = since, max(until, now_ms)

    def missed(self, now_ms: int) -> None:
        """Leave out the second of a message that could not be read."""
        self.heard(now_ms)
        if self._open is None:
            return
        since, until = self._open
        second = now_ms - now_ms % _SECOND_MS
        self._open = since, min(until, second)
        self.begin(max(since, second + _SECOND_MS))

    def end(self) -> None:
        """Claim no more: the connection is gone."""
        if self._open is not None:
            self._close()
        self._open = None

    def take(self) -> Intervals:
        """Return what was claimed since the last call."""
        if self._open is not None:
            self._open = self._close(), self._open[1]
        taken, self._done = self._done, []
        return taken

    def _close(self) -> int:
        since, until = self._open or (0, 0)
        whole = until - until % _SECOND_MS
        if whole > since:
            self._done.append((since, whole))
        return max(since, whole)
