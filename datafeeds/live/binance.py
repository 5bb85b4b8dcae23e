"""Binance's ``{symbol}@forceOrder``: at most one liquidation order a second and symbol, since 2021-04-27.

Source: developers.binance.com, Liquidation Order Streams. `S` is the side of the ORDER: "SELL" closes a long, so a long was
liquidated; Bybit means the opposite by the same word. The price is `ap`, the average fill (`p` is the order's limit). The size
is `z`, what was filled: the orders are immediate-or-cancel, and what is left of `q` is not traded but taken over or ordered
again, so `q` counts it twice. Linear contracts count base coin, inverse ones contracts.
"""

import json
from collections.abc import Sequence
from typing import Any

from datafeeds.errors import SourceError
from datafeeds.exchanges.reply import field, number, part, whole
from datafeeds.live.liquidation import Markets, Message, liquidation, reason, side_of, word

_SIDES = {"SELL": 1, "BUY": -1}
_REQUEST = 1


def subscribe(ids: Sequence[str]) -> str:
    """Return the message that subscribes to markets. A name that does not exist is confirmed as well, and stays silent."""
    streams = [f"{id_.lower()}@forceOrder" for id_ in ids]
    return json.dumps({"method": "SUBSCRIBE", "params": streams, "id": _REQUEST})


def read(reply: dict[str, Any], markets: Markets) -> Message:
    """Return what a message says.

    Raises
    ------
    ReplyError
        If it is not of the documented form.
    SourceError
        If the venue refuses the subscription.
    """
    refusal = reply.get("error", reply if "code" in reply and "msg" in reply else None)
    if refusal is not None:
        said = refusal.get("msg", "") if isinstance(refusal, dict) else refusal
        raise SourceError(f"binance refuses the subscription: {reason(said)}")
    if "result" in reply:
        return Message(subscribed=reply["result"] is None and reply.get("id") == _REQUEST)
    if "stream" in reply and isinstance(reply.get("data"), dict):  # an address of combined streams wraps each message
        reply = reply["data"]
    if reply.get("e") != "forceOrder":
        return Message()
    order, sent_ms = part(reply, "o"), whole(part(reply, "E"))
    id_ = word(order, "s")
    if id_ not in markets:
        return Message()
    side, ts = side_of(order, "S", _SIDES), whole(field(order, "T"))
    amount, price = number(field(order, "z")), number(field(order, "ap"))
    if amount == 0.0:  # nothing of the order has been filled
        return Message()
    return Message((liquidation(markets[id_], side, amount, price, ts, sent_ms, in_contracts=False),))
