"""The results folder: whole or not at all, the same bytes each time, nobody else's files touched."""

import csv
import dataclasses
import datetime
import io
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datafeeds.simulated.market import simulate
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.engines.result import EngineResult
from runs.outcome import run_files, writing
from runs.outcome.folder import claimed_folder, run_name
from runs.outcome.metrics import trades_of
from runs.outcome.writing import FolderError
from runs.reports.run import write_run

FILES = {"tearsheet.html", "heatmap.html", "report.md", "metrics.json", "trades.csv", "equity.parquet", "run.json"}
FILES |= {"fills.csv", "orders.csv"}


@cache
def result() -> EngineResult:
    return run_backtest(configuration_from({"strategy": "magnet"}), simulate(3, bars=1000))


pytestmark = pytest.mark.usefixtures("no_tearsheet")


def write(target: Path, overwrite: bool = False, run: EngineResult | None = None) -> Path:
    with claimed_folder("name", target, overwrite) as (place, temporary):
        write_run(run or result(), place, temporary)
    return place


def claim(target: Path, overwrite: bool = False) -> None:
    with claimed_folder("name", target, overwrite):
        pass


def contents(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir()}


def test_a_run_leaves_exactly_its_files(tmp_path):
    assert set(contents(write(tmp_path / "out"))) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_runs_have_the_same_bytes(tmp_path):
    assert contents(write(tmp_path / "a")) == contents(write(tmp_path / "b"))


@pytest.mark.slow
def test_bytes_do_not_depend_on_time_zone_or_hash_seed(tmp_path):
    seen = []
    for number, (seed, zone) in enumerate((("0", "UTC"), ("1", "America/New_York"), ("77", "Asia/Kathmandu"))):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        out = tmp_path / str(number)
        command = [sys.executable, "-m", "runs.backtest", "--strategy", "magnet", "--out", str(out)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        seen.append(contents(out))
    assert seen[0] == seen[1] == seen[2]


def test_the_default_name_is_utc_time_strategy_and_hash():
    now = datetime.datetime(2026, 3, 1, 12, 30, 5, tzinfo=datetime.timezone.utc)  # noqa: UP017
    name = run_name(now, "magnet", {"a": 1}, "f")
    assert name.startswith("20260301T123005-magnet-")
    assert name == run_name(now, "magnet", {"a": 1}, "f")
    assert name != run_name(now, "magnet", {"a": 2}, "f")
    assert name != run_name(now, "magnet", {"a": 1}, "g")


def test_a_user_strategys_name_cannot_leave_the_results_folder():
    now = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)  # noqa: UP017
    name = run_name(now, "../../pkg/mod:Class", {}, "f")
    assert "/" not in name
    assert ":" not in name


def test_a_folder_with_other_files_is_refused_even_with_overwrite(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    for overwrite in (False, True):
        with pytest.raises(FolderError, match="other files"):
            claim(tmp_path, overwrite)
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_an_earlier_run_is_replaced_only_with_overwrite(tmp_path):
    out = write(tmp_path / "out")
    (out / "report.md").write_text("old")
    with pytest.raises(FolderError) as refused:
        claim(out, False)
    reason = f"{out}: holds an earlier run; name a new folder or"
    assert str(refused.value) == f"{reason} set overwrite=True"
    assert refused.value.for_command() == f"--out {reason} add --overwrite"
    assert (out / "report.md").read_text() == "old"
    write(out, overwrite=True)
    assert (out / "report.md").read_text() != "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    assert set(contents(write(tmp_path / "out"))) == FILES


def test_a_file_or_a_link_as_out_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("file", "link"):
        with pytest.raises(FolderError, match="name a folder"):
            claim(tmp_path / name, True)


def test_an_unwritable_place_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(FolderError, match="Permission denied") as caught:
        claim(tmp_path / "out", False)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="cannot be written"):
        claim(tmp_path / "file" / "out", False)


def test_a_full_disk_leaves_no_target_and_no_temporary(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_flushed", full)
    with pytest.raises(FolderError, match="No space left"):
        write(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_overwriting_keeps_the_earlier_run(tmp_path, monkeypatch):
    before = contents(write(tmp_path / "out"))
    genuine = Path.rename

    def fails_for_the_new(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError(5, "Input/output error")
        return genuine(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new)
    with pytest.raises(FolderError):
        write(tmp_path / "out", overwrite=True)
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_every_file_is_flushed_before_the_move(tmp_path, monkeypatch):
    events: list[str] = []
    genuine_sync, genuine_rename = os.fsync, Path.rename
    monkeypatch.setattr(os, "fsync", lambda handle: (events.append("fsync"), genuine_sync(handle))[1])
    monkeypatch.setattr(Path, "rename", lambda self, to: (events.append("rename"), genuine_rename(self, to))[1])
    write(tmp_path / "out")
    assert events[: len(FILES)] == ["fsync"] * len(FILES)
    assert "rename" in events[len(FILES) :]


def test_of_two_runs_at_once_the_later_is_refused_and_the_earlier_ends_whole(tmp_path):
    with claimed_folder("name", tmp_path / "out", False) as (place, temporary):
        for overwrite in (False, True):
            with pytest.raises(FolderError, match="another run is at work there"):
                claim(tmp_path / "out", overwrite)
        claim(tmp_path / "other")
        write_run(result(), place, temporary)
    assert set(contents(tmp_path / "out")) == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_of_many_processes_that_claim_at_once_one_is_let_in(tmp_path):
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom runs.outcome.folder import claimed_folder\n"
        "from runs.outcome.writing import FolderError\nprint('ready', flush=True); sys.stdin.readline()\n"
        "try:\n  with claimed_folder('', Path(sys.argv[1]), False) as (_, place):\n"
        "    (place / 'run.json').write_text('{}')\n"
        "except FolderError: sys.exit(2)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "out")]
    runs = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for run in runs:
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        run.stdin.write("\n")
        run.stdin.flush()
    for run in runs:
        run.communicate()
    assert sorted(run.returncode for run in runs) == [0, 2, 2, 2, 2, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_run_left_holds_no_claim_and_is_swept(tmp_path):
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom runs.outcome.folder import claimed_folder\n"
        "with claimed_folder('', Path(sys.argv[1]), False): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "out")], check=False)
    assert len(list(tmp_path.iterdir())) == 2, "the lock and the half-written folder"
    (tmp_path / ".other.1.partial").mkdir()
    write(tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"out", ".other.1.partial"}


def test_a_run_killed_between_the_two_renames_of_an_overwrite_has_lost_nothing(tmp_path):
    before = contents(write(tmp_path / "out"))
    (tmp_path / "out").rename(tmp_path / ".out.replaced")
    with pytest.raises(FolderError, match="holds an earlier run"):
        claim(tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_came_into_the_folder_while_the_run_was_at_work_is_not_replaced(tmp_path):
    def beside_it() -> None:
        with claimed_folder("name", write(tmp_path / "out"), True) as (_, temporary):
            (tmp_path / "out").rename(tmp_path / "earlier")
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "mine.txt").write_text("keep")
            (temporary / "run.json").write_text("{}")

    with pytest.raises(FolderError, match="other files"):
        beside_it()
    assert (tmp_path / "out" / "mine.txt").read_text() == "keep"


def test_a_folder_that_cannot_be_replaced_or_named_is_one_sentence(tmp_path):
    with pytest.raises(FolderError, match="cannot be written \\(File name too long"):
        claim(tmp_path / ("a" * 256))
    with pytest.raises(FolderError, match="cannot be written \\(File name too long"):
        claim(tmp_path / ("a" * 250))


def table(place: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((place / "trades.csv").read_text())))


def test_the_csv_reads_back_to_the_exact_floats_and_utc_times(tmp_path):
    rows, trades = table(write(tmp_path / "out")), trades_of(result())
    assert len(rows) == len(trades) > 0
    for name in ("net_pnl", "entry_price", "size", "max_adverse_excursion"):
        assert [float(row[name]) for row in rows] == trades[name].tolist()
    for row, time in zip(rows, trades["entry_time"], strict=True):
        assert row["entry_time"].endswith("Z")
        assert pd.Timestamp(row["entry_time"]).tz_localize(None) == time


def test_negative_numbers_in_the_csv_stay_numbers(tmp_path):
    losses = [row["net_pnl"] for row in table(write(tmp_path / "out")) if row["net_pnl"].startswith("-")]
    assert losses
    assert all(float(text) < 0.0 for text in losses)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_guarded(text):
    assert run_files._cell(text) == "'" + text
    assert run_files._cell(-1.5) == "-1.5"
    assert run_files._cell(np.int64(-3)) == "-3"


def test_metrics_are_strict_json(tmp_path):
    def refuse(name: str) -> None:
        raise AssertionError(name)

    values = json.loads((write(tmp_path / "out") / "metrics.json").read_text(), parse_constant=refuse)
    assert values["money"]["reconciliation_error"] <= 1e-6


def test_equity_has_its_columns_and_the_runs_numbers(tmp_path):
    frame = pd.read_parquet(write(tmp_path / "out") / "equity.parquet")
    assert set(frame.columns) == {"ts", "equity", "buy_and_hold", "position", "close", "drawdown"}
    assert frame["equity"].to_numpy() == pytest.approx(result().equity, rel=0, abs=0)
    assert str(frame["ts"].dt.tz) == "UTC"
    opened = float(result().market.frame["open"].iloc[0])
    assert frame["buy_and_hold"].iloc[-1] == pytest.approx(
        float(result().account["start"][0]) * result().close[-1] / opened
    )


def test_run_json_reproduces_the_configuration_and_names_the_data(tmp_path):
    run = json.loads((write(tmp_path / "out") / "run.json").read_text())
    assert configuration_from(run["configuration"]) == result().configuration
    assert run["data"]["fingerprint"] == result().market.fingerprint()
    assert run["source_digest"]
    assert run["packages"]["numpy"]
    assert run["python"].startswith("3.")


def test_no_file_holds_a_path_of_this_machine_or_a_creation_time(tmp_path):
    for name, content in contents(write(tmp_path / "out")).items():
        assert str(tmp_path).encode() not in content, name
        assert str(Path.cwd()).encode() not in content, name
        assert datetime.datetime.now(tz=datetime.timezone.utc).strftime("%Y-%m-%d").encode() not in content, name  # noqa: UP017


def test_a_run_without_a_trade_leaves_the_same_files(tmp_path):
    run = result()
    account = run.account.copy()
    for name in account.dtype.names or ():
        if name not in ("start", "wallet"):
            account[name] = 0.0
    account["wallet"] = account["start"]
    start = float(account["start"][0])
    idle = dataclasses.replace(
        run,
        fills=run.fills[:0],
        account=account,
        equity=np.full(len(run.market), start),
        position=np.zeros(len(run.market)),
    )
    place = write(tmp_path / "out", run=idle)
    assert set(contents(place)) == FILES
    assert table(place) == []
