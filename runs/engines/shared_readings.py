"""Fields of several readings of one map, made in one pass over the bars when the first of them is asked for."""

from collections.abc import Iterable

import numpy as np

from indicators.liquidation.parameters import ModelParameters
from indicators.liquidation.readings import map_of, read_together
from indicators.liquidation.rereading import CLUSTERS, without_thresholds
from indicators.liquidation.snapshot import SNAPSHOT

_MOST_BYTES = 256 << 20  # assumption: what passes may leave; some sixty readings of five years of hours for the magnet


class SharedReadings:
    """What the last pass left, and who is expected to ask; they are kept in memory alone."""

    def __init__(self) -> None:
        self._expected: list[ModelParameters] = []
        self._rereads, self._markets = False, 1
        self._found: dict[str, dict[ModelParameters, np.ndarray]] = {}  # by market, the last one last

    def expect(self, models: Iterable[ModelParameters], markets: int) -> None:
        """Hear by which models fields are asked for next, neighbours by their map, and on how many markets in turn."""
        sets, self._markets = list(models), markets
        self._expected = list(dict.fromkeys(without_thresholds(model) for model in sets))
        self._rereads = any(model not in self._expected for model in sets)

    def find(
        self, fingerprint: str, bars: np.ndarray, bar_seconds: float, model: ModelParameters, kind: np.dtype
    ) -> np.ndarray | None:
        """Return fields made in one pass with those of other expected models of the map; None where no other is expected.

        Parameters
        ----------
        fingerprint, bars, bar_seconds
            The market.
        model
            Without thresholds of its own (`without_thresholds`).
        kind
            Fields of `SNAPSHOT`; what is returned, (n,), may have others as well.
        """
        known = self._found.get(fingerprint, {}).get(model)
        if known is not None and {*(kind.names or ())} <= {*(known.dtype.names or ())}:
            return known
        names = {*(kind.names or ()), *(CLUSTERS.names or () if self._rereads else ())}
        wanted = np.dtype([(name, SNAPSHOT[name]) for name in SNAPSHOT.names or () if name in names])
        some = self._sharing(model)[: _MOST_BYTES // (self._markets * len(bars) * wanted.itemsize)]
        if len(some) < 2:
            return None
        self._found.pop(fingerprint, None)  # the last pass's go before there are others
        while len(self._found) >= self._markets:
            del self._found[next(iter(self._found))]
        read = read_together(some, bars, bar_seconds, wanted)
        self._found[fingerprint] = dict(zip(some, read, strict=True))
        return self._found[fingerprint][model]

    def _sharing(self, model: ModelParameters) -> list[ModelParameters]:
        """Return a model that is expected, and those of its map that are expected after it."""
        after = self._expected[self._expected.index(model) :] if model in self._expected else []
        return [each for each in after if map_of(each) == map_of(model)]
