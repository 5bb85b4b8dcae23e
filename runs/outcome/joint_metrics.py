"""The figures of one account in several markets: those of the account, and each market's part, which add up to it."""

import math
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.universe.markets import Universe
from runs.engines.joint.plan import joint_plan
from runs.engines.joint.result import JointResult
from runs.outcome.competitors import entry_cost, held_of, perpetual_held
from runs.outcome.instrument import instrument_record
from runs.outcome.joint_held import joint_competitors, joint_held
from runs.outcome.metrics import (
    against_benchmark,
    daily_returns,
    exposure_figures,
    money_figures,
    performance_figures,
    trading_figures,
    volume_shares,
    waiting_entries,
)
from runs.outcome.provenance import iso, market_record
from runs.outcome.trades import COLUMNS, round_trips
from runs.perpetual.accounting import NOT_OPENED, entries_not_opened

_SUMS = (
    "realised_quote", "unrealised_quote", "fees_quote", "funding_paid_quote", "liquidation_fees_quote",
    "insurance_fund_quote", "liquidations", "turnover_quote",
)  # fmt: skip


def joint_trades(result: JointResult) -> pd.DataFrame:
    """Return a run's round trips, the market's name first, in the order of their entries."""
    plan, tables = joint_plan(result.universe), []
    for k, (name, part) in enumerate(zip(result.universe.names, result.parts, strict=True)):
        equity, rows = np.full(len(part.market), result.start), plan.rows[plan.first :, k]
        equity[rows[rows >= 0]] = result.equity[rows >= 0]
        frame = part.market.frame
        trips = round_trips(
            part.fills, part.times, frame["high"].to_numpy(), frame["low"].to_numpy(), equity, part.snapshots
        )
        tables.append(trips.assign(market=name)[["market", *COLUMNS]])
    whole = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    return whole.sort_values(["entry_time", "market"], kind="stable", ignore_index=True)


def joint_metrics(result: JointResult, trades: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return all figures of a run; names carry their unit.

    Parameters
    ----------
    result
        The run.
    trades
        Its `joint_trades`, if they are at hand.
    """
    trades = joint_trades(result) if trades is None else trades
    held = joint_held(result)
    parts = [money_figures(part) for part in result.parts]
    missed = [entries_not_opened(part.account[0]) for part in result.parts]
    trading = trading_figures(trades) | {name: sum(counts[name] for counts in missed) for name in NOT_OPENED}
    volume = [volume_shares(part) for part in result.parts]
    ours = daily_returns(result.times, result.equity, result.start).to_numpy()
    theirs = daily_returns(result.times, held.spot, 1.0).to_numpy()
    return {
        "strategy": result.configuration.strategy,
        "performance": performance_figures(result.times, result.equity, result.start),
        "against_buy_and_hold": against_benchmark(ours, theirs),
        **joint_competitors(result, held),
        "trading": {
            **trading, **waiting_entries(trading),
            "largest_volume_share_fraction": max(each["largest_volume_share_fraction"] for each in volume),
            "fills_above_tenth_of_volume": sum(each["fills_above_tenth_of_volume"] for each in volume),
        },
        "exposure": exposure_figures(np.abs(held.notional).sum(axis=1), result.equity, float(held.exposures.sum())),
        "money": _money(result, parts),
        "markets": _parts(result, trades, parts),
        "instrument": {"stand_ins": _stand_ins(result)},
        "instruments": [instrument_record(part.listing, part.configuration.costs) for part in result.parts],
        "allocation": result.configuration.allocation,
        "data": universe_record(result.universe),
    }  # fmt: skip


def universe_record(universe: Universe) -> dict[str, Any]:
    """Return a universe's name, extent and fingerprint, and what has to be said of it and of each of its markets."""
    records, plan = [market_record(each.market) for each in universe.markets], joint_plan(universe)
    said = {
        kind: [f"{each['name']}: {line}" for each in records for line in each[kind]] for kind in ("caveats", "defects")
    }
    return {
        "name": universe_name(universe),
        "markets": [each["name"] for each in records],
        "simulated": any(each["simulated"] for each in records),
        "bars": len(plan.rows) - plan.first,
        "bar_seconds": universe.bar_seconds,
        "first_bar": iso(universe.times[plan.first]),
        "last_bar": iso(universe.times[len(plan.rows) - 1]),
        "fingerprint": universe.fingerprint(),
        "caveats": [*universe.notes, *said["caveats"]],
        "defects": said["defects"],
    }


def universe_name(universe: Universe) -> str:
    """Return how a universe is called: its markets up to three, else how many they are and the first."""
    names = universe.names
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} markets ({names[0]}, {names[1]}, ...)"


def _stand_ins(result: JointResult) -> list[str]:
    return list(dict.fromkeys(line for part in result.parts for line in part.listing.stand_ins))


def _money(result: JointResult, parts: list[dict[str, Any]]) -> dict[str, Any]:
    start, final = result.start, float(result.equity[-1])
    sums = {name: type(parts[0][name])(math.fsum(part[name] for part in parts)) for name in _SUMS}
    by_parts = start + math.fsum(part["equity_from_cash_flows_quote"] - start for part in parts)
    errors = [part["reconciliation_error"] for part in parts]
    return {
        "starting_cash_quote": start,
        "final_equity_quote": final,
        **sums,
        "equity_from_cash_flows_quote": by_parts,
        "reconciliation_error": max(*errors, abs(by_parts - final) / start),
    }


def _parts(result: JointResult, trades: pd.DataFrame, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each market's part of profit, fees and funding, and what its coin earned held."""
    found = []
    for each, part, money in zip(result.universe.markets, result.parts, parts, strict=True):
        own = trading_figures(trades[trades["market"] == each.market.name])
        seen = part.market[each.first :] if each.first else part.market
        profit = float(part.equity[-1]) - result.start
        found.append(
            {
                "name": each.market.name,
                "profit_quote": profit,
                "return_fraction": profit / result.start,
                **{name: money[name] for name in _SUMS},
                "trades": own["trades"],
                "hit_rate_fraction": own["hit_rate_fraction"],
                "price_return_fraction": float(seen.frame["close"].iloc[-1] / seen.frame["open"].iloc[0] - 1.0),
                "perpetual_held_return_fraction": perpetual_held(
                    held_of(seen), entry_cost(part.configuration, part.listing)
                )["total_return_fraction"],
                "first_bar": iso(part.times[each.first]),
                "last_bar": iso(part.times[-1]),
            }
        )
    return found
