"""Archive files for tests: tables as the venues write them, and how they are packed."""

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np

from datafeeds.archives.collection import Parsed, read_file
from datafeeds.archives.layout import ArchiveFile, archive_files
from datafeeds.series import Series

SYMBOL = "BTC/USDT:USDT"
DAY_MS = 86_400_000
DAY = 1_704_067_200_000  # 2024-01-01
RELABELLED = 1_782_345_600_000  # 2026-06-25

CANDLES = Series("binance", SYMBOL, "candles", "1h")
MARK = Series("binance", SYMBOL, "mark", "1h")
OPEN_INTEREST = Series("binance", SYMBOL, "open_interest", "5m")
RATIO = Series("binance", SYMBOL, "long_short_ratio", "5m")
FUNDING = Series("binance", SYMBOL, "funding")
LIQUIDATIONS = Series("binance", SYMBOL, "liquidations")
BYBIT = Series("bybit", SYMBOL, "candles", "1h")

HEADERS = {
    "candles": "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore",
    "metrics": "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio",
    "funding": "calc_time,funding_interval_hours,last_funding_rate",
    "liquidations": "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,"
    "last_fill_quantity,accumulated_fill_quantity",
    "aggregated": "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    "bybit": "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional",
}


def lines(header: str, rows: list[str]) -> bytes:
    return "\n".join([*([header] if header else []), *rows, ""]).encode()


def zipped(content: bytes, name: str = "table.csv") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return target.getvalue()


def packed(file: ArchiveFile, content: bytes) -> bytes:
    return gzip.compress(content, mtime=0) if file.name.endswith(".gz") else zipped(content)


def candle_rows(day: int = DAY, hours: int = 24, unit: int = 1) -> list[str]:
    random = np.random.default_rng(day // DAY_MS)
    rows = []
    for hour in range(hours):
        opened, close, volume = (round(float(number), 2) for number in 100.0 + random.random(3))
        time = day + hour * 3_600_000
        rows.append(
            f"{time * unit},{opened},{max(opened, close) + 1},{min(opened, close) - 1},{close},{volume},"
            f"{(time + 3_599_999) * unit},1.0,5,{round(volume * 0.4, 3)},0.5,0"
        )
    return rows


def label(time_ms: int) -> str:
    return str(np.datetime64(time_ms, "ms").astype("datetime64[s]")).replace("T", " ")


def metric_row(time_ms: int, interest: object = 5000.5, ratio: object = 1.25) -> str:
    return f"{label(time_ms)},BTCUSDT,{interest},2.1e8,1.1,1.2,{ratio},0.9"


def metric_rows(day: int = DAY) -> list[str]:
    """Return a day's rows, labelled as on that day; a value tells the number of five minutes since 1970 at which it stood."""
    stood = day + np.arange(1, 289) * 300_000
    late = 300_000 if day >= RELABELLED else 0
    return [metric_row(int(time) - late, int(time) // 300_000, int(time) % 7 / 4.0 + 0.1) for time in stood]


def funding_rows(month: int = DAY, count: int = 93, jitter: tuple[int, ...] = (0, 3, 11)) -> list[str]:
    return [f"{month + n * 28_800_000 + jitter[n % len(jitter)]},8,0.000{n % 10}" for n in range(count)]


def liquidation_rows(day: int = DAY, count: int = 40) -> list[str]:
    return [
        f"{day + n * 1_000_003},{'SELL' if n % 3 else 'BUY'},LIMIT,IOC,0.{n + 1},42000.{n},4200{n % 10}.5,FILLED,0.1,0.{n + 1}"
        for n in range(count)
    ]


def trade_rows(trades: np.ndarray) -> list[str]:
    """Return Binance's rows of trades (n, 5): number, time in milliseconds, price, size, whether the taker bought."""
    return [
        f"{int(n)},{price},{size},1,2,{int(time)},{'false' if bought else 'true'}"
        for n, time, price, size, bought in trades
    ]


def bybit_rows(trades: np.ndarray) -> list[str]:
    """Return Bybit's rows of the same."""
    return [
        f"{time / 1000:.4f},BTCUSDT,{'Buy' if bought else 'Sell'},{size},{price},PlusTick,id-{int(n)},1,{size},1"
        for n, time, price, size, bought in trades
    ]


def random_trades(seed: int, count: int, day: int = DAY, span: int = DAY_MS) -> np.ndarray:
    """Return trades (n, 5) in order: number, time in milliseconds, price, size, whether the taker bought."""
    random = np.random.default_rng(seed)
    times = day + np.sort(random.integers(0, span, count))
    price = np.round(100.0 + np.cumsum(random.normal(0.0, 0.1, count)), 2)
    size = np.round(random.random(count) * 3.0 + 0.001, 3)
    return np.column_stack([1_000_000 + np.arange(count), times, price, size, random.random(count) < 0.5])


def file_of(series: Series, start: int = DAY, end: int | None = None, trades: bool = False) -> ArchiveFile:
    (file,) = archive_files(
        series, start + (300_000 if series in (OPEN_INTEREST, RATIO) else 0), end or start + DAY_MS, trades
    )
    return file


def read(folder: Path, series: Series, content: bytes, file: ArchiveFile | None = None, trades: bool = False) -> Parsed:
    """Return what becomes of a table, packed as the venue packs it."""
    file = file or file_of(series, trades=trades)
    path = folder / "file"
    path.write_bytes(packed(file, content))
    return read_file(series, file, path, trades)
