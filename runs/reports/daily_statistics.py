"""quantstats' part of a tearsheet: its figures and pictures whole, called so that its traps do not spring, on white ground."""

import hashlib
import html
import io
import logging
import os
import re
import tempfile
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from runs.outcome.writing import FolderError
from runs.statistics.performance import DAYS_PER_YEAR

_PICTURES = {
    "figure.figsize": (10, 6),
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.5,
    "text.color": "#333333",
    "xtick.color": "#666666",
    "ytick.color": "#666666",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib, so the pictures do not hang on the machine's fonts
    "svg.hashsalt": "liquidation-heatmap",
    "svg.fonttype": "path",
}
"""quantstats' own style, made repeatable."""

_STYLE = """
#quantstats{color-scheme:light;margin:0;padding:1rem;overflow:hidden}#quantstats h4,#quantstats h4 a{color:#555}
#quantstats td,#quantstats th{vertical-align:baseline;white-space:normal}
#quantstats td:not(:first-child){white-space:nowrap}#quantstats #left div svg{margin:0}
@media(max-width:700px){#quantstats{padding:.4rem}#quantstats #left,#quantstats #right{width:100%;float:none;margin-right:0}}
@media print{#quantstats #left,#quantstats #right{width:100%;float:none}#quantstats #left div svg{margin:0}}
"""
"""Black on white, as its pictures are, and in one column on a small screen."""

_UNDER_WATER = "<p>Under water from the first to the last day: the drawdown stands above.</p>"


class Drawing(NamedTuple):
    """quantstats' page, and a digest of all that it was drawn from."""

    digest: str
    page: str


def draw_statistics(ours: pd.Series, theirs: pd.Series, title: str) -> Drawing | None:
    """Return quantstats' page of (d,) daily returns against a benchmark's; None where it cannot draw one."""
    return Drawing(_digest(ours, theirs, title), _quantstats(ours, theirs, title)) if drawable(ours, theirs) else None


def _digest(ours: pd.Series, theirs: pd.Series, title: str) -> str:
    parts = (ours.index.to_numpy(), ours.to_numpy(), theirs.to_numpy())
    return hashlib.sha256(b"".join([title.encode(), *(part.tobytes() for part in parts)])).hexdigest()


def enough_days(ours: pd.Series, theirs: pd.Series) -> bool:
    """Return whether there are variance and a few days: without them quantstats' statistics divide by zero."""
    return len(ours) > 2 and float(ours.std()) > 0.0 and float(theirs.std()) > 0.0


def drawable(ours: pd.Series, theirs: pd.Series) -> bool:
    """Return whether quantstats takes these for what they are and not for prices: never negative, and one above 1."""
    priced = any(float(series.min()) >= 0.0 and float(series.max()) > 1.0 for series in (ours, theirs))
    return enough_days(ours, theirs) and not priced


def statistics_part(ours: pd.Series, theirs: pd.Series, title: str, drawing: Drawing | None = None) -> str:
    """Return quantstats' page of (d,) daily returns against a benchmark's, as a part of another page.

    Every figure is quantstats' own. Its heading is left out, since it would call the page another name, and rows of more years
    than there are stay in the text, but hidden. A `drawing` is used if it was drawn from the same, bit for bit.
    """
    same = drawing is not None and drawing.digest == _digest(ours, theirs, title)
    made = drawing.page if drawing is not None and same else _quantstats(ours, theirs, title)
    head, _, body = made.partition("<body>")
    style = "".join(re.findall(r"<style[^>]*>(.*?)</style>", head, re.DOTALL))
    body = body.partition("</body>")[0].replace("<style>*{white-space:auto !important;}</style>", "")
    body = re.sub(r"<h1>.*?</h1>", "", body, count=1, flags=re.DOTALL)
    body = re.sub(r'<div id="(left|right)">', r'<div id="\1" class="wide">', body)
    return f"<style>{_within(style)}{_STYLE}</style><div id='quantstats'>{_by_length(body, len(ours))}</div>"


def _by_length(body: str, days: int) -> str:
    """Return the part without rows of more years than there are, and with a word where its table of drawdowns is empty."""
    for years in (3, 5, 10):
        if days < years * DAYS_PER_YEAR:
            body = re.sub(rf"<tr>(?=<td>{years}Y \(ann\.\))", "<tr hidden>", body)
    head, found, tail = body.partition("Worst 10 Drawdowns</h3>")
    empty = found and "<td>" not in tail
    return f"{head}{found}{_UNDER_WATER}{tail}" if empty else body


def _within(style: str) -> str:
    """Return style rules so that they hold within the part alone."""

    def narrowed(match: re.Match[str]) -> str:
        parts = (part.strip() for part in match.group(1).split(","))
        return ",".join("#quantstats" if part == "body" else f"#quantstats {part}" for part in parts) + match.group(2)

    return re.sub(r"([^{}@]+)(\{[^{}]*\})", narrowed, style)


def _quantstats(ours: pd.Series, theirs: pd.Series, title: str) -> str:
    """Return quantstats' page.

    Notes
    -----
    A benchmark Series, never a ticker: that would be fetched, and offline silently compared with a flat line. 365 periods,
    not 252. `match_dates` off: on, it drops leading flat days. Naive daily index: zoned ones raise.
    """
    try:
        return _drawn(ours, theirs, title)
    except OSError as error:  # it writes its page to a temporary folder, and matplotlib keeps its fonts there at times
        place = Path(tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - a name for the sentence
        raise FolderError(place, f"no page can be drawn there ({error.strerror or error})", option="TMPDIR") from None


def _drawn(ours: pd.Series, theirs: pd.Series, title: str) -> str:
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter(
            "ignore"
        )  # deprecations inside quantstats and what it calls; ours are errors in the tests
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        import matplotlib as mpl

        before = mpl.get_backend()
        mpl.use("Agg")
        with mpl.rc_context():
            import quantstats as qs
            import seaborn as sns
            from matplotlib import pyplot as plt

            others = plt.get_fignums()
            # Importing quantstats sets a style once in a process; set it each time, or a second page differs from the first.
            mpl.rcdefaults()
            sns.set_theme(font_scale=1.1, rc=_PICTURES)

            path = Path(folder) / "tearsheet.html"
            strategy = ours.rename("Strategy")
            benchmark = theirs.rename("Buy and hold")
            if not isinstance(benchmark, pd.Series):  # a ticker here would be fetched, or be a flat line
                raise TypeError("the benchmark must be a series of returns")
            qs.reports.html(  # type: ignore[no-untyped-call]
                strategy,
                benchmark=benchmark,
                output=str(path),
                title=html.escape(title),
                periods_per_year=DAYS_PER_YEAR,
                match_dates=False,
                compounded=True,
            )
            for number in set(plt.get_fignums()) - set(others):
                plt.close(number)
            plt.switch_backend(before)  # a notebook goes on drawing where it drew
        made = path.read_text(encoding="utf-8")
    return _without_outside(made)


def _without_outside(made: str) -> str:
    """Remove what varies, reaches out or fails: dates inside the pictures, links to other hosts, a call of nothing."""
    made = made.replace('<body onload="save()">', "<body>")  # quantstats defines no save(): an error in the console
    made = made.replace("\N{SMALL PERCENT SIGN}", " %")  # few fonts have it
    made = re.sub(r"<dc:date>[^<]*</dc:date>", "", made)
    made = re.sub(r"<link[^>]+href=[\"']https?://[^>]*>", "", made)
    return re.sub(r"<script[^>]+src=[\"']https?://[^>]*>\s*</script>", "", made)
