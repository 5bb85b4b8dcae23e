"""What the model says of a market, bar by bar: all that claims are measured on."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from datafeeds.quality import epoch_nanoseconds
from datafeeds.records import SIDES
from datafeeds.schema import Market
from datafeeds.simulated.ledger import LIQUIDATED
from datafeeds.simulated.market import SimulatedMarket
from datafeeds.symbol_names import read_symbol
from datafeeds.symbols import contract_of
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.recording import record_heatmap
from runs.engines.event import model_bars

MODEL_FIELDS = ("model_liquidated_long", "model_liquidated_short")
"""Snapshot fields that hold the size which the map before the bar expects to be liquidated in it, by side."""


@dataclass(frozen=True)
class Dataset:
    """A market and the map of it.

    Attributes
    ----------
    market
        Where the bars come from.
    bars
        (n,) of `indicators.liquidation.bar.BAR`.
    snapshots
        (n,) of `indicators.liquidation.snapshot.SNAPSHOT`.
    density
        (n, 2, bins) float32: base coin standing in each bin outward from each bar's close, longs below, shorts above.
    starts
        (n, 2) where in its first bin each of these maps begins (0 .. 1), by side: the close's place on the grid.
    bin_width
        Log price per bin.
    bar_seconds
        Length of a bar.
    parameters
        Of the model.
    liquidations
        Liquidations with their prices, where they are known (`LIQUIDATION`); None where they are not.
    positions
        Snapshots of accounts' positions in the market's coin, where they are known (`POSITION`); None where they are not.
    """

    market: Market
    bars: np.ndarray
    snapshots: np.ndarray
    density: np.ndarray
    starts: np.ndarray
    bin_width: float
    bar_seconds: int
    parameters: ModelParameters
    liquidations: np.ndarray | None = None
    positions: np.ndarray | None = None

    @property
    def model_liquidated(self) -> np.ndarray:
        """(n, 2) base coin that the map before each bar expects to be liquidated, given how far the bar's price went."""
        return expected_sizes(self.snapshots)

    @property
    def reported(self) -> np.ndarray:
        """(n, 2) base coin reported as liquidated, longs and shorts; NaN where unknown."""
        return np.stack([self.bars["liquidated_long"], self.bars["liquidated_short"]], axis=1)

    @property
    def days(self) -> np.ndarray:
        """(n,) the UTC day of each bar's open, as a whole number."""
        return self.market.times.astype("datetime64[D]").astype(np.int64)


LIQUIDATION = np.dtype([("bar", np.int64), ("side", np.int64), ("price", np.float64), ("size", np.float64)])
"""One liquidation: the index of its bar, 0 a long and 1 a short, liquidation price (quote per base), size (base coin)."""


POSITION = np.dtype(
    [
        ("time", "datetime64[ns]"),
        ("account", np.int64),
        ("side", np.int64),
        ("usd", np.float64),
        ("liquidation_price", np.float64),
        ("mark", np.float64),
    ]
)
"""One position in a snapshot: UTC instant, number of the account, 0 a long and 1 a short, size at the mark, prices (quote per
base; NaN where none liquidates)."""


def positions_in(market: Market, records: pd.DataFrame) -> np.ndarray:
    """Return (m,) of `POSITION`: those of checked position snapshots (`datafeeds.records`) that are in a market's coin.

    Accounts have the same number in all coins of the same records.
    """
    accounts = pd.factorize(records["account"])[0]
    own = _in_coin_of(market, records["coin"])
    found = np.zeros(int(own.sum()), dtype=POSITION)
    found["time"] = epoch_nanoseconds(records["ts"])[own].view("datetime64[ns]")
    found["account"], found["side"] = accounts[own], (records["side"] == SIDES[1])[own]
    found["usd"] = (records["size"] * records["mark_price"])[own]
    found["liquidation_price"], found["mark"] = records["liquidation_price"][own], records["mark_price"][own]
    return found


def liquidations_in(market: Market, records: pd.DataFrame) -> np.ndarray:
    """Return (m,) of `LIQUIDATION`: those of checked liquidations (`datafeeds.records`) in a market's coin and bars.

    Notes
    -----
    The price is the mean fill, which lies nearer to the liquidation price than the order's limit; orders whose fill is
    unknown are left out.
    """
    times = epoch_nanoseconds(records["ts"]).view("datetime64[ns]")
    bars = np.searchsorted(market.times, times, side="right") - 1
    inside = (bars >= 0) & (times - market.times[bars] < np.timedelta64(market.bar_seconds, "s"))
    own = _in_coin_of(market, records["symbol"])
    kept = own & inside & records["price_avg"].notna().to_numpy()
    found = np.zeros(int(kept.sum()), dtype=LIQUIDATION)
    found["bar"], found["side"] = bars[kept], (records["side"] == SIDES[1])[kept]
    found["price"], found["size"] = records["price_avg"][kept], records["filled"][kept]
    return found


def _in_coin_of(market: Market, names: pd.Series) -> np.ndarray:
    """Return which of some names (n,) are of what a market counts, (n,) bool."""
    known = contract_of(market.name)
    unit = known.coin if known else read_symbol(market.name.split("/")[-1]).unit
    units = {name: read_symbol(name).unit for name in names.unique()}
    return (names.map(units) == unit).to_numpy()


def true_liquidations(simulated: SimulatedMarket) -> np.ndarray:
    """Return (m,) of `LIQUIDATION`: every position that was forced, at the price that liquidated it, in the order of bars.

    Notes
    -----
    The liquidations of the market hold bankruptcy prices, as venues' do, which lie some bins further out.
    """
    rows = simulated.ledger[simulated.ledger["ending"] == LIQUIDATED]
    rows = rows[np.argsort(rows["ended_bar"], kind="stable")]
    found = np.zeros(len(rows), dtype=LIQUIDATION)
    for name, source in (("bar", "ended_bar"), ("side", "side"), ("price", "liquidation_price"), ("size", "size")):
        found[name] = rows[source]
    return found


def grid_starts(positions: np.ndarray) -> np.ndarray:
    """Return (n, 2) where in its bin (0 .. 1) each close lies, by side; (n,) closes in bins. Longs are read mirrored."""
    sides = np.stack([-positions, positions], axis=1)
    return sides - np.floor(sides)


def expected_sizes(snapshots: np.ndarray) -> np.ndarray:
    """Return the forecast (n, 2) that snapshots hold, longs and shorts, base coin."""
    return np.stack([snapshots[name] for name in MODEL_FIELDS], axis=1)


def read_market(
    market: Market,
    parameters: ModelParameters,
    liquidations: np.ndarray | None = None,
    positions: np.ndarray | None = None,
) -> Dataset:
    """Take a market through the model and keep the map at every bar.

    Parameters
    ----------
    market, parameters
        What to read, and with which model.
    liquidations
        (m,) of `LIQUIDATION`, where liquidations have prices.
    positions
        (m,) of `POSITION`, where snapshots of accounts are known.
    """
    dataset = read_bars(market, model_bars(market), parameters, liquidations)
    return replace(dataset, positions=positions)


def read_bars(
    market: Market, bars: np.ndarray, parameters: ModelParameters, liquidations: np.ndarray | None = None
) -> Dataset:
    """Take bars (n,) of `BAR` through the model, where they say other things than their market does; else as `read_market`."""
    record = record_heatmap(build_model(parameters, market.bar_seconds), bars)
    return Dataset(
        market, bars, record.snapshots, record.density, grid_starts(record.positions), parameters.bin_width, market.bar_seconds,
        parameters, liquidations,
    )  # fmt: skip
