"""Which code a row came from."""

import hashlib
import inspect
from functools import cache
from pathlib import Path

from indicators.liquidation.compiled import source_digest
from strategies.registry import BUILT_IN, load_strategy


@cache
def code_digest(strategy: str) -> str:
    """Return the digest of this project's sources, followed for a strategy of the user's own by that of its module's file.

    What that module imports in its turn is not in it.
    """
    if strategy in BUILT_IN:
        return source_digest()
    file = inspect.getsourcefile(load_strategy(strategy))
    content = Path(file).read_bytes() if file else b""
    return f"{source_digest()}-{hashlib.sha256(content).hexdigest()[:16]}"
