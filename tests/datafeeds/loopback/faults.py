"""What goes wrong between a venue and us."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

KINDS = (
    "429 wait", "429", "418", "500", "502", "503", "504", "timeout", "cut before", "cut within", "truncated", "empty",
    "overlap", "shuffled", "doubled", "short pages", "maintenance 200", "maintenance 503", "wrong shape", "null row",
    "text for number", "nothing", "list for object",
)  # fmt: skip
"""All faults; each is survived by asking again or by reading with care."""


@dataclass(frozen=True)
class Fault:
    """One fault, met by one request; `short pages` holds from then on."""

    kind: str
    number: int = 0


def random_faults(seed: int, share: float = 0.35, kinds: tuple[str, ...] = KINDS) -> Iterator[Fault | None]:
    """Yield a fault or none for each request, for ever."""
    random = np.random.default_rng(seed)
    while True:
        kind, number = str(random.choice(kinds)), int(random.integers(1, 40))
        yield Fault(kind, number) if random.random() < share else None
