"""Words of messages for people."""

import difflib
from collections.abc import Iterable, Sequence

from datafeeds.errors import MarketError

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


def refuse_unknown(given: Iterable[str], names: Sequence[str], what: str) -> None:
    """Refuse a name that is none of those there are.

    Raises
    ------
    MarketError
        With the nearest that is, or all.
    """
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise MarketError(f"unknown {what} {name[:40]!r}; {hint}")
