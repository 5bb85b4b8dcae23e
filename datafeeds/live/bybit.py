"""Bybit's ``allLiquidation.{symbol}``: every liquidation, pushed each 500 ms, since February 2025.

Source: bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation. `S` is the side of the POSITION: "Buy" is a long
that was liquidated, the opposite of what the same word means at Binance. `p` is the bankruptcy price, not a fill. `v` is
base coin for linear contracts, contracts of 1 USD for inverse ones.
"""

import json
from collections.abc import Sequence
from typing import Any

from datafeeds.errors import ReplyError, SourceError
from datafeeds.exchanges.reply import field, number, part, records, whole
from datafeeds.live.liquidation import Markets, Message, liquidation, reason, side_of, word

_TOPIC = "allLiquidation."
_SIDES = {"Buy": 1, "Sell": -1}


def subscribe(ids: Sequence[str]) -> str:
    """Return the message that subscribes to markets."""
    return json.dumps({"op": "subscribe", "args": [_TOPIC + id_ for id_ in ids]})


def read(reply: dict[str, Any], markets: Markets) -> Message:
    """Return what a message says.

    Raises
    ------
    ReplyError
        If it is not of the documented form.
    SourceError
        If the venue refuses the subscription.
    """
    if "topic" in reply:
        return _liquidations(reply, markets) if word(reply, "topic").startswith(_TOPIC) else Message()
    request = reply.get("request")
    operation = reply.get("op") or (request.get("op") if isinstance(request, dict) else None)
    if operation != "subscribe":
        return Message()
    if reply.get("success") is not True:
        raise SourceError(f"bybit refuses the subscription: {reason(reply.get('ret_msg', ''))}")
    return Message(subscribed=True)


def _liquidations(reply: dict[str, Any], markets: Markets) -> Message:
    about, sent_ms, found = word(reply, "topic")[len(_TOPIC) :], whole(part(reply, "ts")), []
    for row in records(reply, "data"):
        if word(row, "s") != about:
            raise ReplyError(f"a liquidation of {row['s'][:30]!r} in a message about {about[:30]!r}")
        if about in markets:
            price, amount = number(field(row, "p")), number(field(row, "v"))
            side, ts = side_of(row, "S", _SIDES), whole(field(row, "T"))
            found.append(liquidation(markets[about], side, amount, price, ts, sent_ms, in_contracts=False))
    return Message(tuple(found))
