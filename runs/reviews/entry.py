"""One line of a review: a run, a sweep, a walk-forward or a validation, or the reason why a folder is none of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs.reviews.safe_files import number, within, words

RUN, SWEEP, WALK, VALIDATION, UNKNOWN = "run", "sweep", "walk-forward", "validation", "unknown"

FIGURES: Mapping[str, tuple[str, ...]] = {
    "annual_growth_fraction": ("performance", "annual_growth_fraction"),
    "sharpe": ("performance", "sharpe"),
    "total_return_fraction": ("performance", "total_return_fraction"),
    "max_bar_drawdown_fraction": ("performance", "max_bar_drawdown_fraction"),
    "buy_and_hold_return_fraction": ("buy_and_hold", "total_return_fraction"),
    "perpetual_held_return_fraction": ("perpetual_held", "total_return_fraction"),
    "constant_exposure_return_fraction": ("constant_exposure", "total_return_fraction"),
    "trades": ("trading", "trades"),
    "hit_rate_fraction": ("trading", "hit_rate_fraction"),
    "fees_quote": ("money", "fees_quote"),
    "funding_paid_quote": ("money", "funding_paid_quote"),
    "liquidations": ("money", "liquidations"),
    "starting_cash_quote": ("money", "starting_cash_quote"),
    "final_equity_quote": ("money", "final_equity_quote"),
}
"""The figures of a review and where metrics.json holds them; the ends of Sharpe's interval come with them."""


PARTS = ("profit_quote", "return_fraction", "trades", "fees_quote", "funding_paid_quote", "liquidations")
"""Figures of a market in an account of several: they add up to the account's."""


@dataclass(frozen=True)
class Entry:
    """What a folder holds, as far as it can be believed.

    Attributes
    ----------
    name
        Path of the folder below the results folder, with ``/``, as text that can be shown.
    folder
        The folder itself.
    kind
        `RUN`, `SWEEP`, `WALK`, `VALIDATION` or `UNKNOWN`.
    reason
        Why it is of no or limited use; empty if all is well.
    strategy, data, first_bar, last_bar
        Of what is reviewed; None where the files do not say.
    market
        What tells markets apart: fingerprint and range.
    figures
        The names of `FIGURES`, numbers as the files hold them; None where one is undefined or missing.
    settings
        All parameters by ``group.name``.
    verdict, sentence
        What may be concluded, short and in full.
    pages
        Names of the pages and files that there are to open.
    parts
        Of one account in several markets, each market's name and the names of `PARTS`.
    """

    name: str
    folder: Path
    kind: str
    reason: str = ""
    strategy: str | None = None
    data: str | None = None
    first_bar: str | None = None
    last_bar: str | None = None
    market: str | None = None
    figures: Mapping[str, float | int | None] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    verdict: str | None = None
    sentence: str | None = None
    pages: tuple[str, ...] = ()
    parts: tuple[Mapping[str, Any], ...] = ()

    @property
    def state(self) -> str:
        """``ok`` or ``failed``."""
        return "failed" if self.reason else "ok"


def figures_of(metrics: Mapping[str, Any]) -> dict[str, float | int | None]:
    """Return the figures of a metrics.json by the names of `FIGURES`, and ``sharpe_low`` and ``sharpe_high``.

    An interval is written with ``low`` and ``high``, or as a pair; runs of earlier versions have none.
    """
    figures = {name: number(within(metrics, *keys)) for name, keys in FIGURES.items()}
    if figures["max_bar_drawdown_fraction"] is None:  # earlier versions did not say of what
        figures["max_bar_drawdown_fraction"] = number(within(metrics, "performance", "max_drawdown_fraction"))
    ends = within(metrics, "intervals", "sharpe")
    pair = ends if isinstance(ends, list) and len(ends) == 2 else (within(ends, "low"), within(ends, "high"))
    return figures | {"sharpe_low": number(pair[0]), "sharpe_high": number(pair[1])}


def described(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return name, range and key of the market that the object under ``data`` describes."""
    data = facts.get("data")
    first, last = (words(within(data, name)) for name in ("first_bar", "last_bar"))
    return {
        "data": words(within(data, "name")),
        "first_bar": first,
        "last_bar": last,
        "market": f"{words(within(data, 'fingerprint'))} {first} {last}",
    }


def parts_of(metrics: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return `Entry.parts` of a metrics.json; empty for a run on one market, or where they cannot be read."""
    found = metrics.get("markets")
    each = [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []
    return tuple({"name": words(part.get("name")), **{key: number(part.get(key)) for key in PARTS}} for part in each)
