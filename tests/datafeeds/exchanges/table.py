"""Columns of equal length, sorted by time, and the texts of their rows as a venue writes them, each made once."""

from collections.abc import Callable

import numpy as np

Style = Callable[["Table", int], str]
"""How a venue writes row ``i`` of a table."""

_INSTANTS = frozenset({"open_interest", "base", "value", "long_share", "short_share", "long_short_ratio"})


class Table:
    """Rows of one series.

    Attributes
    ----------
    columns
        `ts` (int64, milliseconds) and float64 values.
    period_ms
        Length of a row's period; 0 for events.
    settling
        Whether a row changes until its period is over (candles and totals).
    """

    def __init__(self, columns: dict[str, np.ndarray], period_ms: int, settling: bool = False) -> None:
        self.columns = columns
        self.period_ms = period_ms
        self.settling = settling
        self.lists = {name: column.tolist() for name, column in columns.items()}
        self._texts: dict[str, list[bytes | None]] = {}

    def __len__(self) -> int:
        return len(self.lists["ts"])

    def between(self, first_ms: int, last_ms: int) -> tuple[int, int]:
        """Return the slice of rows with ``first_ms <= ts <= last_ms``."""
        ts = self.columns["ts"]
        start = int(np.searchsorted(ts, first_ms))
        return start, max(start, int(np.searchsorted(ts, last_ms, side="right")))

    def part(self, i: int, share: float) -> "Table":
        """Return row ``i`` alone, as it stood when ``share`` of its period was over."""
        row = {name: values[i] for name, values in self.lists.items()}
        part = {name: value if name in _INSTANTS else float(int(value * share)) for name, value in row.items()}
        if "open" in row:
            close = round(row["open"] + (row["close"] - row["open"]) * share, 2)
            part |= {"open": row["open"], "close": close}
            part |= {"high": max(row["open"], close), "low": min(row["open"], close)}
        if "base_volume" in row:
            part["base_volume"] = (
                round(row["base_volume"] * part["volume"] / row["volume"], 8) if row["volume"] else 0.0
            )
        columns = {name: np.array([part[name]]) for name in row if name != "ts"}
        return Table({"ts": np.array([row["ts"]])} | columns, self.period_ms, self.settling)

    def texts(self, name: str, style: Style, start: int, end: int, now_ms: int, share: float) -> list[bytes]:
        """Return rows ``[start, end)`` in a style; the one whose period is not over at ``now_ms`` as it stands."""
        known = self._texts.setdefault(name, [None] * len(self))
        texts = []
        for i in range(start, end):
            if self.settling and self.lists["ts"][i] + self.period_ms > now_ms:
                texts.append(style(self.part(i, share), 0).encode())
                continue
            text = known[i]
            if text is None:
                text = known[i] = style(self, i).encode()
            texts.append(text)
        return texts
