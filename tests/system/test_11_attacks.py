"""The daemon under attack, each beside an honest client that must not notice."""

import contextlib
import struct
import subprocess
import threading

import attacker
import pytest
from attacker import Http2, frame
from harness import Answer, body_of, curl, ranged, wait_until

BODY = body_of("film", 3_000_000)
# The most that the daemon may grow by under an attack of one connection; sanitizers need more.
COUNT = 6_000


@pytest.fixture
def edge(origin, make_edge):
    origin.answer = lambda request: ranged(request, BODY)
    edge = make_edge(origin, cache=False)
    edge.get("/film")
    return edge


class Viewer(threading.Thread):
    """Seeks without end, on HTTP/1.1, and remembers what went wrong."""

    def __init__(self, edge):
        super().__init__()
        self.edge, self.over, self.wrong, self.seeks = edge, threading.Event(), [], 0

    def run(self):
        while not self.over.is_set():
            first = (self.seeks * 977_777) % (len(BODY) - 70_000)
            try:
                got = self.edge.get("/film", {"Range": f"bytes={first}-{first + 65_535}"})
                if got.status != 206 or got.body != BODY[first:first + 65_536]:
                    self.wrong.append((got.status, len(got.body)))
            except OSError as error:
                self.wrong.append(error)
            self.seeks += 1


@contextlib.contextmanager
def nobody_notices(edge, *limits):
    """Runs the attack beside a viewer; then one of the limits must have counted."""
    def counted():
        return sum(edge.metric("headrace_http_limit_total", limit=limit) for limit in limits)

    before = counted()
    viewer = Viewer(edge)
    viewer.start()
    try:
        yield
    finally:
        viewer.over.set()
        viewer.join()
    assert not viewer.wrong and viewer.seeks > 0
    assert not limits or counted() > before
    assert curl("--http2-prior-knowledge", edge.url + "/film").stdout == BODY


def flood(edge, pieces):
    """Sends until all is sent or the server has had enough, and reads meanwhile, so that it is the
    flood that ends it; the code of its GOAWAY."""
    client = Http2(edge.port)
    codes = []
    reader = threading.Thread(target=lambda: codes.append(client.goaway()))
    reader.start()
    for piece in pieces(client):
        if not client.send(piece):
            break
    reader.join()
    client.close()
    return codes[0]


def rapid_resets(client):
    for _ in range(COUNT // 100):
        yield b"".join(client.request(path="/film") +
                       frame(attacker.RST_STREAM, 0, client.stream, struct.pack(">I", 8))
                       for _ in range(100))


def made_resets(client):
    """MadeYouReset: the server is made to reset each stream, by a window that overflows."""
    for _ in range(COUNT // 100):
        yield b"".join(client.request(path="/film") +
                       frame(attacker.WINDOW_UPDATE, 0, client.stream, struct.pack(">I", 0x7fffffff))
                       for _ in range(100))


@pytest.mark.parametrize("attack", [rapid_resets, made_resets])
def test_streams_opened_and_reset(edge, attack):
    # An update that overflows a window is a control frame as well as a provoked reset.
    with nobody_notices(edge, "resets", "control_frames"):
        assert flood(edge, attack) in (attacker.ENHANCE_YOUR_CALM, None)


def repeated(kind, payload, stream=0):
    piece = frame(kind, 0, stream, payload) * 200
    return lambda client: (piece for _ in range(COUNT // 50))


@pytest.mark.parametrize("name,pieces", [
    ("ping", repeated(attacker.PING, b"12345678")),
    ("settings", repeated(attacker.SETTINGS, b"")),
    ("priority", repeated(attacker.PRIORITY, b"\0\0\0\0\0", 1)),
    ("window", repeated(attacker.WINDOW_UPDATE, struct.pack(">I", 1))),
])
def test_floods_of_control_frames(edge, name, pieces):
    with nobody_notices(edge, "control_frames"):
        assert flood(edge, pieces) in (attacker.ENHANCE_YOUR_CALM, None), name


def test_a_flood_of_empty_data(edge, origin):
    def pieces(client):
        yield client.request(flags=attacker.END_HEADERS, path="/up", method="POST")
        for _ in range(COUNT // 50):
            yield frame(attacker.DATA, 0, client.stream) * 200

    with nobody_notices(edge, "control_frames"):
        assert flood(edge, pieces) in (attacker.ENHANCE_YOUR_CALM, None)


def test_a_flood_of_continuations(edge):
    def pieces(client):
        yield frame(attacker.HEADERS, attacker.END_STREAM, client.next_stream(),
                    attacker.request_block())
        for _ in range(COUNT):
            yield frame(attacker.CONTINUATION, 0, client.stream,
                        attacker.literal("a", "b" * 1000))

    with nobody_notices(edge):
        flood(edge, pieces)  # Ends: with a GOAWAY or without.


def test_an_hpack_bomb(edge, origin):
    """One field of 3,900 bytes in the dynamic table, then a byte for each further copy of it."""
    asked = len(origin.requests())
    client = Http2(edge.port)
    bomb = attacker.literal("x", "y" * 3_900, indexed=True) + b"\xbe" * 15_000
    with nobody_notices(edge):
        for _ in range(20):
            client.send(client.request(path="/film", more=bomb))
        statuses = set()
        client.socket.settimeout(2)
        for kind, _, payload in client.frames():
            if kind == attacker.HEADERS:
                statuses.add(payload[:1])
        assert b"\x88" not in statuses  # ":status: 200"
    assert len(origin.requests()) == asked


def test_cookie_crumbs_are_counted_and_a_browsers_cookies_are_not_too_many(edge):
    client = Http2(edge.port)
    client.send(client.request(path="/film", more=attacker.literal("cookie", "a=b") * 5_000))
    client.socket.settimeout(2)
    assert all(kind != attacker.DATA for kind, _, _ in client.frames())
    cookies = "; ".join(f"cookie{i}={'v' * 40}" for i in range(90))
    for protocol in ("--http1.1", "--http2-prior-knowledge"):
        assert curl(protocol, "-H", f"Cookie: {cookies}", edge.url + "/film").stdout == BODY


def test_a_window_held_shut(origin, make_edge):
    origin.answer = lambda request: ranged(request, BODY)
    edge = make_edge(origin, cache=False, extra='[limits]\nsend_stall_max = "1s"')
    edge.get("/film")
    client = Http2(edge.port, settings=struct.pack(">HI", 4, 0))  # INITIAL_WINDOW_SIZE 0
    with nobody_notices(edge, "send_stall_max"):
        client.send(b"".join(client.request(path="/film") for _ in range(50)))
        ended = {stream for kind, stream, _ in client.frames() if kind == attacker.RST_STREAM}
        assert len(ended) == 50
    client.close()


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("head", [
    b"Content-Length: 4\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4",
    b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding : chunked",
    b"Content-Length: 4\r\nContent-Length: 4", b"Content-Length: 4, 4", b"Content-Length: +4",
    b"X: 1\r\n Transfer-Encoding: chunked", b"X: 1\n\nGET /smuggled HTTP/1.1", b"X: \0",
])
def test_smuggling_is_refused_and_reaches_no_origin(edge, origin, head):
    answer = attacker.raw(edge.port, b"POST /s HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n\r\n0\r\n\r\n" +
                          SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1
    assert all(one.target == "/film" for one in origin.requests())


@pytest.mark.parametrize("name,value", [
    ("x", "a\r\nx-smuggled: 1"), ("x", "a\nb"), ("x", "a\0b"), ("X-Upper", "a"), ("x y", "a"),
    ("connection", "close"), ("transfer-encoding", "chunked"), ("keep-alive", "1"),
    ("upgrade", "h2c"), ("te", "gzip"), ("x\r\ny", "a"),
])
def test_nothing_of_http1_is_smuggled_through_http2(edge, origin, name, value):
    asked = len(origin.requests())
    client = Http2(edge.port)
    client.socket.settimeout(2)
    client.send(client.request(path="/s", more=attacker.literal(name, value)))
    ends = [kind for kind, stream, _ in client.frames() if stream == 1]
    assert attacker.DATA not in ends or len(origin.requests()) == asked
    for one in origin.requests()[asked:]:
        assert "smuggled" not in str(one.fields) and "\n" not in str(one.fields.values())
    client.close()


def test_a_crowd_from_one_address_leaves_room_for_others(origin, make_edge):
    origin.answer = lambda request: ranged(request, BODY)
    edge = make_edge(origin, cache=False, extra="[limits]\nconnections_per_address_max = 50")
    edge.get("/film")
    crowd = []
    with nobody_notices(edge, "connections_per_address_max"):
        for _ in range(150):
            with contextlib.suppress(OSError):
                crowd.append(attacker.connect(edge.port))
        wait_until(lambda: edge.metric("headrace_http_limit_total",
                                       limit="connections_per_address_max") >= 100,
                   "those over the limit are counted")
    for one in crowd:
        one.close()


def test_a_flood_of_pipelined_requests_is_answered_in_order(edge):
    count = 2_000
    answer = attacker.raw(edge.port, b"GET /film HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n\r\n" *
                          count, timeout=60)
    assert answer.count(b"HTTP/1.1 206") == count
    assert answer.endswith(BODY[:10])


def test_ranges_do_not_pull_much_more_than_they_give(origin, make_edge):
    film = body_of("long", 64 << 20)
    sent = []

    def answer(request):
        given = ranged(request, film)
        sent.append(len(given.body))
        return given

    origin.answer = answer
    edge = make_edge(origin, cache=False, cache_options="read_ahead_chunks = 0")
    places = [i * (13 << 20) for i in range(4)]
    got = edge.get("/long", {"Range": "bytes=" + ",".join(f"{p}-{p}" for p in places)})
    assert got.status == 206
    assert sum(sent) <= 6 << 20  # A chunk for each, and one to learn the length.
    many = edge.get("/long", {"Range": "bytes=" + ",".join(f"{i}-" for i in range(0, 3000, 3))})
    assert many.status in (206, 416) and len(many.body) <= len(film) + 1000


@pytest.mark.needs("slowhttptest")
@pytest.mark.parametrize("mode", [["-H"], ["-B"], ["-R"], ["-X", "-w", "10", "-y", "20", "-z", "5"]])
def test_slow_clients_hold_up_nobody(origin, make_edge, tmp_path, mode):
    origin.answer = lambda request: ranged(request, BODY) if request.target == "/film" else Answer(
        200, {}, b"")
    edge = make_edge(origin, cache=False, extra='[limits]\nheader_max = "1s"\n'
                                                'body_stall_max = "1s"\nsend_stall_max = "1s"')
    edge.get("/film")
    with nobody_notices(edge):
        done = subprocess.run(["slowhttptest", *mode, "-c", "200", "-r", "200", "-i", "2", "-l", "4",
                               "-p", "2", "-u", edge.url + "/film"], cwd=tmp_path,
                              capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:]
    wait_until(lambda: edge.metric("headrace_http_connections") < 10, "the slow ones are gone")
