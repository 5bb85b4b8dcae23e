"""The command: a page, a table, notes, and one line for what is wrong."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from runs.review import main
from runs.reviews.notes import Note, read_notes
from tests.runs.reviews.forging import HOSTILE, real_run

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return real_run(tmp_path_factory.mktemp("template") / "run")


@pytest.fixture
def results(tmp_path, template):
    shutil.copytree(template, tmp_path / "results" / "first")
    shutil.copytree(template, tmp_path / "results" / "a=b")
    return tmp_path / "results"


def block(page, name):
    return json.loads(re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page).group(1))


def test_the_page_and_the_json_hold_the_same_figures_as_the_runs(results, capsys):
    assert main([str(results), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    page = block((results / "review.html").read_text(), "review")
    for printed, shown in zip(table["rows"], page["rows"], strict=True):
        assert printed == {name: shown[name] for name in printed}
        metrics = json.loads((results / printed["name"] / "metrics.json").read_text())
        assert printed["figures"]["fees_quote"] == metrics["money"]["fees_quote"]
        assert printed["figures"]["max_bar_drawdown_fraction"] == metrics["performance"]["max_bar_drawdown_fraction"]
        assert printed["figures"]["trades"] == metrics["trading"]["trades"]


def test_the_same_folder_gives_the_same_page(results, capsys):
    pages = set()
    for _ in range(2):
        assert main([str(results)]) == 0
        pages.add((results / "review.html").read_bytes())
    assert len(pages) == 1
    assert f"next: {sys.executable} -m runs.review" in capsys.readouterr().err


def test_notes_and_tags_survive_a_new_page(results, capsys):
    assert main([str(results), "--note", f"a=b={HOSTILE}", "--tag", "first=keep", "--tag", "first=x"]) == 0
    assert main([str(results), "--untag", "first=x"]) == 0
    assert read_notes(results) == {"a=b": Note(HOSTILE), "first": Note("", ("keep",))}
    page = (results / "review.html").read_text()
    assert HOSTILE not in page
    assert {row["name"]: row["note"] for row in block(page, "review")["rows"]} == {"a=b": HOSTILE, "first": ""}
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "there is no such folder"),
        (["first"], "is itself a run"),
        (["empty"], "nothing in it"),
        ([".", "--tag", "nobody=x"], "no run of that name"),
        ([".", "--tag", "first"], "write it as RUN=TEXT"),
        ([".", "--tag", "first=good", "--tag", "first=a,b"], "without a comma"),
        ([".", "--serve", "--json"], "give one of them"),
        ([".", "--port", "70000"], "70000"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(results, monkeypatch, capsys, arguments, said):
    (results / "empty").mkdir()
    monkeypatch.chdir(results)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert read_notes(results) == {}, "all of it or nothing"


def test_a_port_that_is_taken_is_said_in_one_line(results, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert main([str(results), "--serve", "--port", str(other.getsockname()[1])]) == 2
    assert "name another one" in capsys.readouterr().err


def test_damaged_notes_are_said_in_one_line_and_kept(results, capsys):
    (results / "notes.json").write_text("{")
    assert main([str(results)]) == 2
    assert "mend it or move it away" in capsys.readouterr().err
    assert (results / "notes.json").read_text() == "{"


def test_a_names_control_characters_do_not_reach_the_terminal(results, capsys):
    (results / "\x1b[2Jgone").mkdir()
    assert main([str(results)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def _heeding_interrupts():
    """A shell has what it starts in the background ignore interrupts, and all below it inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_it_serves_until_interrupted(results):
    command = [sys.executable, "-m", "runs.review", str(results), "--serve", "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=PROJECT, preexec_fn=_heeding_interrupts, **pipes) as process:
        try:
            address = process.stdout.readline().strip()
            with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - its own address
                assert b"Review of results" in answer.read()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=10)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Traceback" not in said
