"""The locks: each pins what `pyproject.toml` asks for, by hash; it names no machine and no registry."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1]
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = METADATA["project"]["optional-dependencies"]
# The extra `benchmark`, peers to measure against, is nobody's dependency: who wants them asks for them.
LOCKS = {"requirements.lock": ("dev", "sweep", "cluster"), "requirements-differential.lock": ("dev", "differential")}
DECLARED = [
    (lock, line)
    for lock, extras in LOCKS.items()
    for lines in (
        METADATA["project"]["dependencies"],
        METADATA["build-system"]["requires"],
        *(EXTRAS[name] for name in extras),
    )
    for line in lines
]


def text(lock):
    return (PROJECT / lock).read_text(encoding="utf-8")


def entries(lock):
    """Every pinned requirement of a lock, with its hashes."""
    joined = text(lock).replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [
        (Requirement(line.split(" --hash")[0]), re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line)) for line in lines
    ]


def environment(python):
    return {"python_version": python, "python_full_version": f"{python}.7", "sys_platform": "linux", "os_name": "posix",
            "platform_system": "Linux", "platform_python_implementation": "CPython", "implementation_name": "cpython"}  # fmt: skip


def pins(lock, python):
    """Return name -> version of what a lock installs on a version of Python."""
    chosen = [r for r, _ in entries(lock) if r.marker is None or r.marker.evaluate(environment(python))]
    versions = {canonicalize_name(r.name): next(iter(r.specifier)).version for r in chosen}
    assert len(versions) == len(chosen), "a package is pinned twice for one Python"
    return versions


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize(("lock", "line"), DECLARED)
def test_every_declared_dependency_is_pinned_within_its_bounds(lock, line, python):
    wanted, pinned = Requirement(line), pins(lock, python)
    name = canonicalize_name(wanted.name)
    assert name in pinned, "renew the lock (CONTRIBUTING.md)"
    assert wanted.specifier.contains(pinned[name]), "renew the lock (CONTRIBUTING.md)"


def test_every_extra_but_that_of_peers_has_a_lock():
    assert set(EXTRAS) == {"benchmark"}.union(*LOCKS.values())


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_an_exact_version_with_hashes(lock):
    for requirement, hashes in entries(lock):
        assert requirement.url is None, requirement
        assert [s.operator for s in requirement.specifier] == ["=="], requirement
        assert hashes, requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_it_names_no_registry_and_no_path(lock):
    options = [
        line for line in text(lock).splitlines() if line.lstrip().startswith("-") and "--hash=sha256:" not in line
    ]
    assert not options
    assert "://" not in text(lock)
    assert not re.search(r"(^|\s)[./~]", text(lock))


def test_set_up_takes_nothing_but_the_lock():
    # Without --no-build-isolation pip would fetch an unpinned, unhashed build backend and run it.
    for document in ("README.md", ".ci/run"):
        lines = (PROJECT / document).read_text(encoding="utf-8").replace("&&", "\n").splitlines()
        installs = [line for line in lines if "pip install" in line]
        assert installs
        for line in installs:
            assert "--require-hashes" in line or ("--no-build-isolation" in line and "--no-deps" in line), line
