"""A review at a local address: it follows the folder, takes notes, and answers nobody but this machine's own page."""

import contextlib
import hmac
import json
import secrets
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from runs.reports.review import review_page
from runs.reviews.notes import change_note
from runs.reviews.safe_files import read_below
from runs.reviews.state import Review, read_review, state_digest

HOST = "127.0.0.1"

WHOLE_SECONDS = 60.0
"""For a whole request, and for a whole answer, on this machine (*assumption*)."""

_MAX_BODY = 100_000
"""Bytes of a change of a note; the longest note in the widest characters, escaped, has fewer."""

_INLINE = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
_OWN_PAGE = f"{_INLINE}; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# Pages of runs come from files that others may have written: they run apart from this origin, and cannot read the token.
_OTHER_PAGE = f"sandbox allow-scripts allow-popups; {_INLINE}"


class ReviewServer(ThreadingHTTPServer):
    """Serves one results folder on `HOST`.

    Parameters
    ----------
    results
        The folder.
    port
        0 for any free one.

    Raises
    ------
    OSError
        If the port is taken.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, results: Path, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.results = results
        self.token = secrets.token_urlsafe(24)
        self._lock = threading.Lock()
        self._known: tuple[str, Review] | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which a browser of this machine may call it; any other is a page elsewhere that rebinds its name."""
        return tuple(f"{name}:{self.server_port}" for name in (HOST, "localhost"))

    def review(self) -> tuple[str, Review]:
        """Return the folder's state and its review, gathered anew only if the state has changed."""
        with self._lock:
            digest = state_digest(self.results)
            if self._known is None or self._known[0] != digest:
                self._known = digest, read_review(self.results)
            return self._known

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that has ended; anything else is a defect and keeps its traceback."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version, sys_version = "review", ""
    timeout = 30

    def setup(self) -> None:
        """Open the connection, and begin to wait for a request."""
        super().setup()
        self._wait()

    def finish(self) -> None:
        """Close it."""
        self._waiting.cancel()
        super().finish()

    def _wait(self) -> None:
        """Give the other side `WHOLE_SECONDS` for all that it sends, or takes: `timeout` alone ends between two bytes."""
        self._waiting = threading.Timer(WHOLE_SECONDS, self._cut)
        self._waiting.daemon = True
        self._waiting.start()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self) -> None:
        """Answer with the page, its content, the state, or a file below the folder."""
        self._waiting.cancel()
        if self.headers.get("Host") not in self.server.hosts:
            return self._refuse(403, "only for this machine")
        try:
            self._get(self.path.split("?")[0])
        except ValueError as error:
            self._refuse(500, str(error))
        except OSError:
            self._refuse(404, "there is no such file")

    def _get(self, path: str) -> None:
        if path in ("/", "/review.html"):
            digest, review = self.server.review()
            page = review_page(review.content, self.server.token, digest)
            self._answer(200, page.encode(), "text/html; charset=utf-8", _OWN_PAGE)
        elif path == "/review.json":
            self._object(200, self.server.review()[1].content)
        elif path == "/state.json":
            self._object(200, {"digest": state_digest(self.server.results)})
        elif path == "/favicon.ico":  # every browser asks for one
            self._answer(200, b"", "image/x-icon", _OTHER_PAGE)
        else:
            self._answer(200, *read_below(self.server.results, path), _OTHER_PAGE)

    def do_POST(self) -> None:
        """Change a note, if the page that this server gave out asks for it."""
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 <= length <= _MAX_BODY:
            return self._refuse(413, "the note is too long")
        body = self.rfile.read(length)  # read in any case, or the refusal would be lost in a reset connection
        self._waiting.cancel()
        if self.path != "/notes" or not self._trusted():
            return self._refuse(403, "only the page of this server may change notes; load it again")
        try:
            self._object(200, self._change(json.loads(body)))
        except (ValueError, RecursionError) as error:
            self._refuse(400, str(error))

    def _trusted(self) -> bool:
        host, token = self.headers.get("Host"), self.headers.get("X-Review-Token", "")
        same_token = hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode())
        plain = self.headers.get("Content-Type") == "application/json"
        return host in self.server.hosts and self.headers.get("Origin") == f"http://{host}" and plain and same_token

    def _change(self, asked: Any) -> dict[str, Any]:
        run, text, tags = (
            (asked.get(name) for name in ("run", "note", "tags")) if isinstance(asked, dict) else (None,) * 3
        )
        if not isinstance(run, str) or not isinstance(text, str) or not isinstance(tags, list):
            raise ValueError("a change needs run, note and tags")
        if not all(isinstance(tag, str) for tag in tags):
            raise ValueError("tags must be texts")
        if run not in {row["name"] for row in self.server.review()[1].table["rows"]}:
            raise ValueError(f"there is no run {run[:100]!r}")
        written = change_note(self.server.results, run, text=text, tags=tags)
        return {"note": written.text, "tags": list(written.tags)}

    def _object(self, code: int, value: dict[str, Any]) -> None:
        self._answer(code, json.dumps(value, allow_nan=False).encode(), "application/json", _OTHER_PAGE)

    def _refuse(self, code: int, why: str) -> None:
        self._object(code, {"error": why})

    def _answer(self, code: int, content: bytes, kind: str, policy: str) -> None:
        self._waiting.cancel()
        self._wait()
        self.send_response(code)
        for name, value in (
            ("Content-Type", kind), ("Content-Length", str(len(content))), ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ):  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the terminal shows the address and errors only."""
