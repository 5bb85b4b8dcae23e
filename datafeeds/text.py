"""Words of messages for people."""

from collections.abc import Sequence

_LONGEST = 100


def shown(text: object) -> str:
    r"""Return a text from outside as one short line without control characters.

    Examples
    --------
    >>> shown("a\n\x1b[31m b")
    'a ?[31m b'
    """
    line = " ".join(str(text)[:1000].split())[:_LONGEST]
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def reason(error: BaseException) -> str:
    """Return what an exception of a library says, or its type if it says nothing."""
    return shown(error) or type(error).__name__


def listed(names: Sequence[str]) -> str:
    """Return names as a list within a sentence.

    Examples
    --------
    >>> listed(["binance"]), listed(["binance", "bybit", "okx"])
    ('binance', 'binance, bybit and okx')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
