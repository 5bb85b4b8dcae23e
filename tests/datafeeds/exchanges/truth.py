"""What a venue would have to say: seeded candles, open interest, funding, ratios and liquidations, with holes.

Everything is a function of the seed. Values have at most eight decimals, so that a venue's text of them reads back
equal. Times and units are the venue's: open interest and volumes in contracts where the venue counts contracts.
"""

from dataclasses import dataclass, field
from zlib import crc32

import numpy as np

from tests.datafeeds.exchanges.profile import PROFILES, Clock, Profile
from tests.datafeeds.exchanges.table import Table

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
AFTER_MS = 2 * DAY_MS
"""How far behind now the truth goes on, for a clock that is moved."""
_BASES = {"BTC": (60_000.0, 2, 6.0), "ETH": (3_000.0, 2, 90.0)}  # price, decimals of a price, base coins a minute
_UNITS = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


def period_ms(timeframe: str) -> int:
    """Return the milliseconds of ``5m``, ``1h`` or ``1d``."""
    return int(timeframe[:-1]) * _UNITS[timeframe[-1]]


@dataclass
class Market:
    """All that a venue knows of one perpetual, from its listing to ``end_ms`` (which lies after the venue's now)."""

    profile: Profile
    base: str
    seed: int
    listed_ms: int
    end_ms: int
    holes: bool = True
    _tables: dict[tuple, Table] = field(default_factory=dict)
    _known_minutes: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def symbol(self) -> str:
        return f"{self.base}/{self.profile.quote}:{self.profile.quote}"

    @property
    def identifier(self) -> str:
        return self.profile.identifier.format(base=self.base)

    @property
    def contract_size(self) -> float:
        return dict(self.profile.contract_sizes).get(self.base, 1.0)

    @property
    def decimals(self) -> int:
        return _BASES[self.base][1]

    def table(self, kind: str, timeframe: str = "", shift_ms: int = 0) -> Table:
        """Return a kind's rows; days that open at another hour than midnight UTC have a ``shift_ms``."""
        key = (kind, timeframe, shift_ms)
        if key not in self._tables:
            self._tables[key] = getattr(self, f"_{kind}")(timeframe, shift_ms)
        return self._tables[key]

    def random(self, what: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, crc32(self.identifier.encode()), crc32(what.encode())])

    @property
    def in_contracts(self) -> bool:
        return bool(self.profile.contract_sizes)

    def _minutes(self) -> dict[str, np.ndarray]:
        if not self._known_minutes:
            self._known_minutes = self._made_minutes()
        return self._known_minutes

    def _made_minutes(self) -> dict[str, np.ndarray]:
        random = self.random("candles")
        price, decimals, size = _BASES[self.base]
        ts = np.arange(self.listed_ms // MINUTE_MS * MINUTE_MS, self.end_ms, MINUTE_MS)
        close = np.round(price * np.exp(np.cumsum(random.normal(0, 0.0005, ts.size))), decimals)
        opened = np.concatenate(([price], close[:-1]))
        reach = np.abs(random.normal(0, 0.0003 * price, (2, ts.size)))
        volume = random.lognormal(np.log(size), 0.8, ts.size)
        share = random.uniform(0.3, 0.7, ts.size)
        if self.in_contracts:
            volume = np.floor(volume / self.contract_size) + 1
            taker = np.floor(volume * share)
        else:
            volume = np.round(volume, 3) + 0.0
            taker = np.round(volume * share, 3)
        base = np.round(volume * self.contract_size, 8)
        return {
            "ts": ts,
            "open": opened,
            "high": np.round(np.maximum(opened, close) + reach[0], decimals),
            "low": np.round(np.minimum(opened, close) - reach[1], decimals),
            "close": close,
            "volume": volume,
            "taker_buy_volume": taker,
            "base_volume": base,
            "quote_volume": np.round(base * close, 2),
            "taker_quote_volume": np.round(taker * self.contract_size * close, 2),
            "trades": random.poisson(40, ts.size) + 1.0,
        }

    def _kept(self, what: str, count: int, step_ms: int) -> np.ndarray:
        """Return which rows exist: short holes, one of three hours, one of twelve (longer than some pages), none now."""
        kept = np.ones(count, bool)
        if self.holes:
            random = self.random(f"holes of {what}")
            last = count - (AFTER_MS + 2 * HOUR_MS) // step_ms
            spots = random.integers(last // 10, last, max(3, count // 1500))
            lengths = random.geometric(0.1, spots.size)
            lengths[:2] = 3 * HOUR_MS // step_ms, 12 * HOUR_MS // step_ms
            for spot, length in zip(spots, lengths, strict=True):
                spot = min(spot, last - length)
                kept[spot : spot + length] = False
        return kept

    def _candles(self, timeframe: str, shift_ms: int) -> Table:
        minutes = self._minutes()
        kept = self._kept("candles", minutes["ts"].size, MINUTE_MS)
        return _grouped({name: column[kept] for name, column in minutes.items()}, period_ms(timeframe), shift_ms)

    def _mark(self, timeframe: str, shift_ms: int) -> Table:
        minutes = self._minutes()
        random = self.random("mark")
        near = 1 + random.normal(0, 0.0001, minutes["ts"].size)
        prices = {name: np.round(minutes[name] * near, self.decimals + 2) for name in ("open", "high", "low", "close")}
        kept = self._kept("mark", near.size, MINUTE_MS)
        rows = {name: column[kept] for name, column in ({"ts": minutes["ts"]} | prices).items()}
        return _grouped(rows, period_ms(timeframe), shift_ms)

    def _stamps(self, what: str, timeframe: str, shift_ms: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the five-minute stamps since the listing, and which of them this period's series has."""
        step = 5 * MINUTE_MS
        ts = np.arange(-(-self.listed_ms // step) * step, self.end_ms, step)
        return ts, self._kept(what, ts.size, step) & ((ts + shift_ms) % period_ms(timeframe) == 0)

    def _open_interest(self, timeframe: str, shift_ms: int) -> Table:
        ts, kept = self._stamps("open interest", timeframe, shift_ms)
        size = _BASES[self.base][2] * 13_000
        amount = size * np.exp(np.cumsum(self.random("open interest").normal(0, 0.0008, ts.size))) / self.contract_size
        amount = np.round(amount, self.profile.open_interest_decimals)
        minutes = self._minutes()
        base = np.round(amount * self.contract_size, 8)
        value = np.round(base * np.interp(ts, minutes["ts"], minutes["open"]), 4)
        columns = {"ts": ts, "open_interest": amount, "base": base, "value": value}
        return Table({name: column[kept] for name, column in columns.items()}, period_ms(timeframe))

    def _long_short_ratio(self, timeframe: str, shift_ms: int) -> Table:
        ts, kept = self._stamps("open interest", timeframe, shift_ms)
        walk = np.cumsum(self.random("ratio").normal(0, 0.002, ts.size))
        share = np.round(0.5 + 0.3 * np.tanh(walk), 4)
        short = np.round(1 - share, 4)
        ratio = share / short
        if self.profile.ratio_decimals < 15:
            ratio = np.round(ratio, self.profile.ratio_decimals)
        columns = {"ts": ts, "long_share": share, "short_share": short, "long_short_ratio": ratio}
        return Table({name: column[kept] for name, column in columns.items()}, period_ms(timeframe))

    def _funding(self, timeframe: str, shift_ms: int) -> Table:
        random = self.random("funding")
        step = self.profile.funding_hours * HOUR_MS
        ts = np.arange(-(-self.listed_ms // step) * step, self.end_ms, step)
        late = random.integers(0, self.profile.funding_jitter_ms + 1, ts.size)
        rate = np.round(random.normal(0.00005, 0.0001, ts.size), 8)
        minutes = self._minutes()
        columns = {
            "ts": ts + late,
            "funding_rate": rate,
            "predicted_rate": np.round(rate + random.normal(0, 0.00001, ts.size), 8),
            "premium": np.round(rate * 3, 8),
            "mark": np.round(np.interp(ts, minutes["ts"], minutes["open"]), 4),
        }
        return Table(columns, 0)

    def _liquidations(self, timeframe: str, shift_ms: int) -> Table:
        random = self.random("liquidations")
        minutes = self._minutes()
        count = minutes["ts"].size // 10
        ts = random.integers(int(minutes["ts"][0]), self.end_ms, count)
        burst = np.repeat(random.choice(ts, max(1, count // 200)), 12)  # cascades: several within a second
        ts = np.sort(np.concatenate((ts, burst)) // self.profile.liquidation_step_ms * self.profile.liquidation_step_ms)
        price = np.interp(ts, minutes["ts"], minutes["open"]) * (1 + random.normal(0, 0.0005, ts.size))
        size = np.floor(random.lognormal(np.log(0.4), 1.2, ts.size) * _BASES[self.base][2] / 6 / self.contract_size) + 1
        columns = {
            "ts": ts,
            "side": np.where(random.random(ts.size) < 0.5, 1.0, -1.0),  # +1: a long was liquidated
            "price": np.round(price, self.decimals),
            "size": size,
        }
        return Table(columns, 0)

    def _liquidation_totals(self, timeframe: str, shift_ms: int) -> Table:
        """Return the size liquidated in each period, from the single ones, where there is an open interest too."""
        events, step = self.table("liquidations").columns, period_ms(timeframe)
        ts = self.table("open_interest", timeframe).columns["ts"]
        columns = {"ts": ts}
        for name, side in (("liquidated_long", 1.0), ("liquidated_short", -1.0)):
            chosen = events["side"] == side
            sums = np.concatenate(([0.0], np.cumsum(events["size"][chosen])))
            first, last = (np.searchsorted(events["ts"][chosen], edge) for edge in (ts, ts + step))
            columns[name] = sums[last] - sums[first]
        return Table(columns, step, settling=True)

    def _statistics(self, timeframe: str, shift_ms: int) -> Table:
        """Return open interest, ratio and totals side by side, as Gate tells them."""
        kinds = ("liquidation_totals", "long_short_ratio", "open_interest")
        columns: dict[str, np.ndarray] = {}
        for kind in kinds:
            columns |= self.table(kind, timeframe).columns
        return Table(columns, period_ms(timeframe), settling=True)


def _grouped(rows: dict[str, np.ndarray], step: int, shift_ms: int) -> Table:
    """Return rows of minutes as candles of ``step`` milliseconds; a candle without any minute does not exist."""
    bucket = (rows["ts"] + shift_ms) // step * step - shift_ms
    first = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    last = np.append(first[1:], bucket.size) - 1
    columns = {"ts": bucket[first]}
    for name, column in rows.items():
        if name == "open":
            columns[name] = column[first]
        elif name == "close":
            columns[name] = column[last]
        elif name in ("high", "low"):
            columns[name] = (np.maximum if name == "high" else np.minimum).reduceat(column, first)
        elif name != "ts":
            columns[name] = np.round(np.add.reduceat(column, first), 8 if "quote" not in name else 2)
    return Table(columns, step, settling=True)


@dataclass
class Truth:
    """A venue's markets and its clock; ``calls`` counts what was asked, so that an unfinished candle keeps changing."""

    venue: str
    markets: dict[str, Market]
    clock: Clock
    calls: int = 0

    def now_ms(self) -> int:
        return self.clock()

    def market(self, name: str) -> Market:
        """Return a market by the venue's identifier or the unified symbol."""
        found = self.markets.get(name)
        return found if found else next(market for market in self.markets.values() if market.symbol == name)

    def expected(
        self, symbol: str, kind: str, timeframe: str = "", start_ms: int = 0, end_ms: int = 2**62, shift_ms: int = 0
    ) -> dict[str, np.ndarray]:
        """Return what a complete download of ``[start_ms, end_ms)`` holds now: finished candles, stamps until now."""
        table = self.market(symbol).table(kind, timeframe, shift_ms)
        ts = table.columns["ts"]
        known = ts + (table.period_ms if table.settling else 0) <= self.now_ms()
        chosen = known & (ts >= start_ms) & (ts < end_ms)
        return {name: column[chosen] for name, column in table.columns.items()}


def make_truth(venue: str, seed: int = 0, days: int = 45, clock: Clock | None = None, holes: bool = True) -> Truth:
    """Return a venue with BTC listed ``days`` before its now and ETH a third later, both at an odd minute.

    The data go on for `AFTER_MS` after now: they become visible when the clock is moved.
    """
    clock = clock or Clock()
    now = clock()
    markets = {}
    for base, age in (("BTC", days), ("ETH", days * 2 // 3)):
        listed = (now - age * DAY_MS) // HOUR_MS * HOUR_MS + 35 * MINUTE_MS
        market = Market(PROFILES[venue], base, seed, listed, now + AFTER_MS, holes)
        markets[market.identifier] = market
    return Truth(venue, markets, clock)
