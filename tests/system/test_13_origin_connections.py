"""What lies on a connection to an origin that nobody has asked for is taken for nobody's answer."""

import contextlib
import re
import socket
import threading
import time

import pytest

from harness import Answer, wait_until


class RawOrigin:
    """Answers each request with the bytes that `answers` gives for it: now, and after a pause."""

    def __init__(self, answers, reads_bodies=True):
        self.answers, self.reads_bodies = answers, reads_bodies
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        received = b""
        with contextlib.suppress(OSError), connection:
            while True:
                while b"\r\n\r\n" not in received:
                    more = connection.recv(65536)
                    if not more:
                        return
                    received += more
                head, _, received = received.partition(b"\r\n\r\n")
                method, target = head.split(b" ", 2)[:2]
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                if length and self.reads_bodies:
                    while len(received) < int(length[1]):
                        received += connection.recv(65536)
                    received = received[int(length[1]):]
                now, later = self.answers(method.decode(), target.decode())
                connection.sendall(now)
                if later:
                    time.sleep(0.05)
                    connection.sendall(later)

    def stop(self):
        self.listener.close()


def answer(body, fields="Cache-Control: max-age=100\r\n"):
    return f"HTTP/1.1 200 OK\r\n{fields}Content-Length: {len(body)}\r\n\r\n{body}".encode()


@pytest.fixture
def make_origin():
    made = []

    def make(*arguments, **options):
        made.append(RawOrigin(*arguments, **options))
        return made[-1]

    yield make
    for origin in made:
        origin.stop()


@pytest.mark.parametrize("cached", [True, False])
def test_a_surplus_answer_is_nobodys(make_origin, make_edge, cached):
    fields = "Cache-Control: max-age=100\r\n" if cached else "Cache-Control: no-store\r\n"

    def answers(method, target):
        later = answer("poison", fields) if target == "/a" else None
        return answer("for " + target, fields), later

    origin = make_origin(answers)
    edge = make_edge(origin.url, node="fill_threads = 1\n", site=f"cache = {str(cached).lower()}")
    assert edge.get("/a").body == b"for /a"
    time.sleep(0.5)
    for round_ in range(4):
        assert edge.get(f"/victim{round_}").body == f"for /victim{round_}".encode()
    for round_ in range(4):
        assert edge.get(f"/victim{round_}").body == f"for /victim{round_}".encode()
    # And what is silent is kept.
    before = origin.connections
    edge.get("/b")
    edge.get("/c")
    assert origin.connections <= before + 2


def test_the_body_of_a_head_answer_is_nobodys(make_origin, make_edge):
    def answers(method, target):
        if method == "HEAD":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n", answer("smuggled")
        return answer("for " + target), None

    origin = make_origin(answers)
    edge = make_edge(origin.url, site="cache = false")
    assert edge.get("/upload", method="HEAD").status == 200
    time.sleep(0.5)
    for i in range(4):
        assert edge.get(f"/page{i}").body == f"for /page{i}".encode()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_smuggled_in_a_body_is_answered_to_nobody(make_origin, make_edge, method):
    """An origin that does not read bodies takes them for the next request."""
    origin = make_origin(lambda _, target: (answer("for " + target), None), reads_bodies=False)
    edge = make_edge(origin.url, site="cache = false")
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    assert edge.get("/cl0", method=method, body=smuggled).body == b"for /cl0"
    time.sleep(0.3)
    for i in range(8):
        assert edge.get(f"/victim{i}").body == f"for /victim{i}".encode()


def test_other_spellings_of_fields_do_not_reach_the_origin(origin, make_edge):
    edge = make_edge(origin)
    edge.get("/x", {"X_Forwarded_Host": "evil", "X-Http-Method_Override": "DELETE",
                    "X_Original_Url": "/admin", "X-Forwarded": "for=evil", "X-Plain": "stays"})
    wait_until(origin.requests, "the origin is asked")
    fields = {name.lower() for name in origin.requests()[0].fields}
    assert "x-plain" in fields
    assert not [name for name in fields if "_" in name or name == "x-forwarded"]


def test_a_304_that_forbids_storing_is_served_once_and_kept_no_more(make_origin, make_edge):
    state = {"asked": 0}

    def answers(method, target):
        state["asked"] += 1
        if state["asked"] == 2:
            return (b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\nCache-Control: no-store\r\n\r\n", None)
        return answer("body", 'ETag: "1"\r\nCache-Control: max-age=0\r\n'), None

    origin = make_origin(answers)
    edge = make_edge(origin.url, cache=False)
    edge.get("/x")
    again = edge.get("/x")
    assert again.body == b"body" and "stored" not in again.cache_status
    assert int(again.fields.get("age", "0")) < 60
    last = edge.get("/x")
    assert last.body == b"body" and "hit" not in last.cache_status


@pytest.mark.parametrize("status", ["206 Partial Content", "304 Not Modified",
                                    "416 Range Not Satisfiable"])
@pytest.mark.parametrize("cached", [True, False])
def test_what_nobody_asked_for_is_no_answer(make_origin, make_edge, status, cached):
    reply = f"HTTP/1.1 {status}\r\nCache-Control: max-age=60\r\nContent-Range: bytes 0-3/10\r\n"
    body = b"" if "304" in status else b"Content-Length: 4\r\n\r\nbody"
    origin = make_origin(lambda *_: (reply.encode() + (body or b"\r\n"), None))
    edge = make_edge(origin.url, site=f"cache = {str(cached).lower()}")
    assert [edge.get("/x").status for _ in range(2)] == [502, 502]


def test_two_ranges_fields_are_none(origin, make_edge):
    origin.answer = lambda request: Answer(200, {"Cache-Control": "max-age=60"}, b"0123456789")
    edge = make_edge(origin)
    edge.get("/x")
    with socket.create_connection(("127.0.0.1", edge.port), 30) as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\nRange: bytes=2-3\r\n"
                       b"Connection: close\r\n\r\n")
        received = b""
        while more := client.recv(65536):
            received += more
    assert received.startswith(b"HTTP/1.1 200") and received.endswith(b"0123456789")
