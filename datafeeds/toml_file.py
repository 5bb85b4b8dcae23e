"""A file of settings that a user wrote: its values, or one line."""

import tomllib
from pathlib import Path
from typing import Any

from datafeeds.errors import MarketError


def toml_values(path: Path) -> dict[str, Any]:
    """Return what a TOML file says.

    Raises
    ------
    MarketError
        If it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MarketError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise MarketError(f"{path}: is no TOML ({' '.join(str(error).split())[:80]})") from None
