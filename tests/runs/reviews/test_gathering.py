"""What is damaged, half-written or foreign is listed with its reason, and never fatal."""

import json
import os
import shutil

import pytest

from runs.reviews.entry import figures_of
from runs.reviews.gathering import gather
from runs.reviews.pictures import picture_all
from tests.runs.reviews.forging import HOSTILE


def only(results):
    entries, _ = picture_all(results, gather(results))
    (entry,) = entries
    return entry


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_whole_run_is_read_as_its_files_say(results):
    entry, metrics = only(results), json.loads((results / "first" / "metrics.json").read_text())
    assert (entry.name, entry.kind, entry.state, entry.strategy) == ("first", "run", "ok", "magnet")
    assert entry.figures["sharpe"] == metrics["performance"]["sharpe"]
    assert entry.figures["funding_paid_quote"] == metrics["money"]["funding_paid_quote"]
    assert entry.data == metrics["data"]["name"]
    assert entry.verdict == metrics["evidence"]["verdict"]
    tables = {"trades.csv", "fills.csv", "orders.csv"}
    assert set(entry.pages) == {"tearsheet.html", "heatmap.html", "report.md", "metrics.json", "run.json"} | tables


def test_what_stood_in_for_the_terms_of_a_contract_is_said(results):
    said = only(results).sentence
    change(results / "first" / "metrics.json", instrument={"stand_ins": ["BTC stands in", 3]})
    assert only(results).sentence == f"{said} BTC stands in"


@pytest.mark.parametrize("written", [{"low": -1.5, "high": 2.5}, [-1.5, 2.5]])
def test_an_interval_is_read_where_there_is_one(results, written):
    ends = json.loads((results / "first" / "metrics.json").read_text())["intervals"]["sharpe"]
    assert [only(results).figures[f"sharpe_{end}"] for end in ("low", "high")] == [ends["low"], ends["high"]]
    change(results / "first" / "metrics.json", intervals=None)
    assert only(results).figures["sharpe_low"] is None
    change(results / "first" / "metrics.json", intervals={"sharpe": written})
    assert (only(results).figures["sharpe_low"], only(results).figures["sharpe_high"]) == (-1.5, 2.5)


def test_a_run_of_an_earlier_version_has_its_drawdown_under_the_old_name():
    assert figures_of({"performance": {"max_drawdown_fraction": -0.25}})["max_bar_drawdown_fraction"] == -0.25
    both = {"performance": {"max_drawdown_fraction": -0.25, "max_bar_drawdown_fraction": -0.5}}
    assert figures_of(both)["max_bar_drawdown_fraction"] == -0.5


@pytest.mark.parametrize("name", ["metrics.json", "equity.parquet", "trades.csv"])
@pytest.mark.parametrize(
    "content", [None, b"", b"\x00\xff\x80", b"[" * 100_000, b"[]", b"1" * 5000, b'{"performance": NaN}']
)
def test_a_damaged_file_is_named(results, name, content):
    path = results / "first" / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    entry = only(results)
    assert entry.state == "failed"
    assert name in entry.reason


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"configuration": 3}', "\ud800"])
def test_a_damaged_marker_is_no_error(results, content):
    (results / "first" / "run.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    assert only(results).state == "failed"


@pytest.mark.parametrize("value", [None, True, "1e9", [], {}, float("nan"), float("inf"), 10**400, 0, -5])
def test_no_kind_of_starting_cash_breaks_a_review(results, value):
    metrics = json.loads((results / "first" / "metrics.json").read_text())
    metrics["money"]["starting_cash_quote"] = value
    (results / "first" / "metrics.json").write_text(json.dumps(metrics))
    assert only(results).state == "failed"


@pytest.mark.parametrize("part", ["performance", "trading", "money", "data", "evidence"])
@pytest.mark.parametrize("value", [None, 3, "text", [], [[]], {}])
def test_no_kind_of_value_breaks_a_review(results, part, value):
    change(results / "first" / "metrics.json", **{part: value})
    only(results)


def test_links_are_not_followed(results, tmp_path):
    shutil.move(results / "first", tmp_path / "elsewhere")
    (results / "first").symlink_to(tmp_path / "elsewhere")
    entry = only(results)
    assert (entry.state, entry.figures, entry.pages) == ("failed", {}, ())


@pytest.mark.parametrize("name", ["run.json", "metrics.json", "equity.parquet", "trades.csv"])
def test_files_that_are_links_are_not_read(results, tmp_path, name):
    shutil.move(results / "first" / name, tmp_path / name)
    (results / "first" / name).symlink_to(tmp_path / name)
    entry = only(results)
    assert entry.state == "failed"
    assert name not in entry.pages


def test_a_pipe_does_not_keep_the_review_waiting(results):
    (results / "first" / "metrics.json").unlink()
    os.mkfifo(results / "first" / "metrics.json")
    assert only(results).state == "failed"


def test_foreign_and_half_written_folders_are_listed_and_hidden_ones_are_not(results):
    for name in ("foreign", ".first.1234.partial", ".git", HOSTILE.replace("/", "")):
        (results / name).mkdir()
    states = {entry.name: entry.state for entry in gather(results)}
    assert states == {
        "first": "ok",
        "foreign": "failed",
        ".first.1234.partial": "failed",
        HOSTILE.replace("/", ""): "failed",
    }


def test_a_name_that_is_no_text_can_be_shown_and_reached(results):
    os.rename(os.fsencode(results / "first"), os.fsencode(results) + b"/\xff")
    entry = only(results)
    assert entry.name == "\\udcff"
    assert entry.state == "ok"


def test_a_sweep_is_listed_with_the_whole_runs_in_it(results):
    sweep = results / "sweep"
    (sweep / "rows").mkdir(parents=True)
    shutil.move(results / "first", sweep / "best-1")
    facts = {"configuration": {"strategy": "magnet"}, "data": {"name": "btc", "first_bar": "2024-01-01T00:00:00Z"}}
    (sweep / "sweep.json").write_text(json.dumps(facts))
    entries = gather(results)
    assert [(e.name, e.kind, e.state) for e in entries] == [("sweep", "sweep", "failed"), ("sweep/best-1", "run", "ok")]
    assert "not finished" in entries[0].reason
    metrics = {"sharpe": 0.4, "annual_growth_fraction": 0.04, "trades": 1773.0, "fees_quote": 47.5}
    held = {"total_return_fraction": 10.7}
    best = {"metrics": metrics, "intervals": {"sharpe": {"low": -0.5, "high": 1.3}}, "buy_and_hold": held}
    summary = {"verdict": {"verdict": "luck", "sentence": "It is luck."}, "best": best}
    (sweep / "summary.json").write_text(json.dumps(summary))
    done = gather(results)[0]
    shown = {name: value for name, value in done.figures.items() if value is not None}
    assert shown == {**metrics, "buy_and_hold_return_fraction": 10.7, "sharpe_low": -0.5, "sharpe_high": 1.3}
    assert isinstance(done.figures["trades"], int)
    (sweep / "summary.json").write_text(json.dumps(summary | {"best": ["nothing"]}))
    assert set(gather(results)[0].figures.values()) == {None}
    assert (done.state, done.strategy, done.data, done.verdict, done.sentence) == (
        "ok",
        "magnet",
        "btc",
        "luck",
        "It is luck.",
    )


def test_a_walk_shows_the_figures_of_its_joined_account(results):
    run, metrics = results / "first", json.loads((results / "first" / "metrics.json").read_text())
    summary = {"verdict": "not validated", "sentence": "Luck.", "out_of_sample": metrics}
    (run / "summary.json").write_text(json.dumps(summary))
    (run / "walk.json").write_text(json.dumps({"configuration": {"strategy": "magnet"}, "data": {"name": "btc"}}))
    (run / "run.json").unlink()
    (run / "metrics.json").unlink()
    entries, pictures = picture_all(results, gather(results))
    assert [(e.kind, e.state, e.strategy, e.verdict) for e in entries] == [
        ("walk-forward", "ok", "magnet", "not validated")
    ]
    assert entries[0].figures["sharpe"] == metrics["performance"]["sharpe"]
    assert entries[0].first_bar == metrics["data"]["first_bar"]
    assert set(pictures.runs) == {"first"}


def test_a_validation_is_listed_with_its_counts(results):
    shutil.rmtree(results / "first")
    (results / "known").mkdir()
    record = {"data": {"name": "btc"}, "counts": {"not validated": 3, "validated": 1}}
    (results / "known" / "validation.json").write_text(json.dumps(record))
    entry = only(results)
    assert (entry.kind, entry.data, entry.verdict) == ("validation", "btc", "3 not validated, 1 validated")


def test_a_liquidation_report_is_no_result(results):
    (results / "report").mkdir()
    (results / "report" / "analysis.json").write_text("{}")
    assert [entry.name for entry in gather(results)] == ["first"]
    shutil.copy(results / "report" / "analysis.json", results / "first" / "analysis.json")
    assert [entry.name for entry in gather(results)] == ["first"]
