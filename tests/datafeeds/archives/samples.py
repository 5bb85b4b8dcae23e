"""Archive files for tests: made from seeded rows, in each documented form."""

import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

DAY_MS, HOUR_MS, FIVE_MINUTES_MS = 86_400_000, 3_600_000, 300_000
MARCH_MS = 1_709_251_200_000  # 2024-03-01
KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
METRICS_HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
LIQUIDATION_HEADER = (
    "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
    "accumulated_fill_quantity"
)


def zipped(text: str, name: str = "table.csv") -> bytes:
    """Return a zip with one member."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def saved(folder: Path, content: bytes, name: str = "file.zip") -> Path:
    """Write bytes and return their place."""
    path = folder / name
    path.write_bytes(content)
    return path


def klines(
    first_ms: int, count: int, period_ms: int = HOUR_MS, header: bool = True, factor: int = 1, seed: int = 1
) -> str:
    """Return a table of candles; `factor` 1000 writes microseconds."""
    random, lines = np.random.default_rng([seed, first_ms % 2**31]), [KLINE_HEADER] if header else []
    for number in range(count):
        opened = first_ms + number * period_ms
        price, volume = round(60_000 + float(random.random()) * 100, 2), round(float(random.random()) * 50 + 1, 3)
        bought = round(volume * float(random.random()), 3)
        fields = [
            opened * factor,
            price,
            price + 5,
            price - 5,
            price + 1,
            volume,
            (opened + period_ms) * factor - 1,
            1,
            10,
            bought,
            1,
            0,
        ]
        lines.append(",".join(map(str, fields)))
    return "\n".join(lines) + "\n"


def metrics(first_label_ms: int, count: int = 288, first_value: int = 1000, header: bool = True) -> str:
    """Return a table of metrics whose open interest counts up from `first_value`."""
    lines = [METRICS_HEADER] if header else []
    for number in range(count):
        label = str(np.datetime64(first_label_ms + number * FIVE_MINUTES_MS, "ms").astype("datetime64[s]")).replace(
            "T", " "
        )
        lines.append(f"{label},BTCUSDT,{first_value + number}.5,1.0,1.1,1.2,{1 + number / 1000},1.4")
    return "\n".join(lines) + "\n"


def checksum(content: bytes, name: str) -> bytes:
    """Return the companion file of an archive's file."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()


def gzipped(text: str) -> bytes:
    """Return a gzip of a text."""
    return gzip.compress(text.encode(), mtime=0)
