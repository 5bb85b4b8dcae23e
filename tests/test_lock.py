"""The lock: it pins what `pyproject.toml` asks for, by hash, and names no machine and no registry."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[1]
LOCK = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
DECLARED = [
    *METADATA["project"]["dependencies"],
    # Peers to measure against are nobody's dependency: a benchmark asks for them where they are wanted.
    *(
        line
        for extra, lines in METADATA["project"]["optional-dependencies"].items()
        if extra != "benchmark"
        for line in lines
    ),
    *METADATA["build-system"]["requires"],
]


def entries():
    """Every pinned requirement of the lock, with its hashes."""
    joined = LOCK.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [
        (Requirement(line.split(" --hash")[0]), re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line)) for line in lines
    ]


def environment(python):
    return {"python_version": python, "python_full_version": f"{python}.7", "sys_platform": "linux", "os_name": "posix",
            "platform_system": "Linux", "platform_python_implementation": "CPython", "implementation_name": "cpython"}  # fmt: skip


def pins(python):
    """Return name -> version of what the lock installs on a version of Python."""
    chosen = [r for r, _ in entries() if r.marker is None or r.marker.evaluate(environment(python))]
    versions = {r.name: next(iter(r.specifier)).version for r in chosen}
    assert len(versions) == len(chosen), "a package is pinned twice for one Python"
    return versions


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("line", DECLARED)
def test_every_declared_dependency_is_pinned_within_its_bounds(line, python):
    wanted = Requirement(line)
    pinned = pins(python)
    assert wanted.name in pinned, "renew the lock (CONTRIBUTING.md)"
    assert wanted.specifier.contains(pinned[wanted.name]), "renew the lock (CONTRIBUTING.md)"


def test_every_entry_is_an_exact_version_with_hashes():
    for requirement, hashes in entries():
        assert requirement.url is None, requirement
        assert [s.operator for s in requirement.specifier] == ["=="], requirement
        assert hashes, requirement


def test_it_names_no_registry_and_no_path():
    options = [line for line in LOCK.splitlines() if line.lstrip().startswith("-") and "--hash=sha256:" not in line]
    assert not options
    assert "://" not in LOCK
    assert not re.search(r"(^|\s)[./~]", LOCK)


def test_set_up_takes_nothing_but_the_lock():
    # Without --no-build-isolation pip would fetch an unpinned, unhashed build backend and run it.
    for document in ("README.md", ".ci/run"):
        lines = (PROJECT / document).read_text(encoding="utf-8").replace("&&", "\n").splitlines()
        installs = [line for line in lines if "pip install" in line]
        assert installs
        for line in installs:
            assert "--require-hashes" in line or ("--no-build-isolation" in line and "--no-deps" in line), line
