"""What is said before code is compiled for the first time, and that a warm run says nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from runs.commandline import compiling
from runs.commandline.compiling import MAP, note_compiling

PROJECT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("kept", "asked", "told"),
    [
        ((), (), "note: compiling the map and the account, once for this version: about 50 s\n"),
        (("run_bars",), (), "note: compiling the account, once for this version: about 30 s\n"),
        (("process_bar",), (MAP,), "note: compiling the map, once for this version: about 20 s\n"),
        (("run_bars",), (MAP,), ""),
        (("run_bars", "process_bar"), (), ""),
    ],
)
def test_one_line_names_what_is_not_yet_compiled(kept, asked, told, monkeypatch, capsys):
    monkeypatch.setattr(compiling, "is_kept", lambda function: function.__name__ in kept)
    note_compiling(*asked)
    assert capsys.readouterr() == ("", told)


def test_what_the_cache_holds_is_seen_from_the_next_process_on(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    code = (
        "from indicators.liquidation.compiled import is_kept\n"
        "from indicators.liquidation.liquidation_price import tier_index\n"
        "import numpy\n"
        "print(is_kept(tier_index)); tier_index(1.0, numpy.zeros((1, 4))); print(is_kept(tier_index))"
    )
    said = [subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, text=True).split() for _ in range(2)]
    assert said == [["False", "True"], ["True", "True"]]
