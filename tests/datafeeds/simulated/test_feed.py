"""Throttles: what is reported is what each rule lets through, and the columns are the sum of it."""

import dataclasses

import numpy as np
import pytest

from datafeeds.simulated.feed import passed
from datafeeds.simulated.ledger import PRINT
from datafeeds.simulated.market import simulate_with_truth
from datafeeds.simulated.parameters import REPORTS, SimulationParameters

EAGER = SimulationParameters(accounts_per_hour=150.0, burn_in_hours=100.0)  # more prints than seconds, in a cascade


def slow(prints, report):
    """Return what passes, group by group, by the words of the rule."""
    out = np.zeros(len(prints), dtype=bool)
    groups = {}
    for number, row in enumerate(prints):
        within = int(row["side"]) if report == "largest_per_bar" else int(row["second"])
        groups.setdefault((int(row["bar"]), within), []).append(number)
    for numbers in groups.values():
        if report == "latest_per_second":
            out[numbers[-1]] = True
        else:
            out[max(numbers, key=lambda number: (prints["size"][number], -number))] = True
    return out


@pytest.mark.parametrize("report", REPORTS[1:])
def test_a_throttle_lets_one_print_of_a_group_through(report):
    random = np.random.default_rng(3)
    prints = np.zeros(4000, dtype=PRINT)
    prints["bar"] = np.sort(random.integers(0, 20, 4000))
    prints["second"] = random.random(4000) * 40.0
    prints["side"], prints["size"] = random.integers(0, 2, 4000), random.integers(1, 30, 4000)
    prints = prints[np.lexsort((prints["second"], prints["bar"]))]
    np.testing.assert_array_equal(passed(prints, report), slow(prints, report))


def test_nothing_to_report_is_no_error():
    for report in REPORTS:
        assert len(passed(np.zeros(0, dtype=PRINT), report)) == 0


@pytest.mark.parametrize("report", REPORTS)
def test_the_columns_are_the_sums_of_reported_prints(report):
    world = simulate_with_truth(2, bars=300, parameters=dataclasses.replace(EAGER, report=report))
    shown = world.prints[world.prints["reported"]]
    np.testing.assert_array_equal(world.prints["reported"], slow(world.prints, report) if report != "full" else True)
    for side, column in enumerate(("liquidated_long", "liquidated_short")):
        for bar in range(300):
            sizes = shown["size"][(shown["bar"] == bar) & (shown["side"] == side)]
            assert world.market.frame[column][bar] == pytest.approx(sizes.sum(), rel=1e-12)


def test_a_throttle_changes_the_report_and_not_the_truth():
    full, thin = (
        simulate_with_truth(2, bars=300, parameters=dataclasses.replace(EAGER, report=r)) for r in REPORTS[:2]
    )
    assert full.ledger.tobytes() == thin.ledger.tobytes()
    others = [name for name in full.market.frame if not name.startswith("liquidated")]
    assert full.market.frame[others].equals(thin.market.frame[others])
    assert 0.2 < thin.prints["reported"].mean() < 1.0
