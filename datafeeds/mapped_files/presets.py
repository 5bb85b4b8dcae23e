"""The layouts of tools that many people have files of: which of their columns is which of ours, and where that is documented."""

import re
from collections.abc import Mapping as Table
from dataclasses import dataclass, field

import pandas as pd

from datafeeds.errors import MarketError
from datafeeds.mapped_files.mapping import Column, Mapping
from datafeeds.mapped_files.trades import bars_of_trades
from datafeeds.schema import OPTIONAL, REQUIRED

CLOCKS = ("time", "timeofday", "clock", "uhrzeit")
"""Names of a column that holds the time of day alone, beside one of dates."""


@dataclass(frozen=True)
class Preset:
    """A tool's layout. Names are compared in small letters, without signs and spaces.

    Attributes
    ----------
    name
        What ``--mapping preset:NAME`` calls it.
    source
        Where the layout is documented.
    columns
        Patterns of their names by ours; the first that fits is taken. Ours that are not needed may fit none.
    mark
        Names that together occur in this tool's files alone: these are recognised. None: the usual names are.
    order
        Pattern of all names in their order, joined by spaces, that tells the tool as well as its marks do.
    positions
        Their names in the order of a file without a header.
    units
        Units of sizes that are not base coin, by our names.
    label, remark
        As of `Mapping`.
    sides
        2 where open interest counts longs and shorts.
    """

    name: str
    source: str
    columns: Table[str, tuple[str, ...]]
    mark: tuple[str, ...] = ()
    order: str = ""
    positions: tuple[str, ...] = ()
    units: Table[str, str] = field(default_factory=dict)
    label: str = "open"
    remark: str = ""
    sides: int = 1

    def fits(self, table: pd.DataFrame) -> bool:
        """Return whether a table has this tool's marks."""
        names = [plain(label) for label in table.columns]
        if self.order and re.fullmatch(self.order, " ".join(names)):
            return True
        return bool(self.mark) and all(any(re.fullmatch(mark, name) for name in names) for mark in self.mark)

    def mapping(self, table: pd.DataFrame) -> Mapping | list[str]:
        """Return how to read a table of this layout, or which of our columns it lacks."""
        found = {ours: self._find(table, patterns) for ours, patterns in self.columns.items()}
        missing = [ours for ours in REQUIRED if not found.get(ours)]
        if missing:
            return missing
        columns = {
            ours: Column(label, self.units.get(ours, "base"))
            for ours, label in found.items()
            if label and (ours in REQUIRED or not table[label].isin((0, None)).all())  # backtrader writes 0 for none
        }
        if clock := _clock(table, columns["ts"].name):
            columns["ts"] = Column(columns["ts"].name, clock=clock)
        return Mapping(columns, label=self.label, open_interest_sides=self.sides, remark=self.remark)

    def _find(self, table: pd.DataFrame, patterns: tuple[str, ...]) -> str | None:
        for pattern in patterns:
            fitting = [label for label in table.columns if re.fullmatch(pattern, plain(label))]
            if len(fitting) > 1:
                raise MarketError(
                    f"{len(fitting)} columns are called {fitting[0][:40]!r}; keep one, or name one in a mapping"
                )
            if fitting:
                return str(fitting[0])
        return None


def plain(label: object) -> str:
    """Return a column's name in small letters, without signs and spaces.

    Examples
    --------
    >>> plain("<TICKVOL>"), plain("Volume BTC"), plain("open_time")
    ('tickvol', 'volumebtc', 'opentime')
    """
    return "".join(letter for letter in str(label).lower() if letter.isalnum())


def named(table: pd.DataFrame, positions: tuple[str, ...]) -> pd.DataFrame:
    """Return a table without a header under the names of its positions."""
    nameless = all(re.fullmatch(r"column \d+", str(label)) for label in table.columns)
    return table.set_axis(list(positions), axis=1) if nameless and table.shape[1] == len(positions) else table


def _clock(table: pd.DataFrame, label: str) -> str | None:
    """Return the column of the time of day where the time's column holds dates alone."""
    others = [other for other in table.columns if plain(other) in CLOCKS and other != label]
    if len(others) != 1 or table.columns.tolist().count(label) > 1 or not len(table):
        return None
    days = table[label].astype(str).str.fullmatch(r"\d{4}[-./]?\d{1,2}[-./]?\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}")
    clock = table[others[0]].astype(str).str.fullmatch(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?|\d{1,6}")
    return str(others[0]) if days.all() and clock.all() else None


_PRICES = {"open": ("open", "o"), "high": ("high", "h"), "low": ("low", "l"), "close": ("close", "c", "last")}
_OPTIONAL = {name: (plain(name),) for name in OPTIONAL}

USUAL = Preset(
    "usual names",
    "",
    {
        "ts": ("ts", "opentime", "timestamp(ms|utc)?", "datetime(utc)?", "unix(time(stamp)?)?", "date(utc)?", "time(utc)?",
               "gmttime", "startat", "starttime", "t", "candlebegintime", "index", "unnamed0", "column1"),
        **_PRICES,
        "volume": ("volume", "basevolume", "volumebase", "vol", "v"),
        **_OPTIONAL,
    },
)  # fmt: skip
"""Names that nearly all tools write."""

PRESETS = (
    Preset(
        "binance-vision",
        "github.com/binance/binance-public-data, README: klines",
        {"ts": ("opentime",), **_PRICES, "volume": ("volume",),
         "taker_buy_volume": ("takerbuyvolume", "takerbuybase(asset)?volume")},
        mark=("opentime", "closetime", "takerbuy(base(asset)?)?volume"),
        positions=("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
                   "taker_buy_volume", "taker_buy_quote_volume", "ignore"),
    ),
    Preset(
        "bybit-trades",
        "public.bybit.com/trading: header of the files",
        {**{name: (plain(name),) for name in REQUIRED}, "taker_buy_volume": ("takerbuyvolume",)},
        mark=("timestamp", "side", "size", "price", "trdmatchid"),
        remark="bars made of single trades; what traded on one venue alone",
    ),
    Preset(
        "bybit",
        "bybit-exchange.github.io/docs/v5/market/open-interest: openInterest counts both sides, singleOpenInterest one",
        USUAL.columns,
        sides=2,
        remark="open interest halved: Bybit's counts longs and shorts",
    ),
    Preset(
        "cryptodatadownload",
        "www.cryptodatadownload.com/data: the files' second line",
        {"ts": ("unix(timestamp)?", "date"), **_PRICES,
         "volume": (r"volume(?!(usdt?|usdc|busd|eur|gbp|fdusd|tusd|try|jpy)$).+", "volume")},
        mark=("unix(timestamp)?|date", "symbol", "volume.+"),
    ),
    Preset(
        "tradingview",
        "www.tradingview.com/support/solutions/43000537255: export chart data",
        {"ts": ("time",), **_PRICES, "volume": ("volume",)},
    ),
    Preset(
        "yfinance",
        "ranaroussi.github.io/yfinance, download(); Yahoo counts the volume of coins in their quote currency",
        {"ts": ("datetime", "date", "price", "index"), **_PRICES, "volume": ("volume",)},
        mark=("adjclose",),
        order="(datetime|date) close high low open volume",
        units={"volume": "quote"},
        remark="Yahoo counts volume in quote currency: divided by the close",
    ),
    Preset("freqtrade", "www.freqtrade.io/en/stable/data-download: date, open, high, low, close, volume",
           {"ts": ("date",), **_PRICES, "volume": ("volume",)},
           positions=("date", "open", "high", "low", "close", "volume")),
    Preset("ccxt", "docs.ccxt.com: OHLCV structure, milliseconds first",
           {"ts": ("timestamp", "datetime", "date", "time", "ts"), **_PRICES, "volume": ("volume",)},
           positions=("timestamp", "open", "high", "low", "close", "volume")),
    Preset(
        "coinalyze",
        "api.coinalyze.net/v1/doc: ohlcv-history; v is base coin for linear contracts, bv what takers bought",
        {"ts": ("t", "time", "timestamp"), **_PRICES, "volume": ("v", "volume"), "taker_buy_volume": ("bv", "buyvolume"),
         **{name: names for name, names in _OPTIONAL.items() if name != "taker_buy_volume"}},
        mark=("t", "o", "h", "l", "c", "v", "bv"),
    ),
    Preset(
        "coinglass",
        "docs.coinglass.com: price history (time, open, high, low, close, volume_usd)",
        {"ts": ("time", "t"), **_PRICES, "volume": ("volumeusd",), "open_interest": ("openinterestusd",),
         "liquidated_long": ("longliquidationusd",), "liquidated_short": ("shortliquidationusd",)},
        mark=("time", "open", "volumeusd"),
        units=dict.fromkeys(("volume", "open_interest", "liquidated_long", "liquidated_short"), "quote"),
        remark="CoinGlass counts sizes in USD: divided by the close",
    ),
    Preset(
        "metatrader",
        "www.metatrader5.com/en/terminal/help/charts_advanced/symbols: export of bars",
        {"ts": ("date", "datetime", "time"), **_PRICES, "volume": ("vol", "realvolume", "volume")},
        mark=("date", "open", "tickvol", "spread"),
        positions=("date", "time", "open", "high", "low", "close", "volume"),
        remark="MetaTrader writes the broker's own time, often UTC+2 and +3: check it, and name its [time] zone in a mapping",
    ),
)  # fmt: skip
"""All layouts, by their names, the marked ones before those that share the usual names."""


def preset(name: str) -> Preset:
    """Return a preset by its name.

    Raises
    ------
    MarketError
        If there is none, with all that there are.
    """
    for each in PRESETS:
        if each.name == name:
            return each
    raise MarketError(f"no preset {name[:40]!r}; there are {', '.join(each.name for each in PRESETS)}")


def is_recognised(table: pd.DataFrame) -> bool:
    """Return whether a table has the marks of a tool."""
    return any(each.fits(table) for each in PRESETS)


def prepared(table: pd.DataFrame, of: Preset) -> pd.DataFrame:
    """Return a tool's table with named columns, single trades made into bars."""
    table = named(table, of.positions)
    return bars_of_trades(table) if of.name == "bybit-trades" else table
