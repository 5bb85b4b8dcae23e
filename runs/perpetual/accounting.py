"""The arithmetic of one account in one linear perpetual. Pure and compiled: the event engine and sweeps share it.

Equity at price P is ``wallet + size (P - entry)``, and the wallet is ``start + realised - fees - funding - liquidation
fees + absorbed``. An account over several markets has one such record a market, and adds what it has elsewhere. Isolated
margin is an earmark within the wallet: it is what a position can lose. A venue's insurance fund bears what a liquidation
loses beyond it (`insurance_fund`), so no account falls below zero.
"""

import math

import numpy as np

from indicators.liquidation.compiled import Record, allocation_free
from indicators.liquidation.liquidation_price import isolated_price

ACCOUNT = np.dtype(
    [
        ("start", np.float64),  # quote
        ("wallet", np.float64),  # quote, without unrealised profit
        ("size", np.float64),  # signed base coin
        ("entry_price", np.float64),  # average, quote per base; 0 when flat
        ("margin", np.float64),  # isolated margin of the position, quote; 0 when flat or cross
        ("realised", np.float64),  # profit of closed size, gross of all costs
        ("fees", np.float64),  # trading fees, and slippage that a bar's range did not admit
        ("funding", np.float64),  # paid, net of received
        ("liquidation_fees", np.float64),
        ("insurance_fund", np.float64),  # losses that the insurance fund bore
        ("liquidations", np.float64),  # how many
        ("refused_margin", np.float64),  # how many orders that were to open, for want of free margin
        ("refused_leverage", np.float64),  # for more leverage than the position's tier allows
        ("refused_volume", np.float64),  # for more of the bar's volume than `max_volume_share`
        ("refused_notional", np.float64),  # for a notional below the venue's smallest
        ("refused_post_only", np.float64),  # post-only limits that would have taken
        ("expired", np.float64),  # how many orders ended with their time
        ("below_step", np.float64),  # how many entries were not sent, since their size is below one contract step
        ("entries", np.float64),  # how many positions were opened, from flat or by turning round
        ("losses", np.float64),  # how many round trips lost, all costs counted
        ("wallet_at_entry", np.float64),  # quote, before the last position was opened
        # What an account with positions in other markets has there (`joint_account`); all 0 in an account of one market.
        ("elsewhere", np.float64),  # profit of the other markets, realised and open, net of costs; quote
        ("maintenance_elsewhere", np.float64),  # maintenance margin of positions there
        ("initial_elsewhere", np.float64),  # what positions there hold of what could be opened with
        ("fall_elsewhere", np.float64),  # how much less all that can be worth within the bar, >= 0
    ]
)
"""The state of an account; all sums in quote, since the start."""

REFUSAL_REASONS = {
    "margin": "too little free margin",
    "leverage": "more leverage than the position's tier allows",
    "volume": "more of the bar's volume than max_volume_share allows",
    "notional": "smaller than the venue's smallest order",
    "post_only": "post-only, and would have taken",
}
"""Why an order that was to open was refused, in words: the account counts each as ``refused_<reason>``."""

NOT_OPENED = {
    "entries_refused": tuple(f"refused_{reason}" for reason in REFUSAL_REASONS),
    **{f"entries_refused_for_{reason}": (f"refused_{reason}",) for reason in REFUSAL_REASONS},
    "entries_below_one_step": ("below_step",),
    "entries_expired": ("expired",),
}
"""The counts of entries that were not opened, and the fields of `ACCOUNT` that each adds up."""

FILL = np.dtype(
    [
        ("bar", np.int64),
        ("order", np.int64),  # order id; -1 for what no order caused
        ("kind", np.int64),  # MARKET, LIMIT, STOP, LIQUIDATION, FUNDING, TIME_STOP or DELISTING
        ("size", np.float64),  # signed base coin; 0 for funding
        ("price", np.float64),
        ("fee", np.float64),  # >= 0
        ("realised", np.float64),  # gross
        ("funding", np.float64),  # + = paid by us
        ("liquidation_fee", np.float64),
        ("insurance_fund", np.float64),
        ("position_after", np.float64),
        ("wallet_after", np.float64),
    ]
)
"""One line of the ledger: everything that moved the wallet."""

MARKET, LIMIT, STOP, LIQUIDATION, FUNDING, TIME_STOP, DELISTING = 0, 1, 2, 3, 4, 5, 6
FILL_KINDS = ("market", "limit", "stop", "liquidation", "funding", "time stop", "delisting")

_ROUNDING = 1e-12  # of a trade: what is left or turned round below it is rounding, not a position


def open_account(starting_cash: float) -> np.ndarray:
    """Return a flat account (1,) of `ACCOUNT` with `starting_cash` quote (> 0)."""
    account = np.zeros(1, dtype=ACCOUNT)
    account["start"] = account["wallet"] = starting_cash
    return account


def entries_not_opened(account: np.void) -> dict[str, int]:
    """Return the counts of `NOT_OPENED` of an account by name."""
    counts = dict(zip(ACCOUNT.names or (), account.item(), strict=True))
    return {name: int(sum(counts[field] for field in fields)) for name, fields in NOT_OPENED.items()}


@allocation_free
def unrealised(account: Record, price: float) -> float:
    """Return the open profit at a price, quote."""
    return account.size * (price - account.entry_price)


@allocation_free
def equity_at(account: Record, price: float) -> float:
    """Return ``wallet + size (price - entry)``, and what there is elsewhere, quote."""
    return account.wallet + unrealised(account, price) + account.elsewhere


@allocation_free
def collateral(account: Record, isolated: bool) -> float:
    """Return what stands behind the position: its own margin, or in cross mode the whole account. Quote."""
    return account.margin if isolated else account.wallet + account.elsewhere


@allocation_free
def free_balance(account: Record, price: float, isolated: bool, leverage: float) -> float:
    """Return what is free to open with at a price, quote.

    Isolated: the wallet less the positions' margins. Cross: equity less the initial margin of all positions at their prices.
    """
    if isolated:
        return account.wallet - account.margin + (account.elsewhere - account.initial_elsewhere)
    return equity_at(account, price) - abs(account.size) * price / leverage - account.initial_elsewhere


@allocation_free
def opening_part(position: float, size: float) -> float:
    """Return the part of a signed trade that opens (the rest closes), signed; a rest that is mere rounding opens nothing.

    Examples
    --------
    >>> opening_part(2.0, -3.0), opening_part(2.0, -1.0), opening_part(-1.0, -1.0)
    (-1.0, 0.0, -1.0)
    """
    if position * size >= 0.0:
        return size
    over = abs(size) - abs(position)
    return math.copysign(over, size) if over > _ROUNDING * abs(size) else 0.0


@allocation_free
def _end_trip(account: Record, wallet: float) -> None:
    """Count a round trip that ends with a wallet, if it lost."""
    if wallet < account.wallet_at_entry:
        account.losses += 1.0


@allocation_free
def apply_fill(account: Record, size: float, price: float, fee: float, isolated: bool, leverage: float) -> float:
    """Carry a trade into the account.

    Parameters
    ----------
    account
        `ACCOUNT`, changed in place.
    size
        Signed base coin, not 0. It may close, open, or turn the position round (close, then open).
    price
        Quote per base, > 0.
    fee
        Quote, of the whole trade; a maker's may be negative.
    isolated, leverage
        Margin mode and initial-margin leverage.

    Returns
    -------
    float
        Realised profit of the closed part, gross, quote.
    """
    opened = opening_part(account.size, size)
    closed = size - opened
    realised, closing_fee = 0.0, 0.0
    if closed != 0.0:
        realised, closing_fee = -closed * (price - account.entry_price), closed / size * fee
        remaining = account.size + closed
        if abs(remaining) <= _ROUNDING * abs(closed):
            account.size, account.margin, account.entry_price = 0.0, 0.0, 0.0
            _end_trip(account, account.wallet + realised - closing_fee)
        else:
            account.margin *= remaining / account.size
            account.size = remaining
    if opened != 0.0:
        if account.size == 0.0:
            account.entries += 1.0
            account.wallet_at_entry = account.wallet + realised - closing_fee
        total = account.size + opened
        account.entry_price = (account.size * account.entry_price + opened * price) / total
        account.size = total
        if isolated:
            account.margin += abs(opened) * price / leverage
    account.realised += realised
    account.fees += fee
    account.wallet += realised - fee
    return realised


@allocation_free
def settle_funding(account: Record, rate: float, mark: float, isolated: bool) -> float:
    """Settle funding on the position held at the instant.

    Parameters
    ----------
    rate
        Fraction of notional; positive means longs pay shorts.
    mark
        Mark price at the settlement, quote per base, > 0.

    Returns
    -------
    float
        ``size x mark x rate``: what the account paid (negative: received), quote. Isolated margin bears it.
    """
    paid = account.size * mark * rate
    pay_funding(account, paid, isolated)
    return paid


@allocation_free
def pay_funding(account: Record, paid: float, isolated: bool) -> None:
    """Take funding (quote; negative: received) from an account; isolated margin bears it."""
    account.funding += paid
    account.wallet -= paid
    if isolated:
        account.margin -= paid


@allocation_free
def liquidation_trigger(account: Record, isolated: bool, tiers: np.ndarray, fall: float = 0.0) -> float:
    """Return the price at which the position is force-closed (0 or infinity: never), quote per base.

    In cross mode other positions' maintenance margin is not there for this one; `fall` is what they may lose besides, quote.
    """
    side, behind = (1.0 if account.size > 0.0 else -1.0), collateral(account, isolated)
    if not isolated:
        behind -= account.maintenance_elsewhere + fall
    return isolated_price(account.entry_price, abs(account.size), behind, side, tiers)


@allocation_free
def liquidate(
    account: Record, price: float, fee_rate: float, at_bankruptcy: bool, isolated: bool
) -> tuple[float, float, float]:
    """Force-close the whole position (pessimistic even where a venue reduces in steps).

    Parameters
    ----------
    price
        Where it is closed, quote per base.
    fee_rate
        Liquidation fee, fraction of notional; no more than what is left of the collateral is taken.
    at_bankruptcy
        Whether the venue takes the position over at its bankruptcy price: then all that is left is taken.

    Returns
    -------
    realised, fee, absorbed
        Quote. The account loses its collateral at most; the insurance fund bears the rest.
    """
    realised = unrealised(account, price)
    left = collateral(account, isolated) + realised
    fee = max(left, 0.0)
    if not at_bankruptcy:
        fee = min(fee, fee_rate * abs(account.size) * price)
    absorbed = max(-left, 0.0)
    account.realised += realised
    account.liquidation_fees += fee
    account.insurance_fund += absorbed
    account.liquidations += 1.0
    account.wallet += realised - fee + absorbed
    _end_trip(account, account.wallet)
    account.size, account.margin, account.entry_price = 0.0, 0.0, 0.0
    return realised, fee, absorbed


def equity_from_fills(start: float, fills: np.ndarray, price: float) -> float:
    """Return the equity from the ledger's cash flows alone, without entry prices or realised profits.

    Parameters
    ----------
    start
        Starting cash, quote.
    fills
        (n,) of `FILL`.
    price
        Price at which what is still held is valued.

    Notes
    -----
    ``start - sum(size x price) + position x price - fees - funding - liquidation fees + absorbed``, summed exactly
    (`math.fsum`).
    """
    flows = [start, math.fsum(fills["size"]) * price]
    flows.extend((-fills["size"] * fills["price"]).tolist())
    for name, sign in (("fee", -1.0), ("funding", -1.0), ("liquidation_fee", -1.0), ("insurance_fund", 1.0)):
        flows.extend((sign * fills[name]).tolist())
    return math.fsum(flows)


@allocation_free
def turnover(fills: np.ndarray) -> float:
    """Return the notional traded in (m,) of `FILL`, both ways, quote."""
    total = 0.0
    for row in range(len(fills)):
        total += abs(fills[row].size * fills[row].price)
    return total


def reconciliation_error(account: np.ndarray, fills: np.ndarray, price: float) -> float:
    """Return the largest gap between three ways to the same equity, as a fraction of the start.

    The account's wallet and position; its totals (start + realised + unrealised - fees - funding - liquidation fees +
    absorbed); and the ledger's cash flows.
    """
    record = account[0]
    start, held = float(record["start"]), float(record["size"])
    open_profit = held * (price - float(record["entry_price"])) if held != 0.0 else 0.0
    by_wallet = float(record["wallet"]) + open_profit
    by_totals = math.fsum(
        (
            start,
            float(record["realised"]),
            open_profit,
            -float(record["fees"]),
            -float(record["funding"]),
            -float(record["liquidation_fees"]),
            float(record["insurance_fund"]),
        )
    )
    by_flows = equity_from_fills(start, fills, price)
    return max(by_wallet, by_totals, by_flows) / start - min(by_wallet, by_totals, by_flows) / start
