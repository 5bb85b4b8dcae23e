"""The engines compared with are those that `pyproject.toml` pins."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

METADATA = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
PINS = [Requirement(line) for line in METADATA["project"]["optional-dependencies"]["differential"]]


def test_the_engines_are_installed_in_the_versions_that_the_extra_pins():
    for pin in PINS:
        try:
            assert pin.specifier.contains(version(pin.name)), pin
        except PackageNotFoundError:
            pytest.skip(f"no {pin.name}: differential tests have an environment of their own (CONTRIBUTING.md)")
