"""A simulated perpetual market, so that everything runs on a machine without data or network. Nothing in it ever traded.

The price follows an exogenous efficient price (stochastic volatility, fat tails, jumps). Around it live positions that open
at the bars' prices with a mixture of leverages, are closed by their holders at random, and are force-closed where the
price reaches their liquidation level; forced orders push the price, and the push decays. So open interest and reported
liquidations follow from positions, as they do on a venue. Clusters attract nothing: there is no magnet in it.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datafeeds.schema import Market, market_from_frame

_STEPS = 12  # moves within a bar, from which its high and low come
_LEVERAGES = np.array([2.0, 3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0])
_WEIGHTS = np.array([0.18, 0.18, 0.22, 0.20, 0.11, 0.04, 0.04, 0.03])  # assumption: near the account-level evidence
_MAINTENANCE = 0.005  # lowest tier, fraction of notional
_BIN = 0.0002  # log price, width of a level
_REACH = 20_000  # bins each way from the first price: a factor of e**4
_ROUNDS = 6  # generations of a cascade within one bar
_HOURS_BETWEEN_SETTLEMENTS = 8
_INTEREST = 0.0001  # per settlement, the base rate at which real funding has its mass point
_CLAMP = 0.0005  # how far premium may lie from the interest before funding moves (Binance's formula)
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class SimulationParameters:
    """The simulated market's constants. All are *assumptions* within the bands of hourly BTC, 2021-2025.

    Attributes
    ----------
    first_price
        Quote per base.
    base_open_interest
        Base coin to which open interest reverts.
    hourly_volatility
        Median standard deviation of hourly log returns.
    volatility_persistence, volatility_of_volatility
        Hourly AR(1) of log volatility.
    jumps_per_year, jump_size
        Poisson rate, and standard deviation of a jump's log size (its mean is a fifth of it, downward).
    turnover
        Fraction of open interest opened in a median hour.
    takeover
        Share of forced size that new positions take over; the rest leaves with its counterparties.
    impact
        Y of the square-root law for forced orders; exactly 0 switches the feedback off.
    impact_half_life_hours
        Decay of the push.
    """

    first_price: float = 60_000.0
    base_open_interest: float = 60_000.0
    hourly_volatility: float = 0.004
    volatility_persistence: float = 0.985
    volatility_of_volatility: float = 0.1
    jumps_per_year: float = 60.0
    jump_size: float = 0.02
    turnover: float = 0.01
    takeover: float = 0.3
    impact: float = 0.2
    impact_half_life_hours: float = 1.5


class _Positions:
    """Open positions of one side by liquidation level, on a fine log grid around the first price.

    All sizes carry one lazy factor, because holders close the same share of every position.
    """

    def __init__(self, sign: float, first_price: float) -> None:
        self.sign, self.total, self._factor = sign, 0.0, 1.0
        self._sizes = np.zeros(2 * _REACH + 1)
        self._origin = math.log(first_price) / _BIN - _REACH
        ratio = (1.0 - sign / _LEVERAGES) / (1.0 - sign * _MAINTENANCE)
        self._offsets = np.rint(np.log(ratio) / _BIN).astype(np.int64)
        self._nearest = 0 if sign < 0.0 else 2 * _REACH  # no level stands nearer to the price than this bin

    def _bin(self, price: float) -> int:
        return min(max(round(math.log(price) / _BIN - self._origin), 0), 2 * _REACH)

    def open(self, size: float, prices: tuple[float, ...]) -> None:
        """Open `size`, spread evenly over entry prices and by weight over leverages."""
        for price in prices:
            levels = np.clip(self._bin(price) + self._offsets, 0, 2 * _REACH)
            np.add.at(self._sizes, levels, _WEIGHTS * (size / len(prices) / self._factor))
            edge = int(levels.max()) if self.sign > 0.0 else int(levels.min())
            self._nearest = max(self._nearest, edge) if self.sign > 0.0 else min(self._nearest, edge)
        self.total += size

    def close(self, size: float) -> None:
        """Close `size`, the same share of every position."""
        if self.total <= 0.0:
            return
        keep = max(1.0 - size / self.total, 0.0)
        self.total *= keep
        self._factor *= keep
        if self._factor < 1e-9:
            self._sizes *= self._factor
            self._factor = 1.0

    def force(self, extreme: float) -> float:
        """Remove what the extreme reaches and return its size."""
        edge = self._bin(extreme)
        first, last = (edge, self._nearest + 1) if self.sign > 0.0 else (self._nearest, edge + 1)
        if first >= last:
            return 0.0
        forced = min(float(self._sizes[first:last].sum()) * self._factor, self.total)
        self._sizes[first:last] = 0.0
        self._nearest = edge - 1 if self.sign > 0.0 else edge + 1
        self.total -= forced
        return forced


def _efficient_steps(
    random: np.random.Generator, bars: int, hours: float, p: SimulationParameters
) -> tuple[np.ndarray, np.ndarray]:
    """Return log price moves (bars, steps) and the volatility of each bar (bars,)."""
    persistence = p.volatility_persistence**hours
    spread = p.volatility_of_volatility / math.sqrt(1.0 - p.volatility_persistence**2)
    noise = random.standard_normal(bars) * spread * math.sqrt(1.0 - persistence**2)
    log_volatility = np.empty(bars)
    level = random.standard_normal() * spread
    for bar in range(bars):
        level = persistence * level + noise[bar]
        log_volatility[bar] = level
    volatility = p.hourly_volatility * math.sqrt(hours) * np.exp(log_volatility)
    shock = random.standard_t(4, (bars, _STEPS)) / math.sqrt(2.0)  # unit variance
    moves = shock * (volatility / math.sqrt(_STEPS))[:, None]
    jumps = random.random(bars) < p.jumps_per_year * hours / 8760.0
    where = random.integers(0, _STEPS, bars)
    moves[np.flatnonzero(jumps), where[jumps]] += p.jump_size * (random.standard_normal(int(jumps.sum())) - 0.2)
    return moves, volatility


def simulate(
    seed: int = 7,
    bars: int = 8760,
    bar_seconds: int = 3600,
    start: str = "2024-01-01",
    parameters: SimulationParameters | None = None,
) -> Market:
    """Return a simulated market.

    Parameters
    ----------
    seed
        The same seed gives the same bytes.
    bars, bar_seconds
        How many bars of which length (a divisor of 8 hours).
    start
        Open of the first bar, UTC.
    parameters
        The market's constants.

    Raises
    ------
    ValueError
        For fewer than two bars, or a bar length that does not divide 8 hours.
    """
    p = parameters or SimulationParameters()
    if bars < 2 or bar_seconds <= 0 or (_HOURS_BETWEEN_SETTLEMENTS * 3600) % bar_seconds:
        raise ValueError(f"bars = {bars} must be at least 2 and bar_seconds = {bar_seconds} must divide 8 hours")
    random = np.random.default_rng(seed)
    hours = bar_seconds / 3600.0
    moves, volatility = _efficient_steps(random, bars, hours, p)
    columns = _trade(random, moves, volatility, hours, p)
    columns["funding_rate"] = _funding(random, columns.pop("push"), bars, bar_seconds)
    crowd = np.cumsum(random.standard_normal(bars) * 0.02 * math.sqrt(hours))
    columns["long_short_ratio"] = np.exp(0.4 + 0.3 * np.tanh(crowd / 2.0))
    # datetimes from whole nanoseconds, so that no time zone of the machine can enter
    first = pd.Timestamp(start, tz="UTC").as_unit("ns").value
    columns["ts"] = pd.to_datetime(first + np.arange(bars, dtype=np.int64) * bar_seconds * 1_000_000_000, utc=True)
    name = f"simulated-{seed}"
    return market_from_frame(pd.DataFrame(columns), name, simulated=True)


def _trade(
    random: np.random.Generator, moves: np.ndarray, volatility: np.ndarray, hours: float, p: SimulationParameters
) -> dict[str, np.ndarray]:
    bars = len(moves)
    names = (
        "open", "high", "low", "close", "volume", "open_interest", "mark_high", "mark_low", "mark_close",
        "taker_buy_volume", "liquidated_long", "liquidated_short", "push",
    )  # fmt: skip
    out = {name: np.empty(bars) for name in names}
    longs, shorts = _Positions(1.0, p.first_price), _Positions(-1.0, p.first_price)
    history = tuple((p.first_price * np.exp(random.standard_normal(64) * 0.05)).tolist())
    for book in (longs, shorts):
        book.open(p.base_open_interest, history)
        book.force(p.first_price)
    _level_out(longs, shorts)
    activity = np.exp(0.35 * random.standard_normal(bars) - 0.06)
    tilt = 0.04 * random.standard_normal(bars)
    decay = 0.5 ** (hours / p.impact_half_life_hours)
    walk = np.cumsum(moves, axis=1)
    total, lowest, highest = walk[:, -1], walk.min(axis=1), walk.max(axis=1)
    efficient, push, last = math.log(p.first_price), 0.0, p.first_price
    for bar in range(bars):
        push *= decay
        bottom, top = math.exp(efficient + float(lowest[bar]) + push), math.exp(efficient + float(highest[bar]) + push)
        efficient += float(total[bar])
        low, high = min(last, bottom), max(last, top)
        daily = float(volatility[bar]) * math.sqrt(24.0 / hours)
        traded = longs.total * p.turnover * hours * (4.0 + 400.0 * (high / low - 1.0)) * float(activity[bar])
        forced_long, forced_short, kick = _cascade(longs, shorts, low, high, daily, 24.0 / hours * traded, p)
        push += kick
        close = math.exp(efficient + push)
        low, high = min(low, close), max(high, close)
        out["open"][bar], out["high"][bar], out["low"][bar], out["close"][bar] = last, high, low, close
        mark = math.exp(efficient + 0.7 * push)  # the mark follows the index and only part of the push
        out["mark_close"][bar] = mark
        out["mark_low"][bar] = min(mark, max(low, bottom))
        out["mark_high"][bar] = max(mark, min(high, top))
        entries = (low, 0.5 * (low + high), high)
        _turn_over(longs, shorts, forced_long, forced_short, entries, float(activity[bar]), hours, p)
        longs.force(close)  # a level opened inside this bar beyond its close was never there to stand
        shorts.force(close)
        _level_out(longs, shorts)
        volume = traded + forced_long + forced_short
        lean = 0.5 + 0.15 * math.tanh(float(total[bar]) / (2.0 * float(volatility[bar]))) + float(tilt[bar])
        out["volume"][bar], out["taker_buy_volume"][bar] = volume, volume * min(max(lean, 0.0), 1.0)
        out["open_interest"][bar] = longs.total
        out["liquidated_long"][bar], out["liquidated_short"][bar], out["push"][bar] = forced_long, forced_short, push
        last = close
    return out


def _cascade(
    longs: _Positions,
    shorts: _Positions,
    low: float,
    high: float,
    daily: float,
    daily_volume: float,
    p: SimulationParameters,
) -> tuple[float, float, float]:
    """Force what the range reaches, and what the push of that reaches in turn; return both sizes and the push (log price)."""
    forced_long = forced_short = kick = 0.0
    for _ in range(_ROUNDS):
        sold = longs.force(low * math.exp(min(kick, 0.0)))
        bought = shorts.force(high * math.exp(max(kick, 0.0)))
        forced_long, forced_short = forced_long + sold, forced_short + bought
        if p.impact == 0.0 or sold + bought == 0.0:
            break
        net = bought - sold
        kick += math.copysign(p.impact * daily * math.sqrt(abs(net) / daily_volume), net) if net else 0.0
    return forced_long, forced_short, kick


def _turn_over(
    longs: _Positions, shorts: _Positions, forced_long: float, forced_short: float, entries: tuple[float, ...], activity: float,
    hours: float, p: SimulationParameters,
) -> None:  # fmt: skip
    """Take over part of the forced size, then let traders open and close; open interest reverts to its base."""
    longs.open(p.takeover * forced_long, entries[:1])
    shorts.close((1.0 - p.takeover) * forced_long)
    shorts.open(p.takeover * forced_short, entries[-1:])
    longs.close((1.0 - p.takeover) * forced_short)
    opened = p.turnover * hours * activity * p.base_open_interest
    closed = p.turnover * hours * activity * min(longs.total, shorts.total)
    for book in (longs, shorts):
        book.close(closed)
        book.open(opened, entries)


def _level_out(longs: _Positions, shorts: _Positions) -> None:
    """Every contract has a long and a short: the larger side closes its surplus."""
    surplus = longs.total - shorts.total
    (longs if surplus > 0.0 else shorts).close(abs(surplus))


def _funding(random: np.random.Generator, push: np.ndarray, bars: int, bar_seconds: int) -> np.ndarray:
    """Return the rate settled at each bar's open (NaN between settlements): premium plus clamped interest."""
    noise, premium = random.standard_normal(bars) * 0.00008, np.empty(bars)
    level = 0.0
    for bar in range(bars):
        level = 0.97 * level + noise[bar] + 0.003 * push[bar]
        premium[bar] = level
    rate = premium + np.clip(_INTEREST - premium, -_CLAMP, _CLAMP)
    settled = np.full(bars, np.nan)
    every = _HOURS_BETWEEN_SETTLEMENTS * 3600 // bar_seconds
    settled[every::every] = rate[every - 1 : -1 : every][: len(settled[every::every])]
    return settled
