"""From what the market left to the canonical columns: prices, volume, flow, funding."""

import math

import numpy as np

from datafeeds.simulated.feed import reported_sizes
from datafeeds.simulated.parameters import SimulationParameters

SETTLEMENT_SECONDS = 8 * 3600
_INTEREST = 0.0001  # a settlement; the base rate at which real funding has its mass point
_CLAMP = 0.0005  # how far the premium may lie from the interest before funding moves; Binance's formula
_TYPICAL_RANGE = 1.6  # mean range of a Brownian bar over its standard deviation
_QUIET = 0.3  # assumption: share of the churn that is there without a range
_LEAN, _LEAN_NOISE = 0.15, 0.04  # assumption: how far the takers' share of buying follows the return, and its scatter


def price_columns(tape: np.ndarray) -> dict[str, np.ndarray]:
    """Return last and mark prices (n,), quote per base."""
    last = {name: np.exp(tape[name]) for name in ("open", "high", "low", "close")}
    return last | {name: np.exp(tape[name]) for name in ("mark_high", "mark_low", "mark_close")}


def flow_columns(
    streams: list[np.random.Generator],
    tape: np.ndarray,
    prints: np.ndarray,
    volatility: np.ndarray,
    hours: float,
    p: SimulationParameters,
) -> dict[str, np.ndarray]:
    """Return sizes and ratios (n,).

    Parameters
    ----------
    streams
        Two generators: volume, taker flow.
    tape, volatility
        (n,) of `TAPE`, and standard deviation of each bar.

    Notes
    -----
    Volume is what the ledger's flow implies, plus day traders who open and close within the bar: they leave no row.
    """
    bars = len(tape)
    typical = _TYPICAL_RANGE * max(p.hourly_volatility, 1e-300) * math.sqrt(hours)
    busy = _QUIET + (1.0 - _QUIET) * (tape["high"] - tape["low"]) / typical
    noise = np.exp(p.volume_spread * streams[0].standard_normal(bars))
    volume = tape["flow"] + p.hourly_volume * hours * tape["open_interest"] * busy * noise
    move = (tape["close"] - tape["open"]) / np.maximum(2.0 * volatility, 1e-300)
    lean = np.clip(0.5 + _LEAN * np.tanh(move) + _LEAN_NOISE * streams[1].standard_normal(bars), 0.0, 1.0)
    forced_long, forced_short = tape["forced"].T
    liquidated = reported_sizes(prints, bars)
    return {
        "volume": volume,
        "open_interest": tape["open_interest"].copy(),
        # Forced orders take: longs are sold, shorts bought back.
        "taker_buy_volume": np.maximum(volume - forced_long - forced_short, 0.0) * lean + forced_short,
        "long_short_ratio": np.maximum(tape["accounts"][:, 0], 1) / np.maximum(tape["accounts"][:, 1], 1),
        "liquidated_long": liquidated[0],
        "liquidated_short": liquidated[1],
    }


def funding_rates(premium: np.ndarray, burnt: int, opens: np.ndarray, bar_seconds: int) -> np.ndarray:
    """Return the rate (n,) settled at each bar's open, NaN where none is: mean premium of eight hours, plus clamped interest.

    Parameters
    ----------
    premium
        (burnt + n,) mean log premium of each bar.
    opens
        (n,) seconds since 1970 at which bars open.

    Notes
    -----
    Where the interest lies within the clamp of the premium, the rate is the interest: real funding's mass point.
    """
    span = SETTLEMENT_SECONDS // bar_seconds
    summed = np.concatenate([[0.0], np.cumsum(premium)])
    rates = np.full(len(opens), np.nan)
    settles = np.flatnonzero(opens % SETTLEMENT_SECONDS == 0)
    settles = settles[settles + burnt >= span]
    mean = (summed[settles + burnt] - summed[settles + burnt - span]) / span
    rates[settles] = mean + np.clip(_INTEREST - mean, -_CLAMP, _CLAMP)
    # The sum and the difference of the clamp differ from the interest in the last digit; the mass point is one number.
    rates[settles[np.abs(_INTEREST - mean) <= _CLAMP]] = _INTEREST
    return rates
