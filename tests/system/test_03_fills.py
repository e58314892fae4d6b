"""Fills: one origin request however many wait, streaming, bad origins."""

import concurrent.futures
import http.client
import threading
import time

import pytest

from harness import Answer, Origin, body_of, curl, ranged, wait_until

MIB = 1 << 20


def test_many_clients_make_one_origin_request(origin, make_edge):
    body = body_of("crowd", 3 * MIB)
    gate = threading.Event()
    origin.answer = lambda request: Answer(
        200, {"ETag": '"c"', "Cache-Control": "max-age=60"}, body, pause_at=100_000, pause=gate)
    edge = make_edge(origin, cache=False)
    with concurrent.futures.ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(edge.get, "/crowd") for _ in range(60)]
        wait_until(lambda: edge.metric("headrace_http_streams") >= 60, "all are waiting")
        gate.set()
        got = [one.result() for one in waiting]
    assert all(one.body == body and one.error is None for one in got)
    assert len(origin.requests()) == 1


def test_followers_get_bytes_as_they_arrive(origin, make_edge):
    body = body_of("live", 2 * MIB)
    gate = threading.Event()
    origin.answer = lambda request: Answer(
        200, {"ETag": '"l"', "Cache-Control": "max-age=60"}, body, pause_at=200_000, pause=gate)
    edge = make_edge(origin, cache=False)
    import http.client
    clients = []
    for _ in range(3):
        client = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=30)
        client.request("GET", "/live")
        clients.append(client)
    responses = [client.getresponse() for client in clients]
    for response in responses:
        assert response.read(150_000) == body[:150_000]  # While the origin still holds the rest.
    gate.set()
    for response in responses:
        assert response.read() == body[150_000:]
    assert len(origin.requests()) == 1


def test_the_fill_survives_its_first_client(origin, make_edge):
    body = body_of("leave", 2 * MIB)
    gate = threading.Event()
    origin.answer = lambda request: Answer(
        200, {"ETag": '"l"', "Cache-Control": "max-age=60"}, body, pause_at=100_000, pause=gate)
    edge = make_edge(origin, cache=False)
    import http.client
    leaver = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=30)
    leaver.request("GET", "/leave")
    response = leaver.getresponse()
    response.read(1000)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        follower = pool.submit(edge.get, "/leave")
        wait_until(lambda: edge.metric("headrace_http_streams") >= 2, "the follower waits")
        response.close()
        leaver.sock and leaver.sock.close()
        leaver.close()
        gate.set()
        assert follower.result().body == body
    assert len(origin.requests()) == 1


def test_a_long_file_is_fetched_ahead(origin, make_edge):
    body = body_of("long", 40 * MIB)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin)
    edge.get("/long", {"Range": "bytes=0-0"})
    assert edge.get("/long").body == body
    # Not one request for each of 39 chunks.
    assert len(origin.requests()) <= 14


@pytest.mark.parametrize("cut", [0, 1, 1000, 65536, MIB - 1, MIB, MIB + 1, 2 * MIB - 1])
def test_a_cut_body_is_told_and_not_kept(origin, make_edge, cut):
    body = body_of("cut", 2 * MIB)
    answers = [Answer(200, {"ETag": '"c"', "Cache-Control": "max-age=60"}, body, cut_at=cut)]
    origin.answer = lambda request: answers.pop() if answers else ranged(request, body, etag='"c"')
    edge = make_edge(origin, cache=False)
    got = edge.get("/cut")
    assert got.body != body or got.error is None
    if got.status == 200 and got.error is None:
        assert got.body == body  # What was missing was fetched by range.
    elif got.status == 200:
        assert body.startswith(got.body)
    assert edge.get("/cut").body == body


def test_a_chunked_body_that_is_cut_is_told(origin, make_edge):
    body = body_of("cut", 300_000)
    origin.answer = lambda request: Answer(200, {"Cache-Control": "max-age=60"}, body,
                                           chunked=True, cut_at=100_000)
    edge = make_edge(origin, cache=False)
    got = edge.get("/cut")
    assert got.error is not None or got.status >= 500


@pytest.mark.parametrize("lie", [-1, 1, 1000])
def test_a_lying_length_is_not_stored(origin, make_edge, lie):
    body = body_of("lie", 100_000)
    origin.answer = lambda request: Answer(200, {"ETag": '"x"', "Cache-Control": "max-age=60"}, body,
                                           length=len(body) + lie, close=True)
    edge = make_edge(origin, cache=False)
    got = edge.get("/lie")
    if lie > 0:
        assert got.error is not None or got.status >= 500
    again = edge.get("/lie")
    assert "hit" not in again.cache_status or again.body == body[:len(body) + min(lie, 0)]


@pytest.mark.parametrize("wrong", ["bytes 5-1048580/2097152", "bytes 0-1048575/99", "bytes 0-9",
                                   "lines 0-1048575/2097152", "bytes 0-99/2097152", None])
def test_a_wrong_content_range_is_no_answer(origin, make_edge, wrong):
    body = body_of("wrong", 2 * MIB)

    def answer(request):
        got = ranged(request, body)
        if got.status == 206:
            if wrong is None:
                del got.fields["Content-Range"]
            else:
                got.fields["Content-Range"] = wrong
        return got

    origin.answer = answer
    edge = make_edge(origin, cache=False)
    got = edge.get("/wrong", {"Range": "bytes=10-19"})
    assert got.status >= 500 or got.error is not None or got.body in (body[10:20], body)
    origin.answer = lambda request: ranged(request, body)
    wait_until(lambda: edge.get("/wrong", {"Range": "bytes=10-19"}).body == body[10:20],
               "an honest answer is served")


def test_chunked_bodies_are_stored(origin, make_edge):
    body = body_of("chunked", 3 * MIB + 5)
    origin.answer = lambda request: Answer(200, {"ETag": '"c"', "Cache-Control": "max-age=60"}, body,
                                           chunked=True)
    edge = make_edge(origin)
    assert edge.get("/chunked").body == body
    hit = edge.get("/chunked", {"Range": "bytes=-5"})
    assert hit.body == body[-5:] and "hit" in hit.cache_status


def test_an_empty_body_is_stored(origin, make_edge):
    origin.answer = lambda request: Answer(200, {"ETag": '"e"', "Cache-Control": "max-age=60"}, b"")
    edge = make_edge(origin)
    for expected in ("fwd=uri-miss", "hit"):
        got = edge.get("/empty")
        assert got.status == 200 and got.body == b"" and expected in got.cache_status


def test_an_origin_that_is_down_is_502(origin, make_edge):
    edge = make_edge("http://127.0.0.1:1", cache=False)
    got = edge.get("/x")
    assert got.status == 502 and got.fields["content-type"] == "application/problem+json"


def test_a_slow_origin_is_504(origin, make_edge):
    origin.answer = lambda request: Answer(200, {}, b"x", delay=3)
    edge = make_edge(origin, cache=False, site='timeouts.first_byte = "300ms"')
    assert edge.get("/x").status == 504


def test_the_next_origin_is_asked(origin, make_edge):
    origin.answer = lambda request: ranged(request, b"fine")
    edge = make_edge("http://127.0.0.1:1", origin, cache=False)
    for i in range(6):
        assert edge.get(f"/x{i}").body == b"fine"
    assert "origin.down" in edge.daemon.text()


def test_active_checks_take_an_origin_down_and_up(origin, make_edge):
    state = {"well": False}
    origin.answer = lambda request: Answer(200 if state["well"] else 500, {}, b"")
    edge = make_edge(origin, cache=False, site='health.check_path = "/ok"\n'
                     'health.check_interval = "100ms"\nhealth.failures = 2')
    wait_until(lambda: "origin.down" in edge.daemon.text(), "the check fails")
    state["well"] = True
    wait_until(lambda: "origin.up" in edge.daemon.text(), "the check succeeds")


def test_memory_is_enough_for_more_than_it_holds(origin, make_edge):
    body = body_of("big", 100 * MIB)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin, cache=False, cache_options='memory_max = "64MiB"')
    assert edge.get("/big").body == body
    assert edge.get("/big").body == body


def test_bytes_in_a_socket_survive_the_eviction_of_what_they_came_from(origin, make_edge):
    """What is sent often goes to plain sockets by reference (cache/arena.h): it must not change there."""
    films = {f"/f{i}": body_of(f"f{i}", 4_000_000) for i in range(40)}
    origin.answer = lambda request: ranged(request, films[request.target])
    edge = make_edge(origin, cache=False, cache_options='policy = "lru"')  # Of 64 MiB.
    for _ in range(12):
        assert edge.get("/f0").body == films["/f0"]
    slow = []
    for _ in range(6):
        client = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=60)
        client.request("GET", "/f0")
        response = client.getresponse()
        slow.append((client, response, response.read(1000)))
    time.sleep(2.5)  # Bodies that stand still let go of their chunks.
    for _ in range(2):
        for name, body in films.items():
            if name != "/f0":
                assert edge.get(name).body == body
    assert edge.metric("headrace_cache_memory_evictions") > 0
    for client, response, begun in slow:
        assert begun + response.read() == films["/f0"]
        client.close()
