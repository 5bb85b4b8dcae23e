"""How a CSV file is written: encoding, separator, quotes, decimal mark, thousands, remarks and header lines, told by its rows."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

import pandas as pd
from pyarrow import csv as arrow

from datafeeds.errors import MarketError

_SEPARATORS = (
    "\t;|,"  # in this order: a decimal comma makes "," look like a separator, the others never occur in numbers
)
_HEAD = 2**16  # characters that tell the dialect
_NUMBER = re.compile(r"[-+]?(\d[\d.,' \u00a0\u202f]*)?\d([eE][-+]?\d+)?|[-+]?\.\d+")
_TIME = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*|\d{1,2}:\d{2}.*|\d{8}[T ]\d.*")
_EMPTY = ("", "nan", "null", "na", "n/a", "none", "-")


@dataclass(frozen=True)
class Dialect:
    """What a mapping says of a CSV file under ``[csv]``; None: told by the file's first rows.

    Attributes
    ----------
    separator, decimal, encoding
        Between columns; before the fraction, ``.`` or ``,``; as Python names it.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None


def read_csv(content: bytes, dialect: Dialect) -> pd.DataFrame:
    """Return a CSV file's columns; those without a name are called ``column 1`` and so on.

    Raises
    ------
    MarketError
        If it cannot be told whether a comma is a decimal mark.
    Exception
        Whatever the parser raises for a table that is none.
    """
    text = _decoded(content, dialect.encoding)
    lines = text[:_HEAD].splitlines()
    if len(text) > _HEAD:
        lines.pop()
    quote = "'" if any(line.startswith("'") for line in lines[1:3]) else '"'
    separator = dialect.separator or _separator(lines, quote)
    rows = [next(csv.reader([line], delimiter=separator, quotechar=quote), []) for line in lines]
    width = _width(rows)
    start = next((at for at, row in enumerate(rows) if len(row) == width and not _is_remark(lines[at])), 0)
    if start and lines[start - 1].startswith("#") and len(rows[start - 1]) == width and not _is_header(rows[start]):
        start -= 1  # a header behind a comment's sign
    count = _header_lines(rows[start:])
    names = _names(rows[start : start + count], width)
    sample = [row for row in rows[start + count :] if len(row) == width][:500]
    decimal = dialect.decimal or _decimal(sample)
    if len(rows) <= start + count:
        return pd.DataFrame({place: [] for place in range(width)}).set_axis(names, axis=1)
    body = "".join(text.splitlines(keepends=True)[start + count :])
    table = arrow.read_csv(
        io.BytesIO(body.encode()),
        read_options=arrow.ReadOptions(column_names=names, use_threads=len(body) > _HEAD),
        parse_options=arrow.ParseOptions(
            delimiter=separator,
            quote_char=quote,
            invalid_row_handler=lambda row: "skip" if _is_remark(row.text) else "error",
        ),
        # arrow reads decimals exactly and so gives a CSV its parquet's fingerprint; pandas does so in some versions only
        convert_options=arrow.ConvertOptions(decimal_point=decimal),
    )
    frame = table.to_pandas()
    for place in range(frame.shape[1]):
        values = frame.iloc[:, place]
        if pd.api.types.is_string_dtype(values) and _grouped(values, decimal):
            frame.isetitem(place, _without_groups(values, decimal))
    return frame


def _decoded(content: bytes, encoding: str | None) -> str:
    if encoding is None and content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    for each in (encoding,) if encoding else ("utf-8-sig", "cp1252"):
        try:
            return content.decode(each)
        except UnicodeDecodeError:
            continue
        except LookupError:
            raise MarketError(
                f"[csv] encoding = {each[:40]!r} is none; write one such as utf-8, cp1252 or utf-16"
            ) from None
    raise MarketError('the text is in an unknown encoding; name it in a mapping: [csv] encoding = "cp1251"')


def _is_remark(line: str) -> bool:
    """Return whether a line is a comment, a link or blank."""
    return not line.strip() or line.lstrip().startswith(("#", "//", "http://", "https://", "www."))


def _separator(lines: list[str], quote: str) -> str:
    """Return the separator that splits most lines into the same number of columns; of equals, the one that no number holds."""
    best, share = ",", 0.0
    lines = [line for line in lines if not _is_remark(line)]
    for separator in _SEPARATORS:
        rows = list(csv.reader(lines, delimiter=separator, quotechar=quote))
        width = _width(rows)
        even = sum(len(row) == width for row in rows) / max(len(rows), 1)
        if width > 1 and even > share + 0.05:
            best, share = separator, even
    return best


def _width(rows: list[list[str]]) -> int:
    """Return the usual number of columns; the last rows count, since the first may be remarks."""
    counts = Counter(len(row) for row in rows[len(rows) // 3 :] if row)
    return counts.most_common(1)[0][0] if counts else 1


def _is_header(row: list[str]) -> bool:
    return not any(_NUMBER.fullmatch(cell.strip()) or _TIME.fullmatch(cell.strip()) for cell in row)


def _header_lines(rows: list[list[str]]) -> int:
    """Return how many rows name columns. A row of 0, 1, 2, ... is what pandas writes where there are no names."""
    if rows and [cell for cell in rows[0] if cell] == [str(number) for number in range(sum(map(bool, rows[0])))]:
        return 1
    return next((at for at, row in enumerate(rows) if not _is_header(row)), 1)


def _names(header: list[list[str]], width: int) -> list[str]:
    """Return the columns' names: the first line's; a later line with one name alone names that column (pandas' index)."""
    parts = [[cell.lstrip(" #") for cell in row] for row in header if len(row) == width]
    names = list(parts[0]) if parts else [""] * width
    for row in parts[1:]:
        filled = [place for place, cell in enumerate(row) if cell]
        if len(filled) == 1:
            names[filled[0]] = row[filled[0]]
        elif len(set(parts[0])) < width:  # several tickers beside each other
            names = [f"{name} {cell}".strip() for name, cell in zip(names, row, strict=True)]
    return [f"column {place + 1}" if not name or name.isdigit() else name for place, name in enumerate(names)]


def _decimal(rows: list[list[str]]) -> str:
    """Return the decimal mark. A number shows it that has both marks, one of them twice, or a group that is not of three."""
    found, doubtful = set(), ""
    for cell in (cell.strip() for row in rows for cell in row):
        if ("," not in cell and cell.count(".") < 2) or not _NUMBER.fullmatch(cell) or _TIME.fullmatch(cell):
            continue
        comma, dot = cell.rfind(","), cell.rfind(".")
        if comma >= 0 and dot >= 0:
            found.add("," if comma > dot else ".")
        elif cell.count(",") > 1:
            found.add(".")
        elif dot >= 0:
            found.add(",")
        elif re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", cell):
            doubtful = doubtful or cell
        else:
            found.add(",")
    if len(found) == 1:
        return found.pop()
    if doubtful or found:
        shown = f"{doubtful} may be a thousand or a fraction" if doubtful else "numbers are written in two ways"
        raise MarketError(f'{shown}; say it in a mapping: [csv] decimal = "," or decimal = "."')
    return "."


def _grouped(values: pd.Series, decimal: str) -> bool:
    """Return whether texts are numbers with thousands set apart."""
    texts = values.dropna().str.strip()
    texts = texts[~texts.str.lower().isin(_EMPTY)]
    mark = re.escape(decimal)
    grouped = rf"[-+]?\d{{1,3}}([.,' \u00a0\u202f]\d{{3}})*({mark}\d*)?|[-+]?\d+({mark}\d*)?([eE][-+]?\d+)?"
    return bool(len(texts)) and all(bool(part.str.fullmatch(grouped).all()) for part in (texts.head(100), texts))


def _without_groups(values: pd.Series, decimal: str) -> pd.Series:
    groups = "".join(mark for mark in ".,' \u00a0\u202f" if mark != decimal)
    texts = values.str.strip().str.replace(f"[{groups}]", "", regex=True).str.replace(",", ".", regex=False)
    return pd.to_numeric(texts.where(~texts.str.lower().isin(_EMPTY)), errors="coerce")
