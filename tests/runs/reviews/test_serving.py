"""The server answers its own page on this machine, and nobody else."""

import http.client
import json
import socket
import struct
import threading
import time

import pytest

from runs.reviews import serving
from runs.reviews.notes import Note, read_notes
from runs.reviews.serving import ReviewServer
from tests.runs.reviews.forging import HOSTILE


@pytest.fixture
def server(results):
    with ReviewServer(results, 0) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def ask(server, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content, answer.headers


def write(server, change, **headers):
    host = f"127.0.0.1:{server.server_port}"
    usual = {
        "Host": host,
        "Origin": f"http://{host}",
        "Content_Type": "application/json",
        "X_Review_Token": server.token,
    }
    return ask(
        server, "POST", "/notes", json.dumps(change), **{n: v for n, v in (usual | headers).items() if v is not None}
    )


CHANGE = {"run": "first", "note": HOSTILE, "tags": ["b", "a"]}


def test_it_listens_on_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"


def test_the_page_the_content_and_the_state_are_served(server):
    status, page, headers = ask(server, "GET", "/")
    assert status == 200
    assert server.token.encode() in page
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    rows = json.loads(ask(server, "GET", "/review.json")[1])["rows"]
    assert [row["name"] for row in rows] == ["first"]
    assert ask(server, "GET", "/" + rows[0]["pages"]["tearsheet.html"])[1] == b"<html></html>"


def test_pages_of_runs_are_kept_from_the_token(server):
    headers = ask(server, "GET", "/first/tearsheet.html")[2]
    assert headers["Content-Security-Policy"].startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_the_state_changes_with_the_folder(server, results):
    before = json.loads(ask(server, "GET", "/state.json")[1])
    assert json.loads(ask(server, "GET", "/state.json")[1]) == before
    (results / "second").mkdir()
    assert json.loads(ask(server, "GET", "/state.json")[1]) != before
    assert len(json.loads(ask(server, "GET", "/review.json")[1])["rows"]) == 2


def test_a_note_is_kept(server, results):
    status, kept, _ = write(server, CHANGE)
    assert (status, json.loads(kept)) == (200, {"note": HOSTILE, "tags": ["a", "b"]})
    assert read_notes(results) == {"first": Note(HOSTILE, ("a", "b"))}


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Review_Token": None}, {"X_Review_Token": "guess"}, {"X_Review_Token": "\xe9"}, {"Origin": None}, {"Origin": "null"},
        {"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Host": "evil.example:80", "Origin": "http://evil.example:80"},
        {"Content_Type": "text/plain"}, {"Content_Type": None},
    ],
)  # fmt: skip
def test_nobody_else_may_write(server, results, headers):
    assert write(server, CHANGE, **headers)[0] == 403
    assert read_notes(results) == {}


@pytest.mark.parametrize("path", ["/", "/review.json", "/state.json", "/first/metrics.json"])
def test_a_name_that_is_rebound_to_this_machine_may_not_read(server, path):
    assert ask(server, "GET", path, Host="evil.example")[0] == 403


@pytest.mark.parametrize(
    "change", [None, [], {}, 3, CHANGE | {"run": "none"}, CHANGE | {"run": "../x"}, CHANGE | {"note": 3}, CHANGE | {"tags": [3]},
               CHANGE | {"tags": ["a,b"]}, CHANGE | {"note": "x" * 20_000}],
)  # fmt: skip
def test_a_change_that_is_none_is_refused(server, results, change):
    assert write(server, change)[0] == 400
    assert read_notes(results) == {}


@pytest.mark.parametrize("length", ["-1", "1e3", "100000000", ""])
def test_a_body_of_no_sane_length_is_refused(server, length):
    assert write(server, CHANGE, Content_Length=length)[0] == 413


@pytest.mark.parametrize(
    "path", ["/../secret.json", "/%2e%2e/x.json", "/.notes.json.lock", "/.review-cache.json", "/none"]
)
def test_nothing_else_is_there(server, path):
    assert ask(server, "GET", path)[0] == 404


def test_a_request_that_never_ends_is_cut(server, monkeypatch):
    monkeypatch.setattr(serving, "WHOLE_SECONDS", 0.3)
    for begun in (b"GET / HT", b"POST /notes HTTP/1.0\r\nContent-Length: 100\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as slow:
            slow.sendall(begun)
            slow.settimeout(0.05)
            until = time.monotonic() + 5.0
            while time.monotonic() < until:  # a byte at a time
                try:
                    slow.sendall(b" ")
                    if not slow.recv(1000):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            assert time.monotonic() < until


def test_an_answer_may_take_longer_to_make_than_a_request_to_send(server, monkeypatch):
    monkeypatch.setattr(serving, "WHOLE_SECONDS", 0.2)
    review = server.review
    monkeypatch.setattr(server, "review", lambda: (time.sleep(0.5), review())[1])
    assert ask(server, "GET", "/")[0] == 200
    assert write(server, CHANGE)[0] == 200


def test_a_socket_that_dies_is_not_spoken_of(server, capfd):
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as dead:
            dead.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, not closed
            dead.sendall(b"GET /review.json HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n" % server.server_port)
    assert ask(server, "GET", "/")[0] == 200
    time.sleep(0.2)
    assert capfd.readouterr().err == ""


def test_a_file_that_is_too_large_is_not_there(server, results):
    with (results / "first" / "huge.html").open("wb") as file:
        file.truncate(1 << 40)
    assert ask(server, "GET", "/first/huge.html")[0] == 404
