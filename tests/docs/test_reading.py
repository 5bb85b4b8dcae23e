"""Pages are read without stopping: nine sentences of ten have 25 words at most."""

from pathlib import Path

import pytest

from tests.docs.reading import blocks, ninetieth_percentile, sentences, words

PROJECT = Path(__file__).resolve().parents[2]
MOST_WORDS = 25
PAGES = [
    path.relative_to(PROJECT).as_posix()
    for path in (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md")))
]


def lengths(markdown):
    return [words(sentence) for block in blocks(markdown) for sentence in sentences(block)]


@pytest.mark.parametrize("page", PAGES)
def test_nine_sentences_of_ten_are_short(page):
    assert ninetieth_percentile(lengths((PROJECT / page).read_text(encoding="utf-8"))) <= MOST_WORDS


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("One two. Three four five! Six?", [2, 3, 1]),
        ("A sentence that goes\non over lines.\n\nAnother", [7, 1]),
        ("- one item\n- two\n  goes on\n1. three\n", [2, 3, 1]),
        ("# A heading\nText below it.", [2, 3]),
        ("It is 2.5 % of 1.000,5; see `a. b c` and [two words](page.md).", [10]),
        ("**Bold start.** And (what follows.) *End*", [2, 3, 1]),
        ("It lost 2.1 (-6.2 .. +2.5). Then more.", [5, 2]),
        ("Before\n```sh\nnot read. At all\n```\nafter", [1, 1]),
        ("Before\n| no | table |\n|---|---|\nafter ![no picture](a.png)", [1, 1]),
    ],
)
def test_a_sentence_ends_with_its_mark_or_its_block(markdown, expected):
    assert lengths(markdown) == expected


@pytest.mark.parametrize(("numbers", "expected"), [([7], 7), (list(range(1, 11)), 9), (list(range(1, 12)), 10)])
def test_nine_tenths_keep_to_the_percentile(numbers, expected):
    assert ninetieth_percentile(numbers[::-1]) == expected
