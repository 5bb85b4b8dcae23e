"""Heatmaps by content: each set of model parameters goes through a market once, and all processes share the result."""

import contextlib
import hashlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from datafeeds.schema import Market
from indicators.liquidation.compiled import source_digest
from indicators.liquidation.model import build_model
from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.rereading import CLUSTERS, packed, reread, without_thresholds
from indicators.liquidation.snapshot import SNAPSHOT
from indicators.liquidation.step import run
from runs.engines.event import model_bars
from runs.engines.shared_readings import SharedReadings

HEATMAPS_VARIABLE = "LIQUIDATION_HEATMAP_CACHE"
"""Environment variable that names the folder of kept heatmaps."""

_MAX_BYTES = 4 << 30  # assumption: what a cache may take of a disk without being asked
MAX_IN_MEMORY = 8  # of five years of hours, 16 MB each


def heatmaps_folder(option: Path | str | None = None) -> Path:
    """Return the folder of kept heatmaps: the option, else the environment variable, else the user's cache folder."""
    named = option or os.environ.get(HEATMAPS_VARIABLE)
    return Path(named).expanduser() if named else user_cache_path("liquidation-heatmap", appauthor=False) / "heatmaps"


class Heatmaps:
    """Snapshots by what they follow from: the market's content, the model's parameters, the code.

    Parameters
    ----------
    folder
        Where they are kept, as ``<key>.npy``, opened memory-mapped; None keeps them in memory alone. A file that is
        damaged or not what its name says is computed anew. A folder that cannot be written costs time, not the run.
    most_bytes
        Size of the folder above which the files longest unused are removed.
    most_in_memory
        How many heatmaps stay open.
    """

    def __init__(self, folder: Path | None, most_bytes: int = _MAX_BYTES, most_in_memory: int = MAX_IN_MEMORY) -> None:
        self.folder = folder
        self._most_bytes, self._most_in_memory = most_bytes, most_in_memory
        self._open: OrderedDict[tuple[str, ModelParameters], np.ndarray] = OrderedDict()
        self._packed: OrderedDict[tuple[str, ModelParameters, np.dtype], np.ndarray] = OrderedDict()
        self._shared = SharedReadings()
        self._bars: OrderedDict[str, np.ndarray] = OrderedDict()
        self._prints: OrderedDict[int, tuple[Market, str]] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is open: a process that gets a copy opens the files itself."""
        return vars(self) | {
            "_open": OrderedDict(),
            "_packed": OrderedDict(),
            "_shared": SharedReadings(),
            "_prints": OrderedDict(),
            "_bars": OrderedDict(),
        }

    def expect(self, models: Iterable[ModelParameters], markets: int = 1) -> None:
        """Hear by which models, on how many markets, `packed` is asked next.

        Those that share a map are read in one pass, and none of them is kept on the disk.
        """
        self._shared.expect(models, markets)

    def snapshots(self, market: Market, model: ModelParameters) -> np.ndarray:
        """Return (n,) of `SNAPSHOT`, not to be written to; row t follows from the market's bars up to t alone."""
        named = (self._fingerprint(market), model)
        if named not in self._open:
            base = without_thresholds(model)
            if base == model:
                found = self._fetch(market, model, heatmap_key(*named))
            else:
                found = self._reread(market, model, base, self.snapshots(market, base))
                found.setflags(write=False)
            self._open[named] = found
        return _used(self._open, named, self._most_in_memory)

    def packed(self, market: Market, model: ModelParameters, kind: np.dtype) -> np.ndarray:
        """Return `snapshots` with some of their fields alone, `SIGNALS` or `CLUSTERS` among them."""
        named = (self._fingerprint(market), model, kind)
        if named not in self._packed:
            base = without_thresholds(model)
            if named[:2] in self._open:
                found = packed(self.snapshots(market, model), kind)
            elif base == model:
                shared = self._shared.find(named[0], self.bars(market), market.bar_seconds, model, kind)
                found = packed(self.snapshots(market, model) if shared is None else shared, kind)
            else:
                found = self._reread(market, model, base, self.packed(market, base, kind))
            self._packed[named] = found
        return _used(self._packed, named, self._most_in_memory)

    def _reread(self, market: Market, model: ModelParameters, base: ModelParameters, known: np.ndarray) -> np.ndarray:
        return reread(known, self.packed(market, base, CLUSTERS), model, market.bar_seconds)

    def bars(self, market: Market) -> np.ndarray:
        """Return a market as (n,) of `BAR`, not to be written to."""
        named = self._fingerprint(market)
        if named not in self._bars:
            self._bars[named] = model_bars(market)
        return _used(self._bars, named, self._most_in_memory)

    def hold(self, market: Market, model: ModelParameters, snapshots: np.ndarray) -> None:
        """Take in snapshots that were computed elsewhere; they stay in memory."""
        self._open[(self._fingerprint(market), model)] = snapshots

    def _fingerprint(self, market: Market) -> str:
        """Return the market's fingerprint, worked out once: it costs a hundred times what a lookup may."""
        known = self._prints.get(id(market))
        if known is None or known[0] is not market:
            known = self._prints[id(market)] = (market, market.fingerprint())
            while len(self._prints) > self._most_in_memory:
                self._prints.popitem(last=False)
        return known[1]

    def _fetch(self, market: Market, model: ModelParameters, key: str) -> np.ndarray:
        path = self.folder / f"{key}.npy" if self.folder is not None else None
        kept = _read(path, len(market)) if path is not None else None
        if kept is not None:
            return kept
        computed = run(build_model(model, market.bar_seconds), self.bars(market))
        if path is not None and _keep(path, computed):
            prune(path.parent, self._most_bytes)
            kept = _read(path, len(market))
        if kept is not None:
            return kept
        computed.setflags(write=False)
        return computed


def _used(kept: OrderedDict[Any, np.ndarray], key: Any, most: int) -> np.ndarray:
    """Return what is kept under a key, as the one last used; of too many the one longest unused goes."""
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
    return kept[key]


def heatmap_key(fingerprint: str, model: ModelParameters) -> str:
    """Return the name of a heatmap: a digest of the market's fingerprint, the parameters and the code's digest."""
    text = "\n".join([fingerprint, source_digest(), *(f"{name}={value!r}" for name, value in asdict(model).items())])
    return hashlib.sha256(text.encode()).hexdigest()


def _seal(path: Path, payload: bytes) -> bytes:
    """Return what follows the array in a file: a digest of its name and content, so that neither can change unseen."""
    return hashlib.sha256(path.name.encode() + payload).digest()


def _read(path: Path, count: int) -> np.ndarray | None:
    """Open a kept heatmap; None if it is not there, not whole, or of another kind."""
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        with path.open("rb") as file:
            file.seek(-hashlib.sha256().digest_size, os.SEEK_END)
            sealed = file.read()
    except (OSError, ValueError, EOFError):
        return None
    if not isinstance(found, np.ndarray) or found.dtype != SNAPSHOT or found.shape != (count,):
        return None
    if sealed != _seal(path, found.tobytes()):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used now: the pruning looks at this
    return np.asarray(found)


def _keep(path: Path, snapshots: np.ndarray) -> bool:
    """Write a heatmap whole or not at all; return whether it was."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            temporary = Path(file.name)
            np.save(file, snapshots, allow_pickle=False)
            file.write(_seal(path, snapshots.tobytes()))
        temporary.replace(path)
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return False
    return True


def prune(folder: Path, most_bytes: int) -> None:
    """Remove the kept heatmaps longest unused until the rest takes `most_bytes` at most; the newest stays."""
    files = []
    for path in folder.glob("*.npy"):
        with contextlib.suppress(OSError):
            facts = path.stat()
            files.append((facts.st_mtime_ns, facts.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files)[:-1]:
        if total <= most_bytes:
            return
        with contextlib.suppress(OSError):  # another process may have been faster, or hold it open
            path.unlink()
            total -= size
