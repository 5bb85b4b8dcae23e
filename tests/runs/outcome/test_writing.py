"""One file, whole or not at all."""

import pytest

from runs.outcome.writing import replace_file


def test_a_file_that_cannot_be_written_leaves_the_earlier_one(tmp_path, monkeypatch):
    path = tmp_path / "summary.json"
    replace_file(path, "earlier")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr("runs.outcome.writing.os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        replace_file(path, "later")
    assert path.read_text() == "earlier"
    assert [one.name for one in tmp_path.iterdir()] == ["summary.json"]
