"""Wall time of several actions, taken in turn: a machine that slows down does so for all of them."""

import time
from collections.abc import Callable, Mapping
from typing import Any


def times_in_turn(actions: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Run every action once uncounted, then `rounds` (>= 1) times in turn; return the seconds of each, round by round."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for count in range(rounds + 1):
        for name, action in actions.items():
            begin = time.perf_counter()
            action()
            if count:
                times[name].append(time.perf_counter() - begin)
    return times
