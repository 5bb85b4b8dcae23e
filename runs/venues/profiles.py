"""What venues ask, by date: the profiles that ship in ``venues.toml``, and a user's own, which have the same format.

`docs/instruments.md` documents it.
"""

import datetime
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from datafeeds.symbols import Contract, contract_of
from indicators.liquidation.parameter_fields import unknown
from runs.venues.instruments import Instrument, Listing, tier_table

_STAND_IN = "BTC"
LIQUIDATED_AT = ("mark price", "bankruptcy price")
_NUMBERS = {  # field: lowest and highest value
    "contract_size": (1e-12, 1e12),
    "price_tick": (0.0, 1e9),
    "contract_step": (1e-12, 1e12),
    "smallest_notional": (0.0, 1e9),
    "taker_fee_bps": (0.0, 1000.0),
    "maker_fee_bps": (-100.0, 1000.0),
    "liquidation_fee_rate": (0.0, 0.1),
    "funding_interval_hours": (0.01, 1000.0),
}
_WORDS = ("liquidated_at", "liquidation_style", "quote")
_REMARKS = ("source", "stand_in")
_TABLES = ("contracts", "brackets")
_NEEDED = ("taker_fee_bps", "maker_fee_bps", "liquidation_fee_rate")


def profiles_of(text: str, where: str) -> list[dict[str, Any]]:
    """Return the profiles that a TOML text holds, by day.

    Parameters
    ----------
    text
        ``[[profile]]`` tables.
    where
        What holds it, for errors.

    Raises
    ------
    ValueError
        One line with what is wrong, and where.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where}: is no TOML ({error})") from None
    found = values.get("profile")
    if not isinstance(found, list) or not found or set(values) != {"profile"}:
        raise ValueError(f"{where}: holds no venue; write [[profile]] tables (docs/instruments.md)")
    for number, profile in enumerate(found, start=1):
        _check_profile(profile, f"{where}, profile {number}")
    return sorted(found, key=lambda profile: profile["on"])


def _check_profile(profile: Any, where: str) -> None:
    if not isinstance(profile, dict):
        raise ValueError(f"{where}: is no table")
    known = ["venue", "on", *_NUMBERS, *_WORDS, *_REMARKS, *_TABLES]
    for name in profile:
        if name not in known:
            raise ValueError(f"{where}: {unknown('field', name, known)}")
    if not isinstance(profile.get("venue"), str) or not profile["venue"]:
        raise ValueError(f"{where}: venue = a name is missing")
    if type(profile.setdefault("on", datetime.date(1970, 1, 1))) is not datetime.date:
        raise ValueError(f"{where}: on = {profile['on']!r} is no day; write on = 2024-10-24")
    for table in _TABLES:
        if not isinstance(profile.setdefault(table, {}), dict):
            raise ValueError(f"{where}: {table} is no table of coins")
        for name in profile[table]:
            if _coin(name) is None:
                raise ValueError(f"{where}: {table}.{name} is no coin; write BTC or BTCUSDT")
        profile[table] = {_coin(name): held for name, held in profile[table].items()}
    _check_values(profile, where)
    for coin, contract in profile["contracts"].items():
        if not isinstance(contract, dict) or not set(contract) <= {*_NUMBERS, *_WORDS}:
            raise ValueError(f"{where}: contracts.{coin} holds some of {', '.join((*_NUMBERS, *_WORDS))}")
        _check_values(contract, f"{where}, contracts.{coin}")
    for coin, rows in profile["brackets"].items():
        _check_brackets(rows, f"{where}, brackets.{coin}")


def _check_values(values: Mapping[str, Any], where: str) -> None:
    for name, (low, high) in _NUMBERS.items():
        value = values.get(name, low)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"{where}: {name} = {value!r} is no number from {low:g} to {high:g}")
    for name in (*_WORDS, *_REMARKS):
        if not isinstance(values.get(name, ""), str):
            raise ValueError(f"{where}: {name} = {values[name]!r} is no text")
    if values.get("liquidated_at", LIQUIDATED_AT[0]) not in LIQUIDATED_AT:
        raise ValueError(f"{where}: liquidated_at = {values['liquidated_at']!r} is none of {', '.join(LIQUIDATED_AT)}")


def _check_brackets(rows: Any, where: str) -> None:
    numbers = isinstance(rows, list) and all(
        isinstance(row, list)
        and len(row) in (2, 3)
        and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in row)
        for row in rows
    )
    if not numbers or not rows:
        raise ValueError(f"{where}: write rows of notional floor, maintenance rate and, where known, largest leverage")
    if rows[0][0] != 0 or any(row[0] >= after[0] or row[1] > after[1] for row, after in pairwise(rows)):
        raise ValueError(f"{where}: floors must begin at 0 and rise, and rates must not fall")
    for row in rows:
        if not 0.0 < row[1] < 1.0 or (len(row) == 3 and not 0.0 <= row[2] * row[1] < 1.0):
            raise ValueError(f"{where}: {row} must have a rate in (0, 1), and a leverage whose margin exceeds it")


def _coin(name: str) -> str | None:
    found = contract_of(name) or contract_of(f"{name}-USDT")
    return found.coin if found else None


@cache
def shipped_profiles() -> tuple[dict[str, Any], ...]:
    """Return the profiles of ``venues.toml``, by day."""
    text = (files("runs.venues") / "venues.toml").read_text(encoding="utf-8")
    return tuple(profiles_of(text, "venues.toml"))


def venue_names() -> list[str]:
    """Return the names of the venues that ship, sorted."""
    return sorted({profile["venue"] for profile in shipped_profiles()})


def listing(venue: str, contract: Contract | None, own: Iterable[Mapping[str, Any]] = ()) -> Listing:
    """Return a contract's terms over time.

    Parameters
    ----------
    venue
        One of `venue_names`, or the venue of `own` profiles.
    contract
        From `contract_of`; None where no name told it.
    own
        A user's profiles, laid over those that ship of the same venue.

    Raises
    ------
    ValueError
        For an unknown venue, with the nearest name; for one whose fees or brackets are not all there.
    """
    dated = [profile for profile in (*shipped_profiles(), *own) if profile["venue"] == venue]
    if not dated:
        raise ValueError(unknown("venue", venue, venue_names()))
    dated.sort(key=lambda profile: profile["on"])
    wanted = contract or Contract("")
    coin = wanted.coin if any(wanted.coin in profile["brackets"] for profile in dated) else _STAND_IN
    since = [profile["on"] for profile in dated if coin in profile["brackets"]]
    if not since:
        held = sorted({name for profile in dated for name in profile["brackets"]})
        raise ValueError(f"venue {venue}: no brackets for {wanted.symbol}; it has some for {', '.join(held) or 'none'}")
    missing = [name for name in _NEEDED if not any(name in _told(profile, wanted.coin) for profile in dated)]
    if missing:
        raise ValueError(f"venue {venue}: no profile tells {', '.join(missing)}")
    days = sorted({profile["on"] for profile in dated if _told(profile, wanted.coin) or coin in profile["brackets"]})
    instruments = tuple(_merged(venue, wanted, coin, dated, day) for day in days)
    return Listing(instruments, tuple(_stand_ins(venue, contract, coin, dated)), since[0])


def _told(profile: Mapping[str, Any], coin: str) -> dict[str, Any]:
    """Return what a profile says of a coin's contract, its brackets left out."""
    own = profile["contracts"].get(coin, {})
    return {name: profile[name] for name in (*_NUMBERS, *_WORDS) if name in profile} | own


def _merged(venue: str, contract: Contract, coin: str, dated: list[Any], day: datetime.date) -> Instrument:
    """Return the terms of a day: of each the newest not later, else the oldest."""
    values: dict[str, Any] = {}
    rows, source = None, ""
    for profile in [*reversed([p for p in dated if p["on"] > day]), *(p for p in dated if p["on"] <= day)]:
        told = _told(profile, contract.coin)
        rows = profile["brackets"].get(coin, rows)
        values |= told
        if told or coin in profile["brackets"]:
            source = profile.get("source", source)
    numbers: dict[str, Any] = {name: float(value) if name in _NUMBERS else value for name, value in values.items()}
    quote = contract.quote or values.get("quote", "")
    numbers |= {"quote": quote, "source": source, "inverse": contract.inverse}
    return Instrument(venue, (contract.coin or coin) + quote, day, tier_table(rows or ()), **numbers)


def _stand_ins(venue: str, contract: Contract | None, coin: str, dated: list[Any]) -> Iterable[str]:
    quote = next((profile["quote"] for profile in reversed(dated) if "quote" in profile), "")
    name = coin + quote
    if contract is None:
        yield f"no contract is recognised in the data's name: {venue}'s {name} stands in; name it with --set symbol=ETHUSDT"
        return
    if coin != contract.coin:
        yield f"the brackets of {name} stand in for {contract.symbol}, whose own are not known for {venue}"
    elif contract.quote not in ("", quote):
        yield f"{venue}'s {name} stands in for {contract.symbol}"
    told = [profile.get("stand_in", "") for profile in dated if coin in profile["brackets"]]
    if told[-1]:
        yield told[-1]
    if not any("price_tick" in profile["contracts"].get(contract.coin, {}) for profile in dated):
        yield f"{venue}'s price tick and contract step of {contract.symbol} are not known: prices are not rounded"
