"""All paths that the price may take inside a bar, tick by tick, and what a long bracket meets on each of them: slow and obvious."""

from dataclasses import dataclass
from functools import cache

NEVER = 10**6


@dataclass(frozen=True)
class Bracket:
    """A long position or its entry, and what closes it; whole ticks.

    `entry` is None for what is held from `paid` since before the bar, else ``(kind, price)``: "market", "limit" or "stop".
    `trail` 0 and `arms_at` `NEVER` are none, `targets` are pairs of price and share.
    """

    entry: tuple[str, int] | None
    paid: int
    stop: int
    trail: int
    arms_at: int
    targets: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class _State:
    price: int
    best: int | None  # since the position stands; None before
    paid: int
    fills: tuple[tuple[str, float, int], ...]
    low_seen: bool
    high_seen: bool


def _met(bracket, state, first):
    """Return the state after what a price meets, at the open (`first`) or inside the bar."""
    price, best, paid, fills = state.price, state.best, state.paid, list(state.fills)
    if best is None and bracket.entry is not None:
        kind, level = bracket.entry
        if kind == "market" or (price <= level if kind == "limit" else price >= level):
            best, paid = price, price
            fills.append((kind, 1.0, price))
    if best is None:
        return state
    best = max(best, price)
    held = 1.0 if bracket.entry is None else 0.0
    held += sum(size for _, size, _ in fills)
    stands = max(bracket.stop, best - bracket.trail if bracket.trail else -NEVER)
    if best >= bracket.arms_at > paid:
        stands = max(stands, paid)
    if held and price <= stands:
        fills.append(("stop", -held, price))
    elif held:
        for number, (level, share) in enumerate(bracket.targets):
            sold = any(kind == f"target {number}" for kind, _, _ in fills)
            if not sold and price >= level:
                at = price if first and bracket.entry is not None else level
                fills.append((f"target {number}", -min(share, held), at))
                held -= min(share, held)
    return _State(price, best, paid, tuple(fills), state.low_seen, state.high_seen)


@cache
def outcomes(bracket, opened, high, low, close):
    """Return all that may happen in a bar: a set of tuples of ``(what, size, price)``."""
    start = _State(opened, opened if bracket.entry is None else None, bracket.paid, (), opened == low, opened == high)
    start = _met(bracket, start, True)
    seen, waiting, ends = {start}, [start], set()
    while waiting:
        state = waiting.pop()
        if state.price == close and state.low_seen and state.high_seen:
            ends.add(state.fills)
        for price in (state.price - 1, state.price + 1):
            if low <= price <= high:
                moved = _State(
                    price,
                    state.best,
                    state.paid,
                    state.fills,
                    state.low_seen or price == low,
                    state.high_seen or price == high,
                )
                moved = _met(bracket, moved, False)
                if moved not in seen:
                    seen.add(moved)
                    waiting.append(moved)
    return ends


def worth(fills, close):
    """Return what fills have earned at the close, against no trade at all."""
    return sum(size * (close - price) for _, size, price in fills)
