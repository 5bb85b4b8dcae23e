"""Imported by the process that the others come from: the first call of compiled code costs .4 s, and each would pay it."""

from runs.perpetual.accounting import free_balance, open_account
from runs.tracing import alone

free_balance(open_account(1.0)[0], 1.0, False, 1.0)

__all__ = ["alone"]
