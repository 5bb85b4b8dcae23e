"""Fixtures shared by all tests: where the real market data is, and a limit for what may never end."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.installing import build, install_alone

PROJECT = Path(__file__).resolve().parents[1]

# The first example may compile what it calls: on a cold cache that is no sign of a slow test.
settings.register_profile("compiled", parent=settings(), deadline=None)
settings.load_profile("compiled")


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Return the folder of real market data, or skip: it is never part of the project."""
    folder = Path(os.environ.get("MARKET_DATA_DIR", PROJECT / ".." / "shared" / "data")).resolve()
    if not folder.is_dir():
        pytest.skip("no real market data: set MARKET_DATA_DIR to its folder")
    return folder


@pytest.fixture(scope="session")
def cases() -> Path:
    """Return the folder of captured inputs, or skip: it is never part of the project."""
    folder = Path(os.environ.get("CASES_DIR", PROJECT / ".." / "shared" / "cases")).resolve()
    if not folder.is_dir():
        pytest.skip("no captured inputs: set CASES_DIR to their folder")
    return folder


@pytest.fixture
def time_limit():
    """Return a function that takes whole seconds, after which the test fails: for a defect that shows as an endless run."""

    def expired(*_):
        raise TimeoutError("the run does not end")

    before = signal.signal(signal.SIGALRM, expired)
    yield signal.alarm
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from these sources."""
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Path:
    """Return an environment with the wheel; ``market.parquet`` lies beside it."""
    return install_alone(wheel)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the wheel first: xdist deals the first tests to one worker, so that it is built and compiled once."""
    items.sort(key=lambda item: not {"wheel", "installed"}.intersection(getattr(item, "fixturenames", ())))
