"""The glossary explains every house word, and each page leads there where it first uses one."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r'^- <a id="([a-z-]+)"></a>(\*\*?)([^*]+)\2', GLOSSARY, flags=re.MULTILINE)
HOUSE_WORDS = {name: word for name, stars, word in ENTRIES if stars == "**"}
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
PAGES.remove(DOCS / "glossary.md")
NOT_OURS = {("docs/cluster.md", "cluster"), ("docs/howto/sweeps.md", "cluster")}
"""Pages on which a word has its usual sense: a Dask cluster is none of the map."""

SKIPPED = r"^ *```.*?^ *```$|^ *[|#].*?$|`[^`]*`|!?\[[^\]]*\]\([^)]*\)"
"""Code, tables, headings and links: what they say is not linked again."""


def used(markdown):
    """Return the names of the house words in a page's sentences."""
    prose = " ".join(re.sub(SKIPPED, " ", markdown, flags=re.DOTALL | re.MULTILINE).split())
    return {
        name
        for name, word in HOUSE_WORDS.items()
        if re.search(rf"(?<![\w-]){word}(?:s|es)?(?![\w-])", prose, flags=re.IGNORECASE)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_no_house_word_stands_on_a_page_without_a_link_to_the_glossary(page):
    text, name = page.read_text(encoding="utf-8"), page.relative_to(PROJECT).as_posix()
    linked = set(re.findall(r"\]\((?:[./]|docs)*/?glossary\.md#([a-z-]+)\)", text))
    missing = {word for word in used(text) - linked if (name, word) not in NOT_OURS}
    assert not missing, f"link where {name} first says it: " + ", ".join(
        f"glossary.md#{word}" for word in sorted(missing)
    )


def test_words_are_found_in_sentences_alone():
    assert used("Two clusters\nand a `kernel`.") == {"cluster"}
    assert (
        used("# Magnet\n\n| wipe |\n|---|\n\n```sh\nstamp\n```\n\nAn overlay-free [ledger of a cascade](page.md).")
        == set()
    )


def test_every_entry_is_there_once():
    names = [name for name, _, _ in ENTRIES]
    assert len(names) == len(set(names)) > len(HOUSE_WORDS) > 30
    assert len(names) == len(re.findall(r"^- ", GLOSSARY, flags=re.MULTILINE))


def places(page):
    """Return what a link may name on a page: its headings, in the form of the usual renderers, and its own marks."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("page", [*PAGES, DOCS / "glossary.md"], ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_links_into_pages_name_a_place_that_is_there(page):
    for target, place in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        assert place in places(page.parent / target if target else page), f"{target}#{place}"
