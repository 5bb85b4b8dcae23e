"""Sizes as backtrader's sizers and `order_target_*` ask for them."""

import backtrader as bt

from strategies.sizing import whole_steps


class PerpetualCommission(bt.CommInfoBase):  # type: ignore[misc]
    """Fractional sizes for backtrader's sizers and `order_target_*`: backtrader's own cuts them to whole numbers.

    A target of 0.9 is 0.9 times equity in notional, whatever the account's leverage.
    """

    params = (("contract_step", 0.001), ("stocklike", True))

    def getsize(self, price: float, cash: float) -> float:
        """Return the size in whole contract steps whose notional is `cash` quote."""
        return float(whole_steps(cash / price, self.p.contract_step))

    def getvaluesize(self, size: float, price: float) -> float:
        """Return the signed notional, quote."""
        return size * price
