"""What became of bringing the catalog to now, a line a series."""

from datafeeds.catalog.store import Catalog
from datafeeds.exchanges.download import Downloaded
from datafeeds.exchanges.update import Due
from datafeeds.series import Series
from runs.commandline.command import note
from runs.commandline.inventory import time_text
from runs.commandline.output import print_json, print_lines


def print_due(items: list[Due], left: dict[Series, str]) -> None:
    """Print from where each series would go on; as JSON, like every plan."""
    print_json({
        "dry_run": True,
        "series": {str(item.series): time_text(item.start_ms) for item in items},
        "not_updated": {str(series): why for series, why in left.items()},
    })  # fmt: skip


def print_updated(catalog: Catalog, outcome: list[Downloaded], left: dict[Series, str], as_json: bool) -> None:
    """Print what came of each series and to when it is answered, and of the others why they stay."""
    until = {result.series: catalog.covered(result.series)[-1][1] for result in outcome}
    if as_json:
        print_json([
            {"series": str(result.series), "rows": result.rows, "until": time_text(until[result.series]),
             "remarks": result.remarks, "error": result.error}
            for result in outcome
        ] + [{"series": str(series), "not_updated": why} for series, why in left.items()])  # fmt: skip
        return
    lines = {
        str(result.series): f"{result.rows:,} rows, to {time_text(until[result.series])}"
        + (", not finished" if result.error else "")
        for result in outcome
    } | {str(series): f"not updated, {why}" for series, why in left.items()}
    for name in sorted(lines):
        print_lines(f"{name}: {lines[name]}")
    note(*(remark for result in outcome for remark in result.remarks))
