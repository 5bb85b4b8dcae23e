"""How long the sentences of a page are: a sentence ends at . ? ! or with its list item, paragraph or heading."""

import math
import re

_FENCE = re.compile(r"^ *```.*?^ *```$", flags=re.DOTALL | re.MULTILINE)
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"[*_]+(?=\w)|(?<=[\w.?!:,)%])[*_]+")
_BEGINS = re.compile(r" *(?:[-*] |\d+\. |#+ |> )")
_END = re.compile(r"(?<=[^.\s][.?!])[\"')\]]*\s+")


def blocks(markdown: str) -> list[str]:
    """Return paragraphs, list items and headings as plain text; code blocks, tables and pictures are left out."""
    found: list[list[str]] = [[]]
    for line in _PICTURE.sub("", _FENCE.sub("\n\n", markdown)).split("\n"):
        begins = _BEGINS.match(line)
        if begins or not line.strip() or line.lstrip().startswith("|"):
            found.append([])
        if not line.lstrip().startswith("|"):
            found[-1].append(line[begins.end() :] if begins else line.strip())
        if line.startswith("#"):
            found.append([])
    return [_MARKS.sub("", _LINK.sub(r"\1", " ".join(lines))).strip() for lines in found if any(lines)]


def sentences(block: str) -> list[str]:
    """Return the sentences of one block of plain text; inline code is one word that ends no sentence."""
    code = re.sub(r"`[^`]*`", "code", block)
    return [sentence for sentence in _END.split(code) if words(sentence)]


def words(sentence: str) -> int:
    """Return how many words stand between spaces; what has neither letter nor digit is none."""
    return sum(any(letter.isalnum() for letter in word) for word in sentence.split())


def ninetieth_percentile(lengths: list[int]) -> int:
    """Return the smallest length that at least nine tenths of all sentences keep to."""
    return sorted(lengths)[math.ceil(0.9 * len(lengths)) - 1]
