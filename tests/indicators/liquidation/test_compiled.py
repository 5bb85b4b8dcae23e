"""The cache of compiled code: a change of any source starts a fresh one, and it lies where it can be written."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

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
