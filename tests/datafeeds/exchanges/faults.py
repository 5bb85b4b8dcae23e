"""What goes wrong between a venue and its client: kinds of faults, random sequences of them, and how a page is spoilt."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from tests.datafeeds.exchanges.wire import Page, Reply, Service, dump

REFUSED = ("rate_limit", "rate_limit_retry_after", "banned", "server_error")
CUT = ("timeout", "cut_before", "cut_body")
DAMAGED = (
    "truncated",
    "maintenance_200",
    "maintenance_503",
    "object_for_list",
    "null_rows",
    "strings_for_numbers",
    "foreign_error",
)
QUIET = ("empty", "overlap", "shuffled", "doubled", "page_limit")
KINDS = (*REFUSED, *CUT, *DAMAGED, *QUIET)
"""All kinds. A client can notice the first three groups from the reply alone; the quiet ones are well-formed."""

MAINTENANCE = b"""<!DOCTYPE html><html><head><title>Under maintenance</title></head>
<body><h1>The service is temporarily unavailable</h1></body></html>"""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes
    ----------
    kind
        One of `KINDS`.
    value
        Seconds of a Retry-After or a ban, the status of a server_error, the rows of a page_limit, and elsewhere a number
        that decides where to cut, how to shuffle, or which text stands for a number (even: the number itself in
        quotes; odd: ``n/a``).
    """

    kind: str
    value: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no kind of fault: {self.kind}")


def random_faults(
    seed: int,
    count: int,
    kinds: tuple[str, ...] = KINDS,
    share: float = 0.5,
    consecutive: int = 2,
    wait_seconds: int = 0,
    page_limit: int = 7,
) -> Iterator[Fault | None]:
    """Return ``count`` places in a sequence, a ``share`` of them faults, never more than ``consecutive`` in a row.

    After the sequence nothing goes wrong any more. For a client that asks one thing at a time, a request is thus refused
    at most ``consecutive`` times. ``wait_seconds`` is what Retry-After says.
    """
    chance = random.Random(seed)
    row = 0
    faults: list[Fault | None] = []
    for _ in range(count):
        if row >= consecutive or chance.random() >= share:
            row = 0
            faults.append(None)
            continue
        row += 1
        kind = chance.choice(kinds)
        value = chance.randrange(1_000_000)
        if kind in ("rate_limit_retry_after", "banned"):
            value = wait_seconds
        elif kind == "server_error":
            value = chance.choice((500, 502, 503, 504))
        elif kind == "page_limit":
            value = page_limit + value % 90
        faults.append(Fault(kind, value))
    return iter(faults)


def refusal(fault: Fault, wire: ModuleType, now_ms: int) -> Reply | None:
    """Return the reply of a fault that needs no page, None for the others."""
    if fault.kind in ("rate_limit", "rate_limit_retry_after"):
        reply: Reply = wire.rate_limited(now_ms)
        after = {} if fault.kind == "rate_limit" else {"Retry-After": str(fault.value)}
        return Reply(reply.body, reply.status, {**reply.headers, **after}, reply.content_type)
    if fault.kind == "banned":
        reply = wire.banned(now_ms + fault.value * 1000)
        return Reply(reply.body, reply.status, {**reply.headers, "Retry-After": str(fault.value)}, reply.content_type)
    if fault.kind == "server_error":
        refused: Reply = wire.server_error(fault.value or 500)
        return refused
    if fault.kind == "foreign_error":
        foreign: Reply = wire.unknown_symbol()
        return foreign
    if fault.kind.startswith("maintenance"):
        return Reply(MAINTENANCE, int(fault.kind[-3:]), content_type="text/html")
    return None


def spoilt(fault: Fault, answer: Page | Reply, service: Service) -> Reply:
    """Return an answer with a fault in it; replies that are no page of rows stay whole but for being truncated."""
    if fault.kind == "truncated":
        reply = answer.reply() if isinstance(answer, Page) else answer
        cut = 1 + fault.value % max(1, len(reply.body) - 1)
        return Reply(reply.body[:cut], reply.status, reply.headers, reply.content_type)
    if not isinstance(answer, Page):
        return answer
    rows = list(answer.rows)
    if fault.kind == "object_for_list":
        listed = dict(enumerate(json.loads(row) for row in rows))
        return Reply(answer.envelope(dump({"rows": listed})))
    if fault.kind == "empty":
        rows = []
    elif fault.kind == "doubled":
        rows = [row for row in rows for _ in range(2)]
    elif fault.kind == "overlap":
        rows += answer.outside
    elif fault.kind == "shuffled":
        random.Random(fault.value).shuffle(rows)
    elif fault.kind == "null_rows":
        rows = [b"null" if i % 3 == fault.value % 3 else row for i, row in enumerate(rows)] or [b"null"]
    elif fault.kind == "strings_for_numbers":
        rows = [dump(_in_words(json.loads(row), bool(fault.value % 2))) for row in rows]
    return answer.reply(rows)


def _in_words(value: object, nonsense: bool) -> object:
    """Return a row with text wherever a number stands, also where a number stands as text."""
    if isinstance(value, list):
        return [_in_words(one, nonsense) for one in value]
    if isinstance(value, dict):
        return {name: _in_words(one, nonsense) for name, one in value.items()}
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return "n/a" if nonsense else str(value)
    return "n/a" if nonsense and str(value).replace(".", "", 1).isdigit() else value
