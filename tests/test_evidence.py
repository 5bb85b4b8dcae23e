"""The evidence page is built from files by one command."""

import runpy
from pathlib import Path

from datafeeds.simulated.market import simulate

PAGE = runpy.run_path(str(Path(__file__).resolve().parents[1] / "docs" / "evidence.py"))


def test_the_page_has_every_file_and_every_claim_once(tmp_path):
    for seed, keep in ((1, True), (2, False)):
        (tmp_path / f"venue{seed}").mkdir()
        frame = simulate(seed, bars=1000).frame.drop(columns="open_interest_break")
        frame = frame if keep else frame.drop(columns=["liquidated_long", "liquidated_short"])
        frame.to_parquet(tmp_path / f"venue{seed}" / "BTCUSDT.parquet")
    page = PAGE["text"](tmp_path)
    assert page.count("\n## venue1/BTCUSDT\n") == page.count("\n## venue2/BTCUSDT\n") == 1
    assert page.index("## venue1") < page.index("## venue2"), "what was tested and failed comes first"
    assert "Too little data for `forecast_long`" in page.split("## venue2")[1]
    assert "nan" not in page
