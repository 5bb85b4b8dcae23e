"""The sidecar saves time and never tells of a file that has changed."""

import json
import os

import pytest

from runs.reviews import curves
from runs.reviews.gathering import gather
from runs.reviews.pictures import SIDECAR, picture_all


def pictures(results):
    return picture_all(results, gather(results))[1]


def test_what_has_not_changed_is_not_read_again(results, monkeypatch):
    first = pictures(results)
    for name in ("equity_curve", "market_curve", "fills"):
        monkeypatch.delattr(curves, name)
    assert pictures(results) == first


def test_what_has_changed_is_read_again(results):
    first, path = pictures(results), results / "first" / "trades.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    assert first.runs["first"]["fills"]["total"] > 1
    assert pictures(results).runs["first"]["fills"]["total"] == 1
    os.utime(path, (1, 1))
    path.unlink()
    assert pictures(results).runs == {}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 1}', '{"version": 1, "runs": {"first": 3}, "markets": {}}']
)
def test_a_damaged_sidecar_is_made_anew(results, content):
    first = pictures(results)
    (results / SIDECAR).write_text(content)
    assert pictures(results) == first
    assert set(json.loads((results / SIDECAR).read_text())["runs"]) == {"first"}


def test_parts_that_are_missing_in_a_sidecar_are_made_anew(results):
    first = pictures(results)
    sidecar = json.loads((results / SIDECAR).read_text())
    del sidecar["runs"]["first"]["equity"]
    sidecar["markets"] = dict.fromkeys(sidecar["markets"], 3)
    (results / SIDECAR).write_text(json.dumps(sidecar))
    assert pictures(results) == first


def test_a_sidecar_that_is_a_link_is_replaced_and_not_followed(results, tmp_path):
    (tmp_path / "other").write_text("mine")
    (results / SIDECAR).symlink_to(tmp_path / "other")
    pictures(results)
    assert (tmp_path / "other").read_text() == "mine"
    assert not (results / SIDECAR).is_symlink()
