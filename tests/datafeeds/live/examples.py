"""Each venue's documented messages, and the markets they are about."""

import json

from datafeeds.live.liquidation import LiveMarket

MARKETS = {
    "bybit": {"ROSEUSDT": LiveMarket("ROSEUSDT", "ROSE/USDT:USDT"), "BTCUSDT": LiveMarket("BTCUSDT", "BTC/USDT:USDT")},
    "binance": {"BTCUSDT": LiveMarket("BTCUSDT", "BTC/USDT:USDT")},
    "okx": {
        "IOST-USDT-SWAP": LiveMarket("IOST-USDT-SWAP", "IOST/USDT:USDT", 1000.0),
        "BTC-USDT-SWAP": LiveMarket("BTC-USDT-SWAP", "BTC/USDT:USDT", 0.01),
        "BTC-USD-SWAP": LiveMarket("BTC-USD-SWAP", "BTC/USD:BTC", 100.0, inverse=True),
    },
}

BYBIT = (
    '{"topic":"allLiquidation.ROSEUSDT","type":"snapshot","ts":1739502303204,'
    '"data":[{"T":1739502302929,"s":"ROSEUSDT","S":"Sell","v":"20000","p":"0.04499"}]}'
)
BINANCE = (
    '{"e":"forceOrder","E":1568014460893,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"9910",'
    '"ap":"9910","X":"FILLED","l":"0.014","z":"0.014","T":1568014460893}}'
)
OKX = (
    '{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"details":[{"bkLoss":"0","bkPx":"0.007831",'
    '"ccy":"","posSide":"short","side":"buy","sz":"13","ts":"1692266434010"}],"instFamily":"IOST-USDT",'
    '"instId":"IOST-USDT-SWAP","instType":"SWAP","uly":"IOST-USDT"}]}'
)
EXAMPLES = {"bybit": BYBIT, "binance": BINANCE, "okx": OKX}

CONFIRMATIONS = {
    "bybit": '{"success":true,"ret_msg":"","conn_id":"2324d924","req_id":"","op":"subscribe"}',
    "binance": '{"result":null,"id":1}',
    "okx": '{"event":"subscribe","arg":{"channel":"liquidation-orders","instType":"SWAP"},"connId":"a4d3ae55"}',
}
REFUSALS = {
    "bybit": '{"success":false,"ret_msg":"error:handler not found,topic:allLiquidation.NO","conn_id":"e7","op":"subscribe"}',
    "binance": '{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":1}',
    "okx": '{"event":"error","code":"60012","msg":"Illegal request: {\\"op\\": \\"subscribe\\"}","connId":"a4d3ae55"}',
}
OTHERS = {
    "bybit": [
        '{"success":true,"ret_msg":"pong","conn_id":"2324","op":"ping"}',
        '{"topic":"tickers.BTCUSDT","data":{}}',
    ],
    "binance": ['{"e":"aggTrade","E":1568014460893,"s":"BTCUSDT"}', '{"result":["btcusdt@forceOrder"],"id":3}'],
    "okx": [
        "pong",
        '{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade."}',
    ],
}


def bybit_event(ts, size, side="Buy", price="50000", id_="BTCUSDT"):
    row = {"T": ts, "s": id_, "S": side, "v": str(size), "p": price}
    return json.dumps({"topic": f"allLiquidation.{id_}", "type": "snapshot", "ts": ts + 100, "data": [row]})


def changed(text, path, value):
    """Return a JSON message with the value at a path changed."""
    reply = json.loads(text)
    at = reply
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(reply)
