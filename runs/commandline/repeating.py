"""Hold a run to the record that it repeats: its ``--config run.json`` says which data and which code there were."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from runs.commandline.command import InputError, note
from runs.outcome.provenance import code_digest


def hold_to_record(config: Path | None, strict: bool, strategy: str, here: Mapping[str, Any]) -> None:
    """Name in what data and code differ from those of the record in `config`; a file of settings records neither.

    `here` describes this run's data, as `market_record` does.

    Raises
    ------
    InputError
        If they differ, or the record does not say, and `strict` is set.
    click.UsageError
        If `strict` is set and `config` is no record.
    """
    if config is None or config.suffix != ".json":
        if strict:
            raise click.UsageError(
                "--strict holds a run to the record of an earlier one; name its run.json with --config"
            )
        return
    record = json.loads(config.read_text(encoding="utf-8"))
    told = [f"{config}: {sentence}" for sentence in _differences(record, strategy, here)]
    if strict and told:
        raise InputError("; ".join(told))
    note(*told)


def _differences(record: dict[str, Any], strategy: str, here: Mapping[str, Any]) -> Iterator[str]:
    there = record.get("data")
    there = there if isinstance(there, dict) else {}
    if there.get("fingerprint") != here["fingerprint"]:
        named = [name for name in ("name", "bars", "bar_seconds") if there.get(name) != here[name]] or ["fingerprint"]
        pairs = ", ".join(f"{name} {_short(there.get(name))} there, {_short(here[name])} here" for name in named)
        yield f"the data differ ({pairs})"
    code = record.get("source_digest", record.get("code"))
    if code != code_digest(strategy):
        yield f"the code differs (digest {_short(code)} there, {code_digest(strategy)} here)"


def _short(value: Any) -> str:
    return "unknown" if value is None else str(value)[:60]
