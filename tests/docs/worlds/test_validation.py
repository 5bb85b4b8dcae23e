"""Where nothing is to be found next to nothing is validated; where a knob makes a claim true it is, the more so the stronger."""

import math
import runpy
from collections import Counter
from pathlib import Path

import pytest

from docs.worlds.validation import FAIR, WORLDS, mapless_reports, tally, verdicts_in
from runs.validation.claim import NOT_VALIDATED, TOO_LITTLE_DATA, VALIDATED
from runs.validation.dataset import read_bars
from runs.validation.protocol import measure_claims
from tests.runs.validation.worlds import dataset_of

PAGE = runpy.run_path(str(Path(__file__).resolve().parents[3] / "docs" / "evidence_worlds.py"))
BARS = 3000
NOMINAL = 0.025


def hits(name, seeds, bars=BARS):
    """Return how often each claim is validated in a world."""
    found = tally(verdicts_in(WORLDS[name], seed, bars) for seed in range(seeds))
    return {claim: count[VALIDATED] for claim, count in found.items()}


def most(trials, rate=NOMINAL, sure=0.99):
    """Return the fewest hits that a binomial of this rate does not exceed with probability `sure`."""
    reached = 0.0
    for count in range(trials + 1):
        reached += math.comb(trials, count) * rate**count * (1.0 - rate) ** (trials - count)
        if reached >= sure:
            return count
    return trials


def one_rate(fewer, more, trials):
    """Return the probability of `more` hits or more among all hits where both worlds have one rate (Fisher's exact test)."""
    both = fewer + more
    ways = [math.comb(trials, count) * math.comb(trials, both - count) for count in range(min(trials, both) + 1)]
    return sum(ways[more:]) / math.comb(2 * trials, both)


def test_all_knobs_of_the_fair_world_are_exactly_zero():
    assert (FAIR.magnet_strength, FAIR.cascade_feedback, FAIR.post_wipe_reversion) == (0.0, 0.0, 0.0)


def test_every_claim_of_the_protocol_has_a_world():
    measured = {name for world in ("fair", "mapless") for name in verdicts_in(WORLDS[world], 1, 1000)}
    assert measured == {claim.name for claim in measure_claims(dataset_of(1, 400))}
    for world in WORLDS.values():
        assert world.nothing | world.uncounted <= measured


def test_reports_without_a_map_move_wipes_and_not_the_map():
    dataset = dataset_of(1, 400)
    world = mapless_reports(dataset, 3)
    read = read_bars(dataset.market, world.bars, dataset.parameters)
    assert world.density.tobytes() == read.density.tobytes() == dataset.density.tobytes()
    assert world.snapshots.tobytes() == read.snapshots.tobytes()
    assert (world.snapshots["liquidated_long_24h_usd"] != dataset.snapshots["liquidated_long_24h_usd"]).any()
    assert (world.reported >= 0.0).all()
    assert world.reported.tobytes() == mapless_reports(dataset, 3).reported.tobytes()


def test_verdicts_are_counted_by_claim():
    found = tally([{"magnet": VALIDATED, "wipe": TOO_LITTLE_DATA}, {"magnet": NOT_VALIDATED}, {"magnet": VALIDATED}])
    assert found == {"magnet": {VALIDATED: 2, NOT_VALIDATED: 1}, "wipe": {TOO_LITTLE_DATA: 1}}


def test_the_page_says_what_is_above_nominal_and_only_of_false_claims():
    often = Counter({VALIDATED: 60, NOT_VALIDATED: 40})
    text = PAGE["page"](
        {"fair": {"magnet": often, "wipe": Counter({TOO_LITTLE_DATA: 9})}, "true": {"today_long": often}}, 100, 10
    )
    rows = {line.split("`")[1]: line for line in text.splitlines() if "`" in line and line.startswith("|")}
    assert "60 of 100 | 60.0%" in rows["magnet"]
    assert "above nominal" in rows["magnet"]
    assert "above nominal" not in rows["today_long"]
    assert "| - | - | - | 9 |" in rows["wipe"]
    assert "60 of 100 verdicts validate one (60.0%; 2.5% are allowed); 1 of 1 rows are above nominal" in text
    few = PAGE["page"]({"fair": {"magnet": Counter({VALIDATED: 2, NOT_VALIDATED: 98})}}, 100, 10)
    assert "above nominal |" not in few


def test_the_page_names_true_claims_that_are_seldom_found_or_no_more_often_than_by_luck():
    found, rare, none = (Counter({VALIDATED: hits, NOT_VALIDATED: 100 - hits}) for hits in (80, 20, 2))
    text = PAGE["page"]({
        "true": {"today_long": found, "kernel_long": found, "capture_long": found},
        "magnet_strength 0.5": {"magnet": rare}, "magnet_strength 1": {"magnet": none},
        "cascade_feedback 1": {"cascade": none}, "cascade_feedback 3": {"cascade": none},
        "post_wipe_reversion 0.5": {"wipe": rare}, "post_wipe_reversion 2": {"wipe": found},
    }, 100, 10)  # fmt: skip
    said = " ".join(text.split())
    assert "to their most: `today` 80% .. 80%; `magnet` 2% .. 20%; `cascade` 2% .. 2%; `wipe` 20% .. 80%." in said
    assert "in every row: `magnet`, `cascade`." in said
    assert "**Nowhere told from luck**: `cascade`." in said
    assert "capture" not in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert [line.split("`")[1] for line in lines if "not told from luck" in line] == ["magnet", "cascade", "cascade"]
    assert "`kernel_long` | 80 of 100" in text.split("## Claims that are true")[0]


def test_a_fair_market_validates_next_to_nothing():
    assert max(hits("fair", 8).values()) <= 2  # at a rate of .025, three of eight come once in 1,300 times


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fair", "random"])
def test_false_trading_claims_are_validated_at_most_at_the_nominal_rate(name):
    found = hits(name, 100)
    assert max(found.values()) <= most(100), found


@pytest.mark.slow
def test_a_magnet_is_found_the_more_often_the_stronger_it_is():
    # Price is drawn to the heavier true cluster, so the map that is read must know where those stand. Simulated traders hold
    # listed leverages; the default's power law sees little of them (docs/evidence-truth.md: ranks of .42 against .80).
    # Up to 0.5: a stronger one also moves the placebo of another time, which takes verdicts away (docs/design.md).
    # 40 markets: at the first model's shares over 200 (4.5 and 51 %), both bounds hold in 99.7 % of repetitions.
    trials = 40
    weak, strong = (
        hits(f"magnet_strength {strength}, read by listed leverages", trials)["magnet"] for strength in ("0.1", "0.5")
    )
    assert strong > most(trials)
    assert one_rate(weak, strong, trials) <= 0.01


@pytest.mark.slow
def test_reversion_after_wipes_is_found_more_often_than_where_there_is_none():
    strong = hits("post_wipe_reversion 2", 20, 8000)["wipe"]
    assert strong > most(20)
