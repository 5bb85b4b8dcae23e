"""Notes are kept: whole, beside the runs, and by two writers at once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from runs.reviews.notes import FILE, MAX_NOTE, Note, change_note, read_notes
from tests.runs.reviews.forging import HOSTILE


def test_a_note_comes_back_as_it_was_written(tmp_path):
    change_note(tmp_path, "run", text=f"  {HOSTILE}\nžluť ", add=["b", "a", "b"])
    assert read_notes(tmp_path) == {"run": Note(f"{HOSTILE}\nžluť", ("a", "b"))}


def test_text_and_tags_are_changed_apart(tmp_path):
    change_note(tmp_path, "run", text="kept", add=["a", "b"])
    change_note(tmp_path, "run", remove=["a"])
    change_note(tmp_path, "other", add=["x"])
    assert read_notes(tmp_path) == {"run": Note("kept", ("b",)), "other": Note("", ("x",))}
    change_note(tmp_path, "run", text="", tags=[])
    assert list(read_notes(tmp_path)) == ["other"]


def test_writers_at_once_lose_nothing(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: change_note(tmp_path, "run", add=[f"tag{i:02}"]), range(24)))
    assert len(read_notes(tmp_path)["run"].tags) == 24
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".{FILE}.lock", FILE]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"runs": {"a": 3}}', '{"runs": {"a": {"note": 1}}}', '{"runs": {"a": {"tags": [1]}}}',
     '{"version": 2, "runs": {}}', '{"version": "1", "runs": {}}', '{"version": true, "runs": {}}'],
)  # fmt: skip
def test_notes_that_are_damaged_or_of_another_version_are_never_written_over(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ValueError, match=r"notes\.json"):
        change_note(tmp_path, "run", text="new")
    assert (tmp_path / FILE).read_text() == content


@pytest.mark.parametrize("name", [FILE, f".{FILE}.lock"])
def test_links_are_refused_and_what_they_lead_to_is_left_alone(tmp_path, name):
    (tmp_path / "results").mkdir()
    (tmp_path / "other").write_text('{"version": 1, "runs": {}}')
    (tmp_path / "results" / name).symlink_to(tmp_path / "other")
    with pytest.raises(ValueError, match="no plain file"):
        change_note(tmp_path / "results", "run", text="new")
    assert (tmp_path / "other").read_text() == '{"version": 1, "runs": {}}'


@pytest.mark.parametrize("tag", ["", " a", "a,b", "a\nb", "\x1b[2J", "x" * 51])
def test_tags_that_cannot_be_shown_are_refused(tmp_path, tag):
    with pytest.raises(ValueError, match="tag"):
        change_note(tmp_path, "run", add=[tag])
    assert not (tmp_path / FILE).exists()


def test_a_note_has_a_longest_length(tmp_path):
    with pytest.raises(ValueError, match="too long"):
        change_note(tmp_path, "run", text="x" * (MAX_NOTE + 1))


def test_the_file_is_plain_json(tmp_path):
    change_note(tmp_path, "run", text="text", add=["a"])
    assert json.loads((tmp_path / FILE).read_text()) == {"version": 1, "runs": {"run": {"note": "text", "tags": ["a"]}}}
