"""Messages damaged in every way: refused, or rows that can be."""

import json
import random
from dataclasses import astuple

import numpy as np
import pytest

from datafeeds.catalog.rows import check_rows, complete
from datafeeds.errors import ReplyError
from datafeeds.live.feeds import FEEDS, parse
from datafeeds.series import Series, no_rows
from tests.datafeeds.live.examples import EXAMPLES, MARKETS, changed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "1",
        "null",
        "pong!",
        '"pong"',
        "{",
        "{}}",
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5000,
        "\ud800",
        "NaN",
    ],
    ids=lambda text: text[:8],
)
@pytest.mark.parametrize("venue", FEEDS)
def test_what_is_no_object_is_a_damaged_reply(venue, text):
    with pytest.raises(ReplyError):
        parse(venue, text, MARKETS[venue])


DETAIL = ("data", 0, "details", 0)
FIELDS = {
    "bybit": [("ts",), ("data",), *(("data", 0, key) for key in "TsSvp")],
    "binance": [("E",), ("o",), *(("o", key) for key in ("s", "S", "z", "ap", "T"))],
    "okx": [
        ("data",),
        ("data", 0, "instId"),
        DETAIL[:3],
        *((*DETAIL, key) for key in ("bkPx", "posSide", "side", "sz", "ts")),
    ],
}
WRONG = [None, True, {}, "", "x", -1, "-1", 1e400, "nan", 10**400, 1.5e-320, "\ud800"]


@pytest.mark.parametrize("venue", FEEDS)
def test_each_field_that_is_read_is_checked(venue):
    for path in FIELDS[venue]:
        for value in WRONG:
            # any text is a symbol, if an unknown one; okx calls no position ""; any number above 0 is a price or a size
            may_be = isinstance(value, str) and path[-1] in ("s", "instId") and venue != "bybit"
            may_be |= path[-1] == "posSide" and value == ""
            may_be |= value == 1.5e-320 and path[-1] in ("v", "p", "z", "ap", "sz", "bkPx")
            assert (outcome(venue, changed(EXAMPLES[venue], path, value)) == "refused") != may_be, (path, value)


def outcome(venue, text):
    """Return what became of a message: refused, or rows that the catalog would take."""
    try:
        found = parse(venue, text, MARKETS[venue])
    except ReplyError:
        return "refused"
    columns = zip(*[astuple(one)[1:] for one in found], strict=True) if found else [()] * 5
    types = {name: column.dtype for name, column in no_rows("liquidations").items()}
    names = ("ts", "known_at", "side", "price", "size")
    rows = {name: np.array(column, dtype=types[name]) for name, column in zip(names, columns, strict=True)}
    order = np.argsort(rows["ts"], kind="stable")
    series = Series(venue, "A/USDT:USDT", "liquidations")
    check_rows(series, complete(series, {name: column[order] for name, column in rows.items()}))
    return "rows" if found else "nothing"


def mutated(text, rng):
    if rng.random() < 0.4:
        reply = json.loads(text)
        at, key = reply, None
        while isinstance(at, (dict, list)) and at and (key is None or rng.random() < 0.75):
            holder, key = at, rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
            at = holder[key]
        if rng.random() < 0.3:
            del holder[key]
        else:
            holder[key] = rng.choice([*WRONG, 0, "0", 7, "1e308", [], [[]], [at, at], {"0": at}, "Sell", "BUY", "long"])
        return json.dumps(reply)
    letters = list(text)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(letters))
        change = rng.choice(["delete", "double", "cut", "letter", "swap"])
        if change == "delete":
            del letters[at]
        elif change == "double":
            letters.insert(at, letters[at])
        elif change == "cut":
            del letters[at + 1 :]
        elif change == "letter":
            letters[at] = chr(rng.choice([rng.randrange(32, 127), 0, 0xD800, 0x660, 0x1F600]))
        else:
            other = rng.randrange(len(letters))
            letters[at], letters[other] = letters[other], letters[at]
    return "".join(letters)


@pytest.mark.parametrize("venue", FEEDS)
def test_thousands_of_damaged_messages_are_refused_or_give_rows_that_can_be(venue):
    rng = random.Random(f"live {venue}")
    met = [outcome(venue, mutated(EXAMPLES[venue], rng)) for _ in range(2000)]
    assert {word: met.count(word) > 50 for word in ("refused", "rows", "nothing")} == dict.fromkeys(
        ("refused", "rows", "nothing"), True
    )
