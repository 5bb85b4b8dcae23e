"""The cache of compiled code: a change of any source starts a fresh one, and it lies where it can be written."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from indicators.liquidation import compiled

PROJECT = Path(__file__).resolve().parents[3]
CALLER = '''"""A caller and its callee in two files: numba itself would not see a change of the second."""
from indicators.liquidation.compiled import compiled
from indicators.liquidation.callee import factor
@compiled
def scaled(x: float) -> float:
    return x * factor()
'''


def ask(folder, code):
    environment = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "PYTHONPATH")}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_changed_callee_is_used_by_a_cached_caller(tmp_path):
    core = tmp_path / "indicators" / "liquidation"
    core.mkdir(parents=True)
    for name in ("../__init__.py", "__init__.py", "compiled.py"):
        shutil.copy(PROJECT / "indicators" / "liquidation" / name, core / name)
    (core / "caller.py").write_text(CALLER, encoding="utf-8")
    callee = "from indicators.liquidation.compiled import compiled\n@compiled\ndef factor():\n    return {}\n"
    code = "from indicators.liquidation.caller import scaled; print(scaled(3.0), sum(scaled.stats.cache_hits.values()))"
    answers = []
    for value in ("2.0", "2.0", "5.0"):
        (core / "callee.py").write_text(callee.format(value), encoding="utf-8")
        answers.append(ask(tmp_path, code))
    assert answers == ["6.0 0", "6.0 1", "15.0 0"]
    assert len(list((core / "__pycache__").glob("compiled-*"))) == 2


PACKAGE = {
    "indicators/liquidation/formula.py": "from indicators.figures import TWO\n@compiled\ndef twice(x):\n    return TWO * x\n",
    "indicators/figures.py": "from strategies.names import (  # comment\n    FIRST,\n    first_of,\n)\n",
    "strategies/names.py": "FIRST = 1\n",
    "runs/page.py": "from indicators.liquidation.formula import twice\n",
}


@pytest.mark.parametrize("name", PACKAGE)
def test_what_compiled_code_can_reach_starts_a_fresh_cache_and_nothing_else_does(monkeypatch, tmp_path, name):
    for path, text in PACKAGE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.setattr(compiled, "_PROJECT", tmp_path)
    find, all_of = compiled.compiled_digest.__wrapped__, compiled.source_digest.__wrapped__
    before = find(), all_of()
    (tmp_path / name).write_text(PACKAGE[name] + "# changed\n", encoding="utf-8")
    assert all_of() != before[1]
    assert (find() != before[0]) == (name != "runs/page.py")


def test_every_module_that_a_compiled_function_reads_is_in_the_digest():
    """The modules behind the globals of every compiled function, as Python has them after importing all of them."""
    code = (
        "import sys, numba, types, indicators.liquidation.compiled as c; "
        "import runs.engines.compiled, runs.perpetual.matching, runs.perpetual.costs, indicators.heatmap, strategies.registry; "
        "import strategies.magnet, strategies.cascade, strategies.wipe, strategies.overlay, datafeeds.simulated.market; "
        "seen = set(); real = c._digest; c._digest = lambda paths: seen.update(map(str, paths)) or ''; "
        "c.compiled_digest.__wrapped__(); found = set()\n"
        "for m in list(sys.modules.values()):\n"
        "  for f in list(vars(m).values()) if (m and m.__name__.split('.')[0] in c._FOLDERS) else []:\n"
        "    g = getattr(getattr(f, 'py_func', None), '__globals__', None)\n"
        "    for n in (f.py_func.__code__.co_names if g else ()):\n"
        "      v = g.get(n); o = getattr(v, '__module__', None) if not isinstance(v, types.ModuleType) else v.__name__\n"
        "      o = sys.modules.get(o or '')\n"
        "      if o is not None and o.__name__.split('.')[0] in c._FOLDERS: found.add(o.__file__)\n"
        "print(len(found), sorted(found - seen))"
    )
    count, missing = ask(PROJECT, code).split(" ", 1)
    assert int(count) > 20
    assert missing == "[]"


def test_the_cache_lies_beside_the_code_where_that_can_be_written_else_in_the_users_folder(monkeypatch, tmp_path):
    find = compiled.cache_folder.__wrapped__
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compiled.os, "access", lambda *_: True)
    assert Path(find()).parent == Path(compiled.__file__).parent / "__pycache__"
    home = tmp_path / "liquidation-heatmap"
    monkeypatch.setattr(
        compiled.os, "access", lambda place, _: Path(place).is_relative_to(tmp_path) or Path(place) == tmp_path
    )
    assert Path(find()).parent == home
    monkeypatch.setattr(compiled.os, "access", lambda *_: False)
    assert Path(find()).parent == Path(tempfile.gettempdir()) / "liquidation-heatmap"


def test_numbas_own_variable_is_respected(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert Path(compiled.cache_folder.__wrapped__()).parent == tmp_path
