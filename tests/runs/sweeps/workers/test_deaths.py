"""A combination that kills its worker, however often: one row with an error in a sweep as in a walk, and nothing is left."""

import json
import os

import psutil
import pytest

from runs.sweep import main as sweep
from runs.walkforward import main as walk

DEADLY = ("--strategy", "tests.runs.planted.mortal:Mortal", "--param", "deadly=0,1", "--jobs", "2", "--confirm", "0")
SPANS = ("--train", "7d", "--test", "4d", "--purge", "0", "--embargo", "0")


@pytest.mark.usefixtures("no_tearsheet")
@pytest.mark.parametrize("command", [pytest.param(sweep, marks=pytest.mark.slow), walk])
def test_who_kills_his_worker_is_an_error_and_nothing_is_left(
    command, small_market, tmp_path, monkeypatch, capsys, time_limit
):
    monkeypatch.setenv("MORTAL_PARENT", str(os.getpid()))  # here a deadly one would live, and have a result
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    time_limit(240)
    more = SPANS if command is walk else ()
    assert command([*DEADLY, *more, "--data", str(small_market), "--out", str(tmp_path / "out"), "--json"]) == 0
    time_limit(0)
    summary = json.loads(capsys.readouterr().out)
    if command is walk:
        assert (summary["failed_combinations"], summary["first_error"]) == (1, "its worker died 5 times")
        assert [row["combination"] for row in summary["windows"]] == [0, 0, 0]
    else:
        assert summary["errors"] == [{"error": "its worker died 5 times", "trials": 1, "first": 1}]
        assert summary["best"]["number"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not (tmp_path / "out" / ".units").exists()
    assert not [child for child in psutil.Process().children() if "LokyProcess" in " ".join(child.cmdline())]
