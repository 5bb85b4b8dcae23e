"""How the venues name and count, and what their clocks say."""

import time
from collections.abc import Callable
from dataclasses import dataclass

NOW_MS = 1_772_446_053_000
"""2026-03-02 10:07:33 UTC: where a venue's clock stands unless told otherwise, so that a seed gives the same for ever."""


@dataclass
class Clock:
    """A venue's clock; ``offset_ms`` may be changed while a server runs, so that it differs from this machine's."""

    now: Callable[[], int] = lambda: NOW_MS
    offset_ms: int = 0

    def __call__(self) -> int:
        return self.now() + self.offset_ms


def running_clock(offset_ms: int = 0) -> Clock:
    """Return a clock that goes with this machine's, ``offset_ms`` ahead of it."""
    return Clock(lambda: time.time_ns() // 1_000_000, offset_ms)


@dataclass(frozen=True)
class Profile:
    """How a venue names and counts."""

    identifier: str
    quote: str = "USDT"
    contract_sizes: tuple[tuple[str, float], ...] = ()  # none: sizes are base coins
    funding_hours: int = 8
    funding_jitter_ms: int = 0
    open_interest_decimals: int = 3
    ratio_decimals: int = 4  # of the long/short ratio's text; 15: the venue tells both shares, no ratio
    liquidation_step_ms: int = 1


PROFILES = {
    "binance": Profile("{base}USDT", funding_jitter_ms=12),
    "bybit": Profile("{base}USDT", ratio_decimals=15),
    "okx": Profile("{base}-USDT-SWAP", contract_sizes=(("BTC", 0.01), ("ETH", 0.1)), open_interest_decimals=2),
    "gate": Profile(
        "{base}_USDT",
        contract_sizes=(("BTC", 0.0001), ("ETH", 0.01)),
        open_interest_decimals=0,
        liquidation_step_ms=1000,
    ),
    "hyperliquid": Profile("{base}", quote="USDC", funding_hours=1, funding_jitter_ms=80),
}
