"""The errors that market data raises: bad data, and sources that do not deliver."""


class MarketError(ValueError):
    """Market data that cannot be used; its text is one sentence: what is wrong, where, and how to mend it."""

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.splitlines()))  # what it shows of a file may break a line


class TooShortError(MarketError):
    """A market that has fewer bars in a range, or of a length, than anything can be made of."""


class SourceError(RuntimeError):
    """A source that cannot be reached or refuses; its text is one sentence without secrets. What was stored stays stored."""


class TemporaryError(SourceError):
    """A failure that waiting may cure.

    Attributes
    ----------
    retry_after_seconds
        How long the source asked to wait; None if it did not say.
    """

    def __init__(self, text: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_seconds = retry_after_seconds


class ReplyError(TemporaryError):
    """A reply that is damaged or not of the documented form. Asking again may cure it: proxies and outages make such."""
