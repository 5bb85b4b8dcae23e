"""The documents say what is true: commands, parameters, the user's own strategy."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from datafeeds.simulated.market import simulate

PROJECT = Path(__file__).resolve().parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)


def test_the_first_two_commands_set_up_run_and_test():
    assert BLOCKS[0].strip().endswith("-m runs.backtest --strategy magnet")
    assert BLOCKS[1].strip() == ".venv/bin/python -m pytest -n 2"


def test_the_readme_is_read_at_one_sitting():
    assert len(README.splitlines()) <= 150


def test_ci_runs_the_readmes_test_command():
    command = BLOCKS[1].strip().removeprefix(".venv/bin/")
    assert f"\n{command}\n" in (PROJECT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_parameters_page_is_up_to_date():
    page = runpy.run_path(str(PROJECT / "docs" / "parameters.py"))["text"]()
    assert (PROJECT / "docs" / "parameters.md").read_text(encoding="utf-8") == page


def test_sources_are_papers_pages_or_assumptions_never_files_that_are_not_here():
    for folder in ("indicators", "strategies", "datafeeds", "runs", "tests", "docs"):
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in (".py", ".md", ".toml"):
                cited = re.search(r"\bspec [0-9]|science\s+notes", path.read_text(encoding="utf-8"))
                assert cited is None, f"{path}: {cited}"


def test_links_lead_somewhere():
    for document in (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\((?!https:)([^)#]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), target


def test_files_that_the_documents_name_exist():
    for document in (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").rglob("*.md")):
        for named in re.findall(
            r"`((?:indicators|strategies|datafeeds|runs|docs|tests)/[\w./-]*)`", document.read_text(encoding="utf-8")
        ):
            assert (PROJECT / named).exists(), f"{document.name}: {named}"


def test_the_pictures_are_the_scripts_small_and_ask_for_nothing():
    pages = [README, *(page.read_text(encoding="utf-8") for page in (PROJECT / "docs").rglob("*.md"))]
    shown = [name for page in pages for name in re.findall(r"!\[[^\]]+\]\([^)]*images/([^)]+)\)", page)]
    made = runpy.run_path(str(PROJECT / "docs" / "pictures.py"))["FILES"]
    assert sorted(shown) == sorted(made)
    assert sorted(path.name for path in (PROJECT / "docs" / "images").iterdir()) == sorted(made)
    assert sum((PROJECT / "docs" / "images" / name).stat().st_size for name in shown) < 1.5e6
    for name in shown:
        content = (PROJECT / "docs" / "images" / name).read_bytes()
        if name.endswith(".svg"):
            assert not re.search(rb"url\(['\"]?http|<image|<script|href", content)
        else:
            assert content.startswith(b"\x89PNG")
            assert int.from_bytes(content[16:20], "big") == 1280, "pixels wide"


@pytest.mark.parametrize("command", ["backtest", "lookahead"])
def test_the_users_own_strategy_of_the_guide_runs(command, tmp_path):
    guide = (PROJECT / "docs" / "howto" / "strategies.md").read_text(encoding="utf-8")
    source = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)[0]
    (tmp_path / "my_rules.py").write_text(source, encoding="utf-8")
    simulate(3, bars=400).frame.drop(columns="open_interest_break").to_parquet(tmp_path / "market.parquet")
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "", "HOME": str(tmp_path)}
    environment |= {name: os.environ[name] for name in ("NUMBA_CACHE_DIR",) if name in os.environ}
    arguments = ["--strategy", "my_rules:FadeTheWipe", "--set", "least_usd=1e6", "--data", "market.parquet"]
    arguments += ["--out", "out"] if command == "backtest" else ["--cuts", "2"]
    done = subprocess.run(
        [sys.executable, "-P", "-m", f"runs.{command}", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if command == "backtest":
        assert (tmp_path / "out" / "trades.csv").read_text().count("\n") > 1, "it trades"
