"""What the stress test says, as rows and sentences: the same words for every form of it."""

import math
from typing import Any

from runs.reports.text import minute, price, share, usd

TITLES = (
    "move", "price", "expected", "base coin", "median", "50 % interval", "90 % interval", "of open interest", "added",
)  # fmt: skip
MODEL_TITLES = ("move", "price", "on the way", "base coin", "of open interest", "added")

SUMMARY_TITLES = ("within", "move", "expected", "90 % interval", "of open interest")

COVERAGE_TITLES = (
    "within", "liquidated", "answers", "90 % held", "50 % held", "skill over no map", "error", "worst moves held",
    "their error", "largest reports held", "their error",
)  # fmt: skip
COVERAGE_HELP = (
    "Held: out of sample, with 95 % intervals over whole days. Skill: pinball loss saved over range x volume. Error: mean absolute "
    "log2 of expected over reported, 1 is a factor of two. Worst moves: the 1 % farthest; largest reports, the 1 % largest, are a "
    "choice by outcome, in which no interval has to hold."
)
_BEYOND = "* farther than any such move in the data: extrapolated."
ADDED_HELP = f"Added: what the forced orders of a move liquidate beyond it. {_BEYOND}"


def headline(record: dict[str, Any]) -> str:
    """Return the moment and what is known there, in a sentence."""
    at = record["at"]
    return (
        f"At the close of {minute(at['bar_close'])}, price {price(at['price_quote'])}, "
        f"a day's standard deviation {share(at['daily_volatility_fraction'], '.1%')}."
    )


def within(hours: float | None) -> str:
    """Return a horizon in words.

    Examples
    --------
    >>> within(4.0), within(None)
    ('within 4 h', 'however long it takes')
    """
    return "however long it takes" if hours is None else f"within {hours:g} h"


def groups(record: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the scenarios by horizon, in the order of the record, each group with its title."""
    hours = dict.fromkeys(row["horizon_hours"] for row in record["scenarios"])
    return [(within(one), [row for row in record["scenarios"] if row["horizon_hours"] == one]) for one in hours]


def titles_of(record: dict[str, Any]) -> tuple[str, ...]:
    """Return the titles of the scenarios' cells."""
    return TITLES if record["unit"] == "reported" else MODEL_TITLES


def scenario_cells(row: dict[str, Any], record: dict[str, Any]) -> tuple[str, ...]:
    """Return a scenario's cells, under `titles_of` the record."""
    first = (_move(row), price(row["price_quote"]), usd(row["expected_usd"]), f"{row['expected_base']:,.1f}")
    last = (share(row["open_interest_fraction"], ".2%"), _added(row))
    if record["unit"] != "reported":
        return (*first, *last)
    return (*first, usd(row["median_usd"]), _interval(row, 50), _interval(row, 90), *last)


def _move(row: dict[str, Any]) -> str:
    count = row["deviations"]
    asked = "" if math.isnan(count) else f" ({count:g} sd)"
    return f"{row['move_fraction']:+.1%}{asked}{'*' if row['beyond_data'] else ''}"


def _interval(row: dict[str, Any], level: int) -> str:
    low, high = (usd(row[f"{end}_{level}_usd"]) for end in ("low", "high"))
    return f"{low.removesuffix(' USD')} .. {high}"


def _added(row: dict[str, Any]) -> str:
    found = share(row["added_fraction"], "+.1%")
    return f"{found} or more" if row["added_is_lower_bound"] else found


def coverage_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return how the answers have held, a row a horizon and side, and one of both sides."""
    rows: list[tuple[str, ...]] = []
    for held in record["horizons"]:
        hours, both = f"{held['horizon_hours']:g} h", held["coverage_90"]
        worst = share(held["worst_moves_coverage_90"])
        rows.append((hours, "both", f"{both['rows']:,}", _held(both), "", "", "", worst, "", "", ""))
        rows += [(hours, side, *_side(held[side])) for side in ("long", "short")]
    return rows


def _side(held: dict[str, Any]) -> tuple[str, ...]:
    skill, moves, reports = held["pinball_skill"], held["worst_moves"], held["largest_reports"]
    gained = f"{skill['estimate']:+.1%} ({skill['low']:+.1%} .. {skill['high']:+.1%})"
    extremes = [cell for one in (moves, reports) for cell in (share(one["coverage_90"]), f"{one['log2_error']:.2f}")]
    counts = (
        f"{held['coverage_90']['rows']:,}",
        _held(held["coverage_90"]),
        share(held["coverage_50"]["estimate"], ".1%"),
    )
    return (*counts, gained, f"{held['log2_error']:.2f}", *extremes)


def _held(found: dict[str, Any]) -> str:
    return f"{found['estimate']:.1%} ({found['low']:.1%} .. {found['high']:.1%})"


def held_lines(record: dict[str, Any]) -> list[str]:
    """Return how the 90 % intervals have held, a sentence a horizon."""
    return [
        f"The 90 % intervals {within(held['horizon_hours'])} have held in {_held(held['coverage_90'])} of "
        f"{held['coverage_90']['rows']:,} answers out of sample. In the worst 1 % of moves: "
        f"{share(held['worst_moves_coverage_90'])}."
        for held in record["horizons"]
    ]


def pit_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the shares of answers in each tenth of their distribution, a row a horizon and side."""
    return [
        (f"{held['horizon_hours']:g} h", side, *(share(part, ".1%") for part in held[side]["pit_tenths"]))
        for held in record["horizons"]
        for side in ("long", "short")
    ]


PIT_TITLES = ("within", "liquidated", *(f"{tenth}0 %" for tenth in range(1, 11)))


def summary_rows(record: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the report's section under `SUMMARY_TITLES`: a row a move and horizon."""
    return [
        (
            "any time" if row["horizon_hours"] is None else f"{row['horizon_hours']:g} h", _move(row), usd(row["expected_usd"]),
            "-" if math.isnan(row["low_90_usd"]) else _interval(row, 90), share(row["open_interest_fraction"], ".2%"),
        )
        for row in record["scenarios"]
    ]  # fmt: skip


def summary_lines(record: dict[str, Any]) -> list[str]:
    """Return what the report's section says below its table."""
    beyond = any(row["beyond_data"] for row in record["scenarios"])
    return [*([_BEYOND] if beyond else []), *held_lines(record), *record["notes"]]
