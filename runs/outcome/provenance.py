"""What a result rests on, as plain values: the market, the code, the version of this software."""

import contextlib
import hashlib
import inspect
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from datafeeds.schema import Market
from indicators.liquidation.compiled import source_digest
from runs.engines.configuration import IN_MEMORY
from runs.engines.result import EngineResult
from strategies.registry import BUILT_IN, load_strategy

_PACKAGES = ("backtrader", "numpy", "pandas", "numba", "pyarrow", "quantstats", "liquidation-heatmap")
_IN_PYTHON = "runs.backtest.backtest, with this configuration, on the data of this fingerprint"


@cache
def code_digest(strategy: str) -> str:
    """Return the digest of this project's sources, followed for a strategy of the user's own by that of its module's file.

    What that module imports in its turn is not in it.
    """
    if strategy in BUILT_IN:
        return source_digest()
    content = b""
    with contextlib.suppress(TypeError, OSError):  # a class that was typed in, of no file
        content = Path(inspect.getsourcefile(load_strategy(strategy)) or "").read_bytes()
    return f"{source_digest()}-{hashlib.sha256(content).hexdigest()[:16]}"


def iso(time: np.datetime64) -> str:
    """Return a time as ISO text to the second, UTC.

    Examples
    --------
    >>> iso(np.datetime64("2024-08-05T12:00"))
    '2024-08-05T12:00:00Z'
    """
    return f"{np.datetime_as_string(time, unit='s')}Z"


def market_record(market: Market) -> dict[str, Any]:
    """Return a market's name, extent and fingerprint, what it lacks, and its defects."""
    return {
        "name": market.name,
        "simulated": market.simulated,
        "bars": len(market),
        "bar_seconds": market.bar_seconds,
        "first_bar": iso(market.times[0]),
        "last_bar": iso(market.times[-1]),
        "fingerprint": market.fingerprint(),
        "caveats": market.caveats(),
        "defects": market.quality.sentences(),
    }


def package_version() -> str | None:
    """Return the version of this package; None where it runs from a checkout."""
    try:
        return version("liquidation-heatmap")
    except PackageNotFoundError:
        return None


def software_record(strategy: str) -> dict[str, Any]:
    """Return the digest of the sources, a strategy's among them, and the versions of Python and of what figures hang on."""
    versions = {}
    for package in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return {"source_digest": code_digest(strategy), "python": platform.python_version(), "packages": versions}


def run_record(result: EngineResult) -> dict[str, Any]:
    """Return what it takes to repeat the run bit for bit."""
    in_memory = result.configuration.data == IN_MEMORY
    return {
        "reproduce": _IN_PYTHON if in_memory else "python -m runs.backtest --config run.json",
        "configuration": result.configuration.as_dict(),
        "data": {
            "name": result.market.name,
            "fingerprint": result.market.fingerprint(),
            "bars": len(result.market),
            "bar_seconds": result.market.bar_seconds,
            "simulated": result.market.simulated,
        },
        "instrument": [item.record() for item in result.listing.instruments],
        "stand_ins": list(result.listing.stand_ins),
        **software_record(result.configuration.strategy),
    }
