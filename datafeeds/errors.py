"""The one error that bad market data raises."""


class MarketError(ValueError):
    """Market data that cannot be used; its text is one sentence: what is wrong, where, and how to mend it."""
