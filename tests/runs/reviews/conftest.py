"""One real run, copied for each test that needs it."""

import shutil
from pathlib import Path

import pytest

from tests.runs.reviews.forging import real_run


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return real_run(tmp_path_factory.mktemp("template") / "run")


@pytest.fixture
def results(tmp_path: Path, template: Path) -> Path:
    """Return a results folder with one real run, ``first``."""
    shutil.copytree(template, tmp_path / "results" / "first")
    return tmp_path / "results"
