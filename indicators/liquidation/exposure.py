"""From a bar to the size that was opened and closed in it.

Every contract has a long and a short, so both sides get the same flow; candle colour and taker side say nothing of who
opened. With turnover V and change of open interest D, opens are at most ``(V + D) / 2`` (every trade a position change)
and at least ``max(D, 0)``; `churn` says where between.
"""

from typing import NamedTuple

from indicators.liquidation.compiled import allocation_free

OPEN_INTEREST_HOURS = 12.0
"""Hours of turnover that open interest is taken for where it is unknown (assumption: Bybit's BTC and ETH, 2020-2025)."""


class Flow(NamedTuple):
    """What traders did in one bar.

    Attributes
    ----------
    opened
        Base coin opened in the bar and still open at its close; the same on both sides.
    closed_share
        Fraction (0 .. 1) of the standing size that its traders closed.
    """

    opened: float
    closed_share: float


@allocation_free
def flow_with_open_interest(
    volume: float, previous: float, current: float, is_break: bool, wiped: float, churn: float
) -> Flow:
    """Return the flow of a bar whose open interest is known before and after.

    Parameters
    ----------
    volume
        Base coin traded in the bar, >= 0.
    previous, current
        Open interest at the last bar's close and at this one's, base coin, > 0; the same where this bar's is unknown.
    is_break
        Whether the series itself changed here: then its difference is no flow.
    wiped
        Base coin that the bar liquidated, by the model, mean of both sides.
    churn
        Fraction (0 .. 1) of the neutral turnover that opens new positions.

    Returns
    -------
    Flow
        ``opened = max(D, 0) + churn (V - |D|) / 2`` and ``closed = max(opened - D - wiped, 0)`` as a share of the open
        interest that was there to be closed.

    Notes
    -----
    Source: the gross-flow identity O_long + C_short = V, O_long - C_long = D (and mirrored), solved for opens; the
    nesting of pure change (churn 0) and volume profile (churn 1) follows from it.
    """
    change = 0.0 if is_break else current - previous
    opened = max(change, 0.0) + churn * max(volume - abs(change), 0.0) / 2.0
    closed = max(opened - change - wiped, 0.0)
    there = current if is_break else previous
    return Flow(opened, min(closed / there, 1.0) if there > 0.0 else 1.0)


@allocation_free
def churn_of(half_life_bars: float, open_interest: float, average_volume: float) -> float:
    """Return the share of the turnover that opens positions, so that in the mean as much opens as a half-life closes.

    Parameters
    ----------
    half_life_bars
        Bars after which half of the positions are closed, > 0.
    open_interest
        Base coin, >= 0.
    average_volume
        Mean turnover of a bar, base coin, >= 0.

    Returns
    -------
    float
        ``min(2 (1 - 2 ** (-1 / half_life)) OI / mean V, 1)``: a venue whose turnover is mostly market makers' has a small one.
    """
    wanted = 2.0 * (1.0 - 2.0 ** (-1.0 / half_life_bars)) * open_interest
    return wanted / average_volume if wanted < average_volume else 1.0


@allocation_free
def flow_without_open_interest(volume: float, half_life_bars: float, bars_per_hour: float) -> Flow:
    """Return the flow of a bar whose open interest nobody knows: turnover opens, age closes.

    Parameters
    ----------
    volume
        Base coin traded in the bar, >= 0.
    half_life_bars
        Bars after which half of the standing size is gone, > 0.
    bars_per_hour
        At least one; the open interest is taken for `OPEN_INTEREST_HOURS` of turnover.
    """
    closed_share = 1.0 - 2.0 ** (-1.0 / half_life_bars)
    return Flow(closed_share * OPEN_INTEREST_HOURS * bars_per_hour * volume, closed_share)
