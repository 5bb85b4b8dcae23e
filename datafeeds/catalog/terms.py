"""A contract's terms as its venue told them, kept in the catalog: ``root/venue/symbol/terms.toml``, a profile a day.

The form is that of docs/instruments.md, so a run reads it beside the profiles that ship.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datafeeds.catalog.location import folder_name
from datafeeds.catalog.replacing import replacing
from datafeeds.errors import MarketError

_BLANK = "\n\n"
_FIELDS = ("taker_fee_bps", "maker_fee_bps", "funding_interval_hours")
_CONTRACT = ("price_tick", "contract_step", "smallest_notional", "contract_size")


def terms_file(root: Path, venue: str, symbol: str) -> Path:
    """Return where a contract's terms lie; the file need not exist."""
    return root / folder_name(venue) / folder_name(symbol) / "terms.toml"


def profile_text(terms: Mapping[str, Any], day: str) -> str:
    """Return one day's terms as a TOML profile.

    Parameters
    ----------
    terms
        venue, symbol; and where they are known taker_fee_bps, maker_fee_bps, price_tick, contract_step, smallest_notional,
        contract_size, and brackets: rows of notional floor, maintenance margin rate and largest leverage.
    day
        ``2026-11-30``: the day on which the venue told them.
    """
    known = {name: terms[name] for name in (*_FIELDS, *_CONTRACT) if terms.get(name) is not None}
    coin = json.dumps(terms["symbol"])
    lines = ["[[profile]]", f"venue = {json.dumps(terms['venue'])}", f"on = {day}"]
    lines += [f"{name} = {known[name]!r}" for name in _FIELDS if name in known]
    lines.append(f"source = {json.dumps('the venue, asked on ' + day)}")
    contract = ", ".join(f"{name} = {known[name]!r}" for name in _CONTRACT if name in known)
    if contract:
        lines += ["[profile.contracts]", f"{coin} = {{ {contract} }}"]
    if terms.get("brackets"):
        rows = ", ".join(f"[{', '.join(repr(float(value)) for value in row)}]" for row in terms["brackets"])
        lines += ["[profile.brackets]", f"{coin} = [{rows}]"]
    return "\n".join(lines)


def keep_terms(root: Path, terms: Mapping[str, Any], day: str) -> Path:
    """Store one day's terms beside those of earlier days, whole or not at all; a day told again is replaced.

    Raises
    ------
    MarketError
        If the folder cannot be written.
    """
    file = terms_file(root, terms["venue"], terms["symbol"])
    try:
        held = file.read_text(encoding="utf-8").strip().split(_BLANK) if file.is_file() else []
        kept = [profile for profile in held if f"on = {day}" not in profile.splitlines()]
        with replacing(file) as handle:
            handle.write((_BLANK.join([*kept, profile_text(terms, day)]) + "\n").encode())
    except OSError as error:
        raise MarketError(f"{file}: cannot be written ({error.strerror or error}); name another --catalog") from None
    return file
