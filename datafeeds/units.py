"""One unit for every size: base coin. Venues count in contracts, coins and quote currency."""

import numpy as np

from datafeeds.errors import MarketError

UNITS = ("base", "contracts", "quote", "inverse contracts")
"""base coin; contracts of a fixed amount of base coin; quote currency; contracts of a fixed amount of quote currency."""


def to_base(size: np.ndarray, unit: str, contract_size: float, price: np.ndarray) -> np.ndarray:
    """Return sizes (n,) in base coin.

    Parameters
    ----------
    size
        (n,) in `unit`.
    unit
        One of `UNITS`.
    contract_size
        Base coin (``contracts``) or quote currency (``inverse contracts``) of one contract, > 0; unused for the others.
    price
        (n,) quote per base, > 0 where a quote amount is turned into coin; unused for the others.

    Notes
    -----
    ``base``: q; ``contracts``: q s; ``quote``: q / p; ``inverse contracts``: q s / p. The last two hold at the price given,
    so they are estimates wherever that is not the price of every part.

    Raises
    ------
    MarketError
        For an unknown unit or a contract size that is not positive.

    Examples
    --------
    OKX BTC-USDT-SWAP counts contracts of 0.01 BTC, Gate BTC_USDT of 0.0001 BTC, Binance BTCUSD_PERP of 100 USD:

    >>> to_base(np.array([628.0]), "contracts", 0.01, np.array([24323.0])).tolist()
    [6.28]
    >>> to_base(np.array([500.0]), "inverse contracts", 100.0, np.array([50_000.0])).tolist()
    [1.0]
    """
    if unit not in UNITS:
        raise MarketError(f"unknown unit {unit!r}: write one of {', '.join(UNITS)}")
    if "contracts" in unit and not (np.isfinite(contract_size) and contract_size > 0.0):
        raise MarketError(f"contract size {contract_size:g} must be above 0")
    if unit == "base":
        return size
    if unit == "contracts":
        return size * contract_size
    amount = size if unit == "quote" else size * contract_size
    return amount / price
