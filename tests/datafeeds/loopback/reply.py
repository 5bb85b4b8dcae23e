"""A venue's answer before anything goes wrong with it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reply:
    """Rows and how the venue wraps them, or a plain body.

    Attributes
    ----------
    wrap
        Makes the body of the rows.
    rows
        Rows of the asked range in the venue's order; None for what is no page.
    limit
        How many it sends at most, from the first.
    around
        Rows of the whole history in the same form, of which an overlapping page takes some.
    status, headers
        HTTP status, and headers beside the usual ones.
    """

    wrap: Callable[[list[Any]], Any]
    rows: list[Any] | None = None
    limit: int = 10**6
    around: list[Any] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the reply as bytes."""
        rows = None if self.rows is None else self.rows[: self.limit]
        return json.dumps(self.wrap(rows or [])).encode()


def plain(value: Any, status: int = 200) -> Reply:
    """Return a reply that is no page."""
    return Reply(lambda _: value, status=status)
