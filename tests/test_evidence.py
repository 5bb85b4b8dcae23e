"""The evidence page is built from markets by one command, and says what their record says."""

import runpy
from pathlib import Path

from datafeeds.simulated.market import simulate
from runs.validate import validate

PAGE = runpy.run_path(str(Path(__file__).resolve().parents[1] / "docs" / "evidence.py"))


def test_the_page_has_every_claim_once_and_every_market_that_can_test_one():
    markets = [simulate(1, bars=1000), simulate(2, bars=1000), simulate(3, bars=60)]
    page, record = PAGE["text"](markets, [], None, None), validate(markets).record
    together, alone = page.split("## Each market by itself")
    for claim in (claim for claim in record["claims"] if not claim["name"].startswith("truth")):
        assert together.count(f"| {PAGE['plain'](claim['name'])} | **{claim['verdict']}** |") == 1
    assert alone.count("\n1. ") == alone.count("\n2. ") == 1
    assert "simulated-3" not in page, "it can test nothing"
    assert "nan" not in page.lower()


def test_what_not_proven_is_worth_is_what_the_page_of_simulated_markets_says():
    docs = Path(__file__).resolve().parents[1] / "docs"
    said = " ".join((docs / "evidence-worlds.md").read_text(encoding="utf-8").split())
    seldom, unseen = (
        said.split(start)[1].split(".")[0] for start in ("**Seldom found**", "**Nowhere told from luck**")
    )
    assert all(f"`{claim}`" in seldom for claim in ("open_interest", "magnet", "cascade", "wipe"))
    assert unseen == ": `cascade`"
    assert "it is seldom found, a cascade no more often than by luck" in " ".join(PAGE["SHORT"].split())
