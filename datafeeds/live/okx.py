"""OKX's ``liquidation-orders``: at most one order a second and contract, all swaps of the venue on one channel.

Source: okx.com/docs-v5, Liquidation orders channel ("this data doesn't represent the total number of liquidations"). `side` is
the ORDER's: "sell" closes a long, so a long was liquidated; in hedge mode `posSide` says the same. `bkPx` is the bankruptcy
price. `sz` counts contracts (0.01 BTC for BTC-USDT-SWAP, 100 USD for BTC-USD-SWAP). The message does not say when it was sent.
"""

import json
from collections.abc import Sequence
from typing import Any

from datafeeds.errors import ReplyError, SourceError, TemporaryError
from datafeeds.exchanges.reply import field, number, records, whole
from datafeeds.live.liquidation import Liquidation, LiveMarket, Markets, Message, liquidation, reason, side_of, word

_CHANNEL = "liquidation-orders"
_SIDES = {"sell": 1, "buy": -1}
_POSITIONS = {"long": 1, "short": -1, "net": 0, "": 0}
_TRY_AGAIN = ("50", "60014", "63999")  # general and service errors, too many requests, an internal error


def subscribe(ids: Sequence[str]) -> str:
    """Return the message that subscribes to the channel, which knows no single markets."""
    return json.dumps({"op": "subscribe", "args": [{"channel": _CHANNEL, "instType": "SWAP"}]})


def read(reply: dict[str, Any], markets: Markets) -> Message:
    """Return what a message says.

    Raises
    ------
    ReplyError
        If it is not of the documented form.
    SourceError
        If the venue refuses the subscription; a `TemporaryError` if it is only too busy.
    """
    event, about = reply.get("event"), reply.get("arg")
    if event == "error":
        code = str(reply.get("code", ""))
        kind = TemporaryError if code.startswith(_TRY_AGAIN) else SourceError
        raise kind(f"okx refuses the subscription: {reason(reply.get('msg', ''))} ({reason(code)[:20]})")
    ours = isinstance(about, dict) and about.get("channel") == _CHANNEL
    if event is not None or not ours:
        return Message(subscribed=ours and event == "subscribe")
    found = []
    for row in records(reply, "data"):
        id_ = word(row, "instId")
        if id_ in markets:
            found += [liquidation_of(detail, markets[id_]) for detail in records(row, "details")]
    return Message(tuple(found))


def liquidation_of(detail: Any, market: LiveMarket) -> Liquidation:
    """Return one of the ``details``, which the channel and the interface word alike.

    Raises
    ------
    ReplyError
        If it is not of the documented form.
    """
    side, position = side_of(detail, "side", _SIDES), side_of(detail, "posSide", _POSITIONS)
    if position not in (0, side):
        raise ReplyError(f"a {detail['side']!r} order cannot close a {detail['posSide']!r} position")
    price, amount, ts = number(field(detail, "bkPx")), number(field(detail, "sz")), whole(field(detail, "ts"))
    return liquidation(market, side, amount, price, ts, ts, in_contracts=True)
