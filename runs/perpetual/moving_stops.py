"""Stops that move with the price: a trailing stop, and one that goes to the entry price once the price has gone far enough.

A long's, with what it is for a short mirrored. While the price has been M at the best since the stop works, it stands at

    L(M) = max(s, M - d, E where M >= b)

where s is where it stood before, d the distance at which it trails, E the position's entry price and b > E what arms it. M starts
at the bar's open, or where the entry was filled inside the bar, and L never falls.

**Where a bar meets it.** Nobody knows the path from open o to high h, low l and close c. A path on which M is the best price before
it comes back to L(M) exists where o <= M <= h and l <= L(M). What the position is worth at the close after such a path,

    sum of q T over targets with T <= M, and what is left at L(M)

never falls with M: L does not, and at M = T the price is above the stop. So the worst path turns at the least such M:

1. L(o) where l <= L(o): the price falls at once. That is any stop; the open moves it before it is looked at, and an open at
   or below where it stood before takes the open.
2. else the lesser of b, where l <= E, and l + d, where that is at most h. The stop is met at E, or at l; targets up to there are
   filled first, since every such path meets them.

A path that does not meet the stop ends above L(h), with all targets up to h: never worse. So a bar that may meet it meets it. It
does not where l > L(h), and then it stands at L(h) at the close.

**After an entry by limit inside the bar** the high may have come before: the path that does not meet the stop holds at c, with
targets up to c alone. That may be worse than the path that turns at M, which pays the targets in between, or E. The lower of the
two is taken, and what is held stands where the close puts it: only that is known to have come after.
"""

import math

from indicators.liquidation.compiled import Record, allocation_free
from runs.perpetual.accounting import STOP
from runs.perpetual.orders import order_price


@allocation_free
def moves(order: Record) -> bool:
    """Whether an order is a stop that moves with the price."""
    return order.trail > 0.0 or order.arms_at > 0.0


@allocation_free
def _can_arm(order: Record, account: Record) -> bool:
    """Whether a stop may still go to the entry price: it protects the position, and what arms it lies in its favour."""
    return (
        order.arms_at > 0.0
        and order.size * account.size < 0.0
        and order.size * (order.arms_at - account.entry_price) < 0.0
    )


@allocation_free
def move_stop(order: Record, account: Record, best: float, tick: float) -> None:
    """Let a stop stand where a price that is the best so far puts it; it never moves back."""
    way = 1.0 if order.size < 0.0 else -1.0
    if order.trail > 0.0:
        level = order_price(STOP, order.size, best - way * order.trail, tick)
        if not way * (order.price - level) >= 0.0:
            order.price = level
    if _can_arm(order, account) and way * (best - order.arms_at) >= 0.0:
        level = order_price(STOP, order.size, account.entry_price, tick)
        if not way * (order.price - level) >= 0.0:
            order.price = level
        order.arms_at = 0.0


@allocation_free
def is_still(order: Record, low: float, high: float) -> bool:
    """Whether nothing in a bar's range moves a stop."""
    if order.size < 0.0:
        trails = order.trail > 0.0 and not high - order.trail <= order.price
        return not (trails or (order.arms_at > 0.0 and high >= order.arms_at))
    trails = order.trail > 0.0 and not low + order.trail >= order.price
    return not (trails or (order.arms_at > 0.0 and low <= order.arms_at))


@allocation_free
def turning_point(order: Record, account: Record, prices: Record, tick: float) -> tuple[float, float]:
    """Return how far the price goes in a stop's favour, at the least, before it may come back to it, and where it then meets it.

    Parameters
    ----------
    order
        A working stop that moves, and that the bar does not reach where it stands.
    account, prices, tick
        Whose position it protects; the bar; quote, 0 where prices are not rounded.

    Returns
    -------
    turn, level
        Quote; NaN, NaN where no path of the bar meets it.
    """
    way = 1.0 if order.size < 0.0 else -1.0
    best, worst = (prices.high, prices.low) if way > 0.0 else (prices.low, prices.high)
    turn, level = math.nan, math.nan
    if order.trail > 0.0 and way * (order_price(STOP, order.size, best - way * order.trail, tick) - worst) >= 0.0:
        level = order_price(STOP, -order.size, worst, tick)
        turn = level + way * order.trail
        turn = min(turn, best) if way > 0.0 else max(turn, best)
    if _can_arm(order, account) and way * (best - order.arms_at) >= 0.0:
        entry = order_price(STOP, order.size, account.entry_price, tick)
        if way * (entry - worst) >= 0.0 and not way * (order.arms_at - turn) > 0.0:
            turn, level = order.arms_at, entry
    return turn, level
