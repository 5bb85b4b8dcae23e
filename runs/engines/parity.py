"""Whether the compiled evaluation and the event engine agree, trade for trade."""

import numpy as np

from datafeeds.schema import Market
from runs.engines.compiled import Evaluation
from runs.engines.configuration import Configuration
from runs.engines.event import run_backtest
from runs.engines.result import EngineResult
from runs.perpetual.accounting import ACCOUNT, FILL_KINDS

TOLERANCE = 1e-9
"""Relative; the two do the same operations, so that what differs at all is a bug, but libraries may round differently."""

_MONEY = ("fee", "realised", "funding", "liquidation_fee", "insurance_fund", "wallet_after")
_COMPARED = ("bar", "kind", "size", "price", *_MONEY, "position_after")


def first_difference(configuration: Configuration, market: Market, evaluation: Evaluation) -> str | None:
    """Run the event engine and compare.

    Parameters
    ----------
    configuration
        The candidate.
    market
        The market that was evaluated; bars after the evaluation's last are cut off.
    evaluation
        The compiled one.

    Returns
    -------
    str or None
        None where all fills, equities, positions and the account agree; else a sentence with the first that does not.
    """
    seen = market.head(evaluation.first + len(evaluation.equity))
    return difference(
        evaluation, run_backtest(configuration, seen, first_bar=evaluation.first, state=evaluation.state_before)
    )


def difference(evaluation: Evaluation, result: EngineResult) -> str | None:
    """Return None where a compiled evaluation and a run of the event engine agree, else a sentence with the first difference."""
    times = result.times
    # A sum can cancel to nearly nothing: what differs by less than this part of the capital is no difference.
    scale = float(result.account["start"][0])
    sentence = _fills(evaluation.fills, result.fills, times, scale)
    if sentence is not None:
        return sentence
    for name, ours, theirs in (
        ("equity", evaluation.equity, result.equity[evaluation.first :]),
        ("position", evaluation.position, result.position[evaluation.first :]),
    ):
        differs = np.flatnonzero(~_close(ours, theirs, scale if name == "equity" else 0.0))
        if len(differs):
            bar = int(differs[0])
            where = f"at bar {bar + evaluation.first} ({_stamp(times, bar + evaluation.first)})"
            return f"{name} {where}: {float(ours[bar])!r} compiled, {float(theirs[bar])!r} in the event engine"
    if evaluation.state_after is not None and result.state_after is not None:
        for name in evaluation.state_after.dtype.names or ():
            ours, theirs = evaluation.state_after[name], result.state_after[name]
            if not np.array_equal(ours, theirs, equal_nan=True):
                return f"the rule's {name} after the last bar: {ours[0]} compiled, {theirs[0]} in the event engine"
    for name in ACCOUNT.names or ():
        ours, theirs = evaluation.account[name], result.account[name]
        if not _close(ours, theirs, scale).all():
            return f"the account's {name}: {float(ours[0])!r} compiled, {float(theirs[0])!r} in the event engine"
    return None


def _fills(ours: np.ndarray, theirs: np.ndarray, times: np.ndarray, scale: float) -> str | None:
    """Return a sentence on the first line of two ledgers that differs, or None."""
    count = min(len(ours), len(theirs))
    first: tuple[int, str] | None = None
    for name in _COMPARED:
        differs = ~_close(ours[name][:count], theirs[name][:count], scale if name in _MONEY else 0.0)
        if differs.any() and (first is None or int(differs.argmax()) < first[0]):
            first = int(differs.argmax()), name
    if first is not None:
        row, name = first
        values = f"{ours[name][row].item()!r} compiled, {theirs[name][row].item()!r} in the event engine"
        return f"trade {row + 1} ({_line(theirs, row, times)}) differs in {name}: {values}"
    if len(ours) == len(theirs):
        return None
    one, other = (_line(ledger, count, times) for ledger in (ours, theirs))
    return f"trade {count + 1} differs: {one} compiled, {other} in the event engine"


def _close(ours: np.ndarray, theirs: np.ndarray, scale: float) -> np.ndarray:
    larger = np.maximum(np.maximum(np.abs(ours), np.abs(theirs)), scale)
    return (ours == theirs) | (np.abs(ours - theirs) <= TOLERANCE * larger)


def _line(ledger: np.ndarray, row: int, times: np.ndarray) -> str:
    if row >= len(ledger):
        return "none"
    line = ledger[row]
    kind, bar = FILL_KINDS[int(line["kind"])], int(line["bar"])
    return f"{kind} {float(line['size']):+.12g} at {float(line['price']):.12g} in bar {bar} ({_stamp(times, bar)})"


def _stamp(times: np.ndarray, bar: int) -> str:
    return f"{np.datetime_as_string(times[bar], unit='m')} UTC"
