"""One market, written as twelve tools write it: what each layout is called, and how its bytes are made."""

import gzip
import io
import json
import zipfile

import numpy as np
import pandas as pd

OHLCV = ["open", "high", "low", "close", "volume"]
TOOLS = {
    "binance": "binance-vision", "bybit": "bybit-trades", "cdd": "cryptodatadownload", "tradingview": "tradingview",
    "yfinance": "yfinance", "freqtrade": "freqtrade", "ccxt": "ccxt", "coinalyze": "coinalyze", "coinglass": "coinglass",
    "metatrader": "metatrader",
}  # fmt: skip
"""Our presets by the first word of a layout; spreadsheets and backtrader have none."""

BYBIT = ["timestamp", "symbol", "side", "size", "price", "tickDirection", "trdMatchID", "grossValue", "homeNotional",
         "foreignNotional"]  # fmt: skip


def bars(count=72):
    """Return hourly bars, prices of two decimals and sizes of three, so that every text holds them exactly."""
    chance = np.random.default_rng(5)
    close = np.round(42_000.0 + np.cumsum(chance.normal(0.0, 80.0, count)), 2)
    opened = np.r_[42_000.0, close[:-1]]
    high = np.round(np.maximum(opened, close) + chance.uniform(1.0, 50.0, count), 2)
    low = np.round(np.minimum(opened, close) - chance.uniform(1.0, 50.0, count), 2)
    ts = pd.date_range("2024-01-13", periods=count, freq="h", tz="UTC")
    volume = np.round(chance.uniform(1200.0, 4000.0, count), 3)
    return pd.DataFrame({"ts": ts, "open": opened, "high": high, "low": low, "close": close, "volume": volume})


def _ms(frame):
    return frame["ts"].dt.tz_convert(None).to_numpy().astype("datetime64[ms]").astype(np.int64)


def _text(frame, **how):
    return frame.to_csv(index=False, **how).encode()


def _timed(frame, name, stamps):
    return frame[OHLCV].assign(**{name: stamps})[[name, *OHLCV]]


def _stamps(frame, pattern):
    return frame["ts"].dt.strftime(pattern)


def _klines(frame, unit=1):
    ms = _ms(frame)
    return pd.DataFrame(
        {
            "open_time": ms * unit, **{name: frame[name] for name in OHLCV}, "close_time": (ms + 3_600_000) * unit - 1,
            "quote_volume": frame["volume"] * frame["close"], "count": 7, "taker_buy_volume": frame["volume"] / 2,
            "taker_buy_quote_volume": 1.0, "ignore": 0,
        }
    )  # fmt: skip


def _packed(content, name="../whatever.csv"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def _binary(frame, kind):
    out = io.BytesIO()
    getattr(frame, f"to_{kind}")(out)
    return out.getvalue()


def _trades(frame):
    """Return a trade a minute; the first minute of an hour holds four, which make its bar."""
    rows = []
    for stamp, bar in zip(_ms(frame), frame.itertuples(index=False), strict=True):
        for part in range(60):
            price = {0: (bar.open, bar.high, bar.low, bar.close)}.get(part, (bar.close,))
            for place, each in enumerate(price):
                size = bar.volume / 4 if part == 0 else 0.0
                rows.append(
                    (
                        (stamp + part * 60_000 + place * 1000) / 1000,
                        "BTCUSDT",
                        "Buy",
                        size,
                        each,
                        "PlusTick",
                        "x",
                        1,
                        1,
                        1,
                    )
                )
    names = (
        "timestamp",
        "symbol",
        "side",
        "size",
        "price",
        "tickDirection",
        "trdMatchID",
        "grossValue",
        "homeNotional",
        "foreignNotional",
    )
    return pd.DataFrame(rows, columns=names)


def _german(frame, separator=";", grouped=False):
    """Return a table with decimal commas, and points between thousands."""

    def number(value):
        text = f"{value:,.3f}" if grouped else f"{value:.3f}"
        return text.translate(str.maketrans(",.", ".,"))

    table = frame[OHLCV].map(number)
    table.insert(0, "Date", _stamps(frame, "%d.%m.%Y %H:%M"))
    return table.to_csv(index=False, sep=separator)


def _thousands(frame):
    return _timed(frame, "Date", _stamps(frame, "%Y-%m-%d %H:%M")).assign(
        **{name: [f"{value:,.3f}" for value in frame[name]] for name in OHLCV}
    )


def _yfinance(frame, adjusted, lines):
    names = [*([] if adjusted else ["Adj Close"]), "Close", "High", "Low", "Open", "Volume"]
    table = frame.rename(columns=str.capitalize).assign(**{"Adj Close": frame["close"]})
    table["Volume"] = frame["volume"] * frame["close"]  # Yahoo counts quote currency
    table.insert(0, "Datetime", frame["ts"].astype(str))
    body = table[["Datetime", *names]].to_csv(index=False, header=lines == 1)
    if lines == 1:
        return body.encode()
    head = [["Price", *names], ["Ticker", *["BTC-USD"] * len(names)], ["Datetime", *[""] * len(names)]]
    return ("\n".join(",".join(line) for line in head) + "\n" + body).encode()


def layouts(frame):
    """Return file's name and bytes by layout."""
    ms, iso = _ms(frame), frame["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    lower = frame.rename(columns={"ts": "date"})
    upper = _timed(frame, "time", ms // 1000).rename(columns={"volume": "Volume"})
    candles = [[int(stamp), *values] for stamp, values in zip(ms, frame[OHLCV].to_numpy().tolist(), strict=True)]
    coins = pd.DataFrame({"t": ms // 1000, **{name[0]: frame[name] for name in OHLCV}, "bv": frame["volume"] / 2})
    glass = _timed(frame, "time", ms).drop(columns="volume").assign(volume_usd=frame["volume"] * frame["close"])
    tokyo = frame["ts"].dt.tz_convert("Asia/Tokyo").map(pd.Timestamp.isoformat)
    plots = _text(upper.assign(Plot=1.0)).replace(b"Plot\n", b"Plot,Plot\n").replace(b",1.0\n", b",1.0,\n")
    cdd = _timed(frame, "unix", ms)
    cdd.insert(1, "date", _stamps(frame, "%Y-%m-%d %H:%M:%S"))
    cdd.insert(2, "symbol", "BTC/USDT")
    cdd = cdd.rename(columns={"volume": "Volume BTC"}).assign(**{"Volume USDT": 1.0, "tradecount": 1})[::-1]
    link = b"https://www.CryptoDataDownload.com\n"
    mt5 = pd.DataFrame({"<DATE>": _stamps(frame, "%Y.%m.%d"), "<TIME>": _stamps(frame, "%H:%M:%S")}).assign(
        **{f"<{name.upper()}>": frame[name] for name in OHLCV[:4]},
        **{"<TICKVOL>": 9, "<VOL>": frame["volume"], "<SPREAD>": 1},
    )
    plain = frame.rename(columns={"ts": "Date"})
    two = _timed(frame, "Date", _stamps(frame, "%Y-%m-%d"))
    two.insert(1, "Time", _stamps(frame, "%H:%M:%S"))
    return {
        "binance header": ("a.csv", _text(_klines(frame))),
        "binance no header": ("a.csv", _text(_klines(frame), header=False)),
        "binance zip": ("a.zip", _packed(_text(_klines(frame)))),
        "binance microseconds": ("a.csv", _text(_klines(frame, 1000), header=False)),
        "bybit trades": ("a.csv.gz", gzip.compress(_text(_trades(frame)))),
        "bybit trades newest first": ("a.csv", _text(_trades(frame)[::-1])),
        "cdd link": ("a.csv", link + _text(cdd)),
        "cdd no link": ("a.csv", _text(cdd)),
        "cdd of 2020": ("a.csv", link + _text(cdd.drop(columns="unix").assign(date=_stamps(frame, "%Y-%m-%d %I-%p")))),
        "tradingview seconds": ("a.csv", _text(upper)),
        "tradingview iso": ("a.csv", _text(upper.assign(time=iso))),
        "tradingview zone": ("a.csv", _text(upper.assign(time=tokyo))),
        "tradingview plots": ("a.csv", plots),
        "yfinance one line": ("a.csv", _yfinance(frame, False, 1)),
        "yfinance adjusted": ("a.csv", _yfinance(frame, True, 1)),
        "yfinance three lines": ("a.csv", _yfinance(frame, True, 3)),
        "freqtrade feather": ("a.feather", _binary(lower, "feather")),
        "freqtrade parquet": ("a.parquet", _binary(lower, "parquet")),
        "freqtrade json": ("a.json", json.dumps(candles).encode()),
        "freqtrade json.gz": ("a.json.gz", gzip.compress(json.dumps(candles).encode())),
        "ccxt json": ("a.json", json.dumps(candles).encode()),
        "ccxt names": ("a.csv", _text(_timed(frame, "timestamp", ms))),
        "ccxt numbers": ("a.csv", pd.DataFrame(candles).to_csv(index=False).encode()),
        "ccxt index and numbers": ("a.csv", pd.DataFrame(candles, columns=["timestamp", *OHLCV]).to_csv().encode()),
        "ccxt no header": ("a.csv", pd.DataFrame(candles).to_csv(index=False, header=False).encode()),
        "coinalyze json": ("a.json", json.dumps([{"symbol": "BTCUSDT_PERP.A", "history": coins.to_dict("records")}]).encode()),
        "coinalyze csv": ("a.csv", _text(coins)),
        "coinglass json": ("a.json", json.dumps({"code": "0", "data": glass.astype({"open": str}).to_dict("records")}).encode()),
        "coinglass csv": ("a.csv", _text(glass)),
        "metatrader 5": ("a.csv", _text(mt5, sep="\t")),
        "metatrader 5 utf-16": ("a.csv", _text(mt5, sep="\t").decode().encode("utf-16")),
        "metatrader 4": ("a.csv", _text(two.assign(Date=_stamps(frame, "%Y.%m.%d"), Time=_stamps(frame, "%H:%M")), header=False)),
        "backtrader": ("a.csv", _text(two.assign(OpenInterest=0))),
        "backtrader numbers": ("a.txt", _text(two.assign(Date=_stamps(frame, "%Y%m%d"), Time=_stamps(frame, "%H%M%S")))),
        "spreadsheet semicolons": ("a.csv", _german(frame).encode("cp1252")),
        "spreadsheet thousands": ("a.csv", _german(frame, "\t", grouped=True).encode("utf-8-sig")),
        "spreadsheet quoted thousands": ("a.csv", _text(_thousands(frame))),
        "spreadsheet all quoted": ("a.csv", _text(plain, quoting=1)),
        "spreadsheet comments": ("a.csv", b"# made by hand\n# in 2024, twice\n\n" + _text(plain) + b"# end\n"),
        "spreadsheet spaces": ("a.csv", _text(plain).replace(b",", b", ")),
        "spreadsheet units": ("a.csv", _text(plain).replace(b"volume\n", b"volume\nUTC,USD,USD,USD,USD,BTC\n")),
        "spreadsheet american": ("a.csv", _text(_timed(frame, "Date", _stamps(frame, "%m/%d/%Y %I:%M %p")))),
        "spreadsheet index": ("a.parquet", _binary(plain.set_index("Date"), "parquet")),
    }  # fmt: skip
