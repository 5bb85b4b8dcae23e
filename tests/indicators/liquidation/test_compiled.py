"""The cache of compiled code: a change of any source starts a fresh one, and it lies where it can be written."""

import grp
import hashlib
import os
import pickle
import pwd
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from indicators.liquidation import compiled
from indicators.liquidation.private_folder import private_folder

PROJECT = Path(__file__).resolve().parents[3]
CALLER = '''"""A caller and its callee in two files: numba itself would not see a change of the second."""
from indicators.liquidation.compiled import compiled
from indicators.liquidation.callee import factor
@compiled
def scaled(x: float) -> float:
    return x * factor()
'''


CALLEE = "from indicators.liquidation.compiled import compiled\n@compiled\ndef factor():\n    return {}\n"
ANSWER = "from indicators.liquidation.caller import scaled; print(scaled(3.0), sum(scaled.stats.cache_hits.values()))"


def ask(folder, code, **environment):
    return heard(folder, code, **environment)[0]


def heard(folder, code, **environment):
    given = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "PYTHONPATH")}
    given |= {"PYTHONDONTWRITEBYTECODE": "1", **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def core_in(folder):
    core = folder / "indicators" / "liquidation"
    core.mkdir(parents=True)
    for name in ("../__init__.py", "__init__.py", "compiled.py", "checked_cache.py", "private_folder.py"):
        shutil.copy(PROJECT / "indicators" / "liquidation" / name, core / name)
    (core / "caller.py").write_text(CALLER, encoding="utf-8")
    (core / "callee.py").write_text(CALLEE.format("2.0"), encoding="utf-8")
    return core


def test_a_changed_callee_is_used_by_a_cached_caller(tmp_path):
    core = core_in(tmp_path)
    answers = []
    for value in ("2.0", "2.0", "5.0"):
        (core / "callee.py").write_text(CALLEE.format(value), encoding="utf-8")
        answers.append(ask(tmp_path, ANSWER))
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


def a_byte_turned(content):
    return content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 1]) + content[len(content) // 2 + 1 :]


def test_damaged_files_are_compiled_anew_with_one_note(tmp_path):
    core_in(tmp_path)
    ask(tmp_path, ANSWER)

    def noise(content):
        return random.Random(0).randbytes(len(content))

    for ending, damage in (("nbi", noise), ("nbc", noise), ("nbi", lambda _: b""), ("nbc", a_byte_turned)):
        files = list(tmp_path.rglob(f"*.{ending}"))
        assert len(files) == 2
        for path in files:
            path.write_bytes(damage(path.read_bytes()))
        said, told = heard(tmp_path, ANSWER)
        assert said == "6.0 0"
        assert told.count("\n") == 1
        assert told.startswith("note: damaged compiled code in ")
    assert heard(tmp_path, ANSWER) == ("6.0 1", "")


def test_a_folder_that_others_can_write_is_never_read(tmp_path):
    core_in(tmp_path)
    shared, kept = tmp_path / "shared", {"XDG_CACHE_HOME": str(tmp_path / "home")}
    assert ask(tmp_path, ANSWER, NUMBA_CACHE_DIR=str(shared), **kept) == "6.0 0"
    planted = pickle.dumps(Planted(tmp_path / "it-ran"))
    for path in shared.rglob("*.nbi"):
        path.write_bytes(hashlib.sha256(planted).digest() + planted)
    for folder in shared.iterdir():
        folder.chmod(0o777)
    said, told = heard(tmp_path, ANSWER, NUMBA_CACHE_DIR=str(shared), **kept)
    assert said == "6.0 0"
    assert told.startswith(f"note: NUMBA_CACHE_DIR {shared} can be written by others, or not by you; {tmp_path}/home/")
    assert not (tmp_path / "it-ran").exists()


class Planted:
    """What makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_folder_is_private_if_it_and_what_it_lies_in_is_the_users_alone(tmp_path, monkeypatch):
    folder = tmp_path / "above" / "cache"
    assert private_folder(folder) == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    for place, mode, is_private in (
        (folder, 0o702, False), (folder, 0o1777, False), (folder.parent, 0o702, False), (folder.parent, 0o1777, True),
    ):  # fmt: skip
        place.chmod(mode)
        assert (private_folder(folder) == folder) == is_private, (place, oct(mode))
        place.chmod(0o700)
    folder.chmod(0o770)
    for its_name, members, is_private in (
        ("me", [], True),
        ("me", ["me"], True),
        ("me", ["you"], False),
        ("us", [], False),
    ):
        monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="me"))
        monkeypatch.setattr(
            grp, "getgrgid", lambda _, g=(its_name, members): SimpleNamespace(gr_name=g[0], gr_mem=g[1])
        )
        assert (private_folder(folder) == folder) == is_private, (its_name, members)


def test_a_folder_of_another_user_is_not_private(tmp_path, monkeypatch):
    (tmp_path / "cache").mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(tmp_path / "cache", 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert private_folder(tmp_path / "cache") is None


def test_a_link_is_followed_once_and_what_cannot_be_made_is_none(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "true")
    assert private_folder(tmp_path / "link") == tmp_path / "true"
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "file").write_text("")
    for name in ("circle", "file/cache", "a" * 256):
        assert private_folder(tmp_path / name) is None


def test_code_that_cannot_be_kept_is_one_note(tmp_path):
    core_in(tmp_path)
    full = (
        "import os; real = os.replace\ndef replace(*_): raise OSError(28, 'No space left on device')\n"
        f"os.replace = replace; {ANSWER}"
    )
    said, told = heard(tmp_path, full)
    assert said == "6.0 0"
    assert told.count("\n") == 1
    assert "No space left" in told


def test_the_cache_lies_beside_the_code_else_with_the_user_else_in_a_private_folder(monkeypatch, tmp_path):
    find = compiled.cache_folder.__wrapped__
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    places = [Path(compiled.__file__).parent / "__pycache__", tmp_path / "home" / "liquidation-heatmap"]
    places += [tmp_path / f"liquidation-heatmap-{os.geteuid()}"]
    for number, place in enumerate(places):
        monkeypatch.setattr(compiled, "private_folder", lambda it, n=number: it if it.parent in places[n:] else None)
        assert Path(find()).parent == place
    monkeypatch.setattr(compiled, "private_folder", lambda _: None)
    alone = Path(find())
    assert alone.parent == tmp_path
    assert alone.stat().st_mode & 0o777 == 0o700


def test_numbas_own_variable_is_respected(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert Path(compiled.cache_folder.__wrapped__()).parent == tmp_path
