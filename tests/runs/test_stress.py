"""The command and the function `stress`: one record in every form, one line for bad input, nothing half-written."""

import html
import json
import re

import pytest

from datafeeds.markets import open_market
from datafeeds.simulated.market import simulate
from runs.outcome.writing import FolderError, jsonable
from runs.reports.stress.page import stress_page
from runs.reports.stress.statements import coverage_rows, pit_rows, scenario_cells, summary_rows
from runs.stress import main, stress


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "market.parquet"
    simulate(5, bars=900).frame.drop(columns="open_interest_break").to_parquet(path)
    return str(path)


@pytest.fixture(scope="module")
def tested(data):
    return stress(data, moves=(0.02, 0.05), deviations=(2.0,), liquidation_price_spread=0.2)


ASKED = ["--moves", "2,5", "--deviations", "2", "--set", "liquidation_price_spread=0.2"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--moves", "0"], "a move of 0.0000% of price must be above 0"),
        (["--moves", "2,x"], "numbers separated by commas"),
        (["--moves", "nan"], "must be above 0"),
        (["--deviations", "99"], "99 daily deviations"),
        (["--at", "noon"], "cannot read the time"),
        (["--set", "liquidation_price_spred=0.2"], "did you mean 'liquidation_price_spread'"),
        (["--data", "nothing.parquet"], "nothing.parquet"),
        (["--out", "taken"], "error: --out taken: holds other files"),
    ],
)
def test_bad_usage_gets_one_line_and_leaves_nothing(capsys, data, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "other").write_text("")
    assert main([*arguments, *([] if "--data" in arguments else ["--data", data])]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_json_file_page_and_function_hold_the_same_record(capsys, data, tested, tmp_path):
    assert main(["--data", data, *ASKED, "--json", "--out", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["stress.html", "stress.json"]
    told = json.loads(capsys.readouterr().out)
    page = (tmp_path / "out" / "stress.html").read_text(encoding="utf-8")
    assert page == tested.to_html()
    block = re.search(r'<script type="application/json" id="stress">(.*?)</script>', page)
    written = (tmp_path / "out" / "stress.json").read_text(encoding="utf-8")
    assert told == json.loads(written) == json.loads(block.group(1)) == jsonable(tested.record)


def test_terminal_and_page_show_every_cell_and_sentence(capsys, data, tested):
    assert main(["--data", data, *ASKED]) == 0
    out = capsys.readouterr().out
    page = html.unescape(re.sub("<[^>]+>", "\n", tested.to_html()))
    rows = [scenario_cells(row, tested.record) for row in tested.record["scenarios"]]
    for cell in {cell for row in [*rows, *coverage_rows(tested.record)] for cell in row}:
        assert cell in out
        assert cell in page
    assert all(cell in page for row in pit_rows(tested.record) for cell in row)
    assert all(note in out and note in page for note in tested.record["notes"])


def test_tables_hold_the_records_rows(tested):
    assert tested.scenarios.to_dict("records")[0].keys() == tested.record["scenarios"][0].keys()
    assert len(tested.scenarios) == 18
    assert tested.coverage[["horizon_hours", "side"]].to_numpy().tolist() == [
        [hours, side] for hours in (1.0, 4.0, 24.0) for side in ("long", "short")
    ]
    held = tested.record["horizons"][0]["short"]
    assert tested.coverage["coverage_90_low"][1] == held["coverage_90"]["low"]


def test_a_result_is_saved_whole_and_shown_in_a_notebook(tested, tmp_path):
    assert tested.save(tmp_path / "kept") == tmp_path / "kept"
    assert tested.to_html(tmp_path / "page.html") is None
    written = {path.read_text(encoding="utf-8") for path in (tmp_path / "kept" / "stress.html", tmp_path / "page.html")}
    assert written == {tested.to_html()}
    with pytest.raises(
        FolderError, match=rf"^{tmp_path}/kept: holds an earlier run; name a new folder or set overwrite"
    ):
        tested.save(tmp_path / "kept")
    with pytest.raises(FolderError, match=rf"^{tmp_path}/page.html/below: cannot be written"):
        tested.to_html(tmp_path / "page.html" / "below")
    shown = html.unescape(re.sub("<[^>]+>", "\n", tested._repr_html_()))
    assert all(cell in shown for row in summary_rows(tested.record) for cell in row)


def test_a_moment_is_answered_from_the_bars_up_to_it(capsys, data, tmp_path):
    frame = open_market(data).frame
    cut = tmp_path / "market.parquet"
    frame.iloc[:700].drop(columns="open_interest_break").to_parquet(cut)
    assert main(["--data", data, "--at", frame["ts"].iloc[700].isoformat(), "--json"]) == 0
    at = json.loads(capsys.readouterr().out)
    assert main(["--data", str(cut), "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    for name in ("at", "horizons", "scenarios", "notes"):
        assert at[name] == alone[name]


def test_a_market_named_like_a_script_shows_as_text(tested):
    record = {**tested.record, "data": {**tested.record["data"], "name": "<script>alert(1)</script>"}}
    assert "<script>alert" not in stress_page(record, jsonable(record))
