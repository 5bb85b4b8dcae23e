"""A market from a file of any layout that is known."""

from pathlib import Path

from datafeeds.mapped_files.mapping import Mapping, read_mapping
from datafeeds.mapped_files.presets import Preset, preset
from datafeeds.mapped_files.read import read_foreign
from datafeeds.schema import Market

_PRESET = "preset:"


def read_market(path: Path | str, mapping: Path | str | None = None) -> Market:
    """Read and check one file.

    Parameters
    ----------
    path
        CSV, parquet, feather or JSON, also packed (`datafeeds.tables.read_table`).
    mapping
        TOML file that names its columns, or ``preset:NAME``; None: they are the schema's, or recognised.

    Returns
    -------
    Market
        Named after the file's folder and stem.

    Raises
    ------
    MarketError
        If there is no such file, it cannot be read or recognised, or its content breaks the schema.
    """
    return read_foreign(Path(path), layout(mapping) if mapping else None)


def is_there(path: Path | str) -> bool:
    """Return whether there is anything of this name; no for what no file can be called."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long, or with a character that names cannot hold
        return False


def layout(mapping: Path | str) -> Mapping | Preset:
    """Return what ``--mapping`` names.

    Raises
    ------
    MarketError
        If there is no such preset, or the file is no mapping.
    """
    text = str(mapping)
    return preset(text.removeprefix(_PRESET)) if text.startswith(_PRESET) else read_mapping(Path(mapping))
