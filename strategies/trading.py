"""When, which way, how often and by what order a strategy may enter: options that every rule has, all off by default."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.model import SECONDS_PER_HOUR
from indicators.liquidation.parameter_fields import BASIS_POINT, check, parameter
from strategies.intent import ENTER, REVERSE, Intent
from strategies.market import utc_hour_and_weekday

SIDES = ("both", "long", "short")
ENTRY_ORDERS = ("rule", "market", "limit")
_HOURS = tuple(str(hour) for hour in range(24))
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SECONDS_PER_DAY = 86_400.0

NOTHING, GROWTH, ENTRY = 0, 1, 2
"""What is allowed at a close: nothing that grows a position; growth of what is held; an entry as well."""

TRADING = np.dtype(
    [
        ("on", np.int64),  # 0 where all options are off: then nothing here is called
        ("long", np.int64),  # 1 where longs are allowed
        ("short", np.int64),
        ("hours", np.int64),  # bit h is set where entries are allowed at h o'clock
        ("weekdays", np.int64),  # bit 0 is Monday
        ("cool_down_hours", np.float64),
        ("entries_per_day", np.float64),
        ("daily_loss_limit", np.float64),
        ("compounding", np.int64),
        ("entry_order", np.int64),  # its place in `ENTRY_ORDERS`
        ("entry_limit_offset", np.float64),  # fraction of price
        ("entry_limit_bars", np.float64),
    ]
)
"""`TradingParameters`, as compiled code reads them."""

DAY = np.dtype(
    [
        ("day", np.float64),  # of the next bar's open, days since 1970-01-01; NaN before the first close
        ("day_equity", np.float64),  # quote, when the day began
        ("day_entries", np.float64),  # of the account, when the day began
        ("day_lost", np.float64),  # 1 once the day's loss has reached the limit
        ("losses", np.float64),  # round trips of the account that lost
        ("loss_time", np.float64),  # close of the last bar in which one did, seconds; -inf: none yet
        ("last_equity", np.float64),  # at the last close
        ("last_entries", np.float64),
    ]
)
"""What the options remember from one close to the next."""


@dataclass(frozen=True)
class TradingParameters:
    """Options of every strategy: they forbid or change entries and growth, and never an order that closes."""

    sides: str = parameter("both", unit="both, long or short", source="assumption: a rule says both unless it is told")
    entry_hours: str = parameter(
        "all", unit="UTC hours of the bar that an entry meets: 8-15, 22-3/12, all", source="assumption: crypto never closes"
    )  # fmt: skip
    entry_weekdays: str = parameter(
        "all", unit="UTC weekdays of that bar: mon-fri, sat/sun, all", source="assumption: crypto never closes"
    )
    cool_down_hours: float = parameter(
        0.0, unit="hours without an entry after a round trip that lost", low=0.0, high=8760.0, source="assumption: off"
    )
    entries_per_day: int = parameter(
        0, unit="positions opened a UTC day at the most; 0 is no limit", low=0, high=1440, source="assumption: off"
    )
    daily_loss_limit: float = parameter(
        0.0, unit="fraction of the equity at the UTC day's begin, after which the day grows nothing; 0 is no limit",
        low=0.0, high=1.0, source="assumption: off",
    )  # fmt: skip
    compounding: bool = parameter(
        True, unit="true: sizes follow present equity; false: starting cash",
        source="assumption: the usual; leverage never exceeds that of present equity",
    )  # fmt: skip
    entry_order: str = parameter(
        "rule", unit="rule: as it says; market; limit: post-only, where the rule enters at the market",
        source="assumption: a rule says what it needs",
    )  # fmt: skip
    entry_limit_bps: float = parameter(
        1.0, unit="basis points from the close to that limit", low=0.01, high=1000.0,
        source="assumption: beside the best price, so that it rests",
    )  # fmt: skip
    entry_limit_bars: int = parameter(
        1,
        unit="bars that it waits",
        low=1,
        high=10_000,
        source="assumption: as long as the close that sent it is the last",
    )

    def __post_init__(self) -> None:
        """Raise ValueError for a value outside its domain."""
        check(self)
        for name, known in (("sides", SIDES), ("entry_order", ENTRY_ORDERS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} = {getattr(self, name)!r} is none of {known}")
        mask("entry_hours", self.entry_hours, _HOURS)
        mask("entry_weekdays", self.entry_weekdays, _WEEKDAYS)


def mask(name: str, text: str, known: tuple[str, ...]) -> int:
    """Return the bits of what a text names.

    Parameters
    ----------
    name
        The parameter's, for errors.
    text
        ``all``, or names and ranges of them joined by ``/``; both ends belong to a range, and it may go over the end.
    known
        All names in their order.

    Raises
    ------
    ValueError
        For a name that is not known.

    Examples
    --------
    >>> bin(mask("entry_weekdays", "sat-mon/wed", _WEEKDAYS))
    '0b1100101'
    """
    if text.strip().lower() == "all":
        return (1 << len(known)) - 1
    found = 0
    for part in text.lower().split("/"):
        first, _, last = (end.strip() for end in part.partition("-"))
        for end in (first, last or first):
            if end not in known:
                raise ValueError(
                    f"{name} = {text!r}: {end!r} is none of {known[0]} .. {known[-1]}; write all, or such as "
                    f"{known[1]}-{known[4]}/{known[6]}"
                )
        at, end_at = known.index(first), known.index(last or first)
        count = (end_at - at) % len(known) + 1
        found |= sum(1 << (at + step) % len(known) for step in range(count))
    return found


@lru_cache(maxsize=64)  # a sweep asks for each of its trials
def trading_record(trading: TradingParameters) -> np.ndarray:
    """Return (1,) of `TRADING`, to be read alone."""
    hours, weekdays = mask("", trading.entry_hours, _HOURS), mask("", trading.entry_weekdays, _WEEKDAYS)
    rest = trading.cool_down_hours, trading.entries_per_day, trading.daily_loss_limit, trading.compounding
    order = ENTRY_ORDERS.index(trading.entry_order)
    on = hours != mask("", "all", _HOURS) or weekdays != mask("", "all", _WEEKDAYS) or trading.sides != "both"
    on = on or any(rest[:3]) or not trading.compounding or order > 0
    sides = trading.sides != "short", trading.sides != "long"
    entry = order, trading.entry_limit_bps * BASIS_POINT, trading.entry_limit_bars
    return np.array([(on, *sides, hours, weekdays, *rest, *entry)], dtype=TRADING)


NEW_DAY = (math.nan, 0.0, 0.0, 0.0, 0.0, -math.inf, 0.0, 0.0)
"""A `DAY` that has seen nothing."""


@allocation_free
def allowed_at(
    trading: Record, memory: Record, time: float, bar_seconds: float, equity: float, entries: float, losses: float
) -> int:
    """Return what is allowed at a close: `NOTHING`, `GROWTH` or `ENTRY`. To be asked at each close, once or more.

    Parameters
    ----------
    trading, memory
        `TRADING`, and a record with the fields of `DAY`, which is carried on.
    time, bar_seconds
        The bar's close, seconds since 1970-01-01 UTC, which is when what is sent can be filled; its length.
    equity, entries, losses
        Of the account at this close: quote; how many positions it has opened; how many round trips lost.
    """
    today = math.floor(time / _SECONDS_PER_DAY)
    if math.isnan(memory.day):
        memory.last_equity, memory.last_entries = equity, entries
    if today != memory.day:
        after_gap = math.floor((time - bar_seconds) / _SECONDS_PER_DAY) == today  # this bar is of the new day already
        memory.day, memory.day_lost = today, 0.0
        memory.day_equity = memory.last_equity if after_gap else equity
        memory.day_entries = memory.last_entries if after_gap else entries
    memory.last_equity, memory.last_entries = equity, entries
    if losses > memory.losses:
        memory.losses, memory.loss_time = losses, time
    if trading.daily_loss_limit > 0.0 and equity <= memory.day_equity * (1.0 - trading.daily_loss_limit):
        memory.day_lost = 1.0
    hour, weekday = utc_hour_and_weekday(time)
    if memory.day_lost > 0.0 or not (trading.hours >> hour) & 1 or not (trading.weekdays >> weekday) & 1:
        return NOTHING
    used = trading.entries_per_day > 0.0 and entries - memory.day_entries >= trading.entries_per_day
    cools = time < memory.loss_time + trading.cool_down_hours * SECONDS_PER_HOUR
    return GROWTH if used or cools else ENTRY


@allocation_free
def with_entry_order(trading: Record, intent: Intent, direction: float, close: float) -> Intent:
    """Return an intent that enters in a direction by the order that `entry_order` names; any other as it is.

    Notes
    -----
    A limit of the rule's own stays where `limit` is asked for, and so does a trigger.
    """
    limit, trigger, bars, only = intent.limit, intent.trigger, intent.good_for_bars, intent.post_only
    if (intent.action != ENTER and intent.action != REVERSE) or trading.entry_order == 0:
        return intent
    if trading.entry_order == 1:
        limit, trigger, bars, only = math.nan, math.nan, 0.0, 0.0
    elif math.isnan(limit) and math.isnan(trigger):
        limit = close * (1.0 - math.copysign(trading.entry_limit_offset, direction))
        bars, only = trading.entry_limit_bars, 1.0
    return Intent(
        intent.action, intent.direction, intent.exposure, intent.stop, intent.target, intent.tag, intent.band, limit, trigger,
        bars, only, intent.trail, intent.break_even_at, intent.time_stop_bars, intent.targets,
    )  # fmt: skip


@allocation_free
def on_sides(trading: Record, amount: float) -> float:
    """Return a direction or an exposure, 0 where its side is not allowed."""
    if (amount > 0.0 and trading.long == 0) or (amount < 0.0 and trading.short == 0):
        return 0.0
    return amount


@allocation_free
def allowed_size(size: float, held: float, allowed: int) -> float:
    """Return what of a signed trade is allowed beside what is held, base coin: it may close all, and grow as `allowed` says.

    Examples
    --------
    >>> allowed_size(-3.0, 2.0, GROWTH), allowed_size(1.0, 2.0, GROWTH), allowed_size(1.0, 2.0, NOTHING)
    (-2.0, 1.0, 0.0)
    """
    after = held + size
    if held == 0.0 or held * after < 0.0:
        return size if allowed == ENTRY else -held
    return 0.0 if allowed == NOTHING and abs(after) > abs(held) else size
