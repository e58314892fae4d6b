"""Where a careless cache would share too much, or say too little."""

import concurrent.futures
import json
import threading

import pytest

from harness import Answer, answers, body_of, ranged


def test_a_public_response_with_a_cookie_is_as_the_site_says(origin, make_edge):
    answers(origin, Set_Cookie="a=b", Cache_Control="public, max-age=60")
    refuses = make_edge(origin, cache=False)
    assert refuses.get("/c").body != refuses.get("/c").body
    drops = make_edge(origin, cache=False, site='freshness.set_cookie = "drop"')
    first, second = drops.get("/d"), drops.get("/d")
    assert first.body == second.body and "set-cookie" not in first.fields | second.fields
    keeps = make_edge(origin, cache=False, site='freshness.set_cookie = "keep"')
    assert keeps.get("/k").body == keeps.get("/k").body
    assert keeps.get("/k").fields["set-cookie"] == "a=b"


def test_a_body_that_ends_with_its_connection_is_not_stored(origin, make_edge):
    origin.answer = lambda request: Answer(200, {"Cache-Control": "max-age=60"}, b"whole?",
                                           length="none")
    edge = make_edge(origin, cache=False)
    assert edge.get("/e").body == b"whole?"
    assert "stored" not in edge.get("/e").cache_status
    assert len(origin.requests()) == 2


def test_hosts_that_the_origin_is_told_have_keys_of_their_own(origin, make_edge):
    origin.answer = lambda request: Answer(200, {"Cache-Control": "max-age=60"},
                                           request.fields["host"].encode())
    edge = make_edge(origin, cache=False, site='origin_host = "client"')
    assert edge.get("/h", host="a.example").body == b"a.example"
    assert edge.get("/h", host="b.example").body == b"b.example"
    assert "hit" in edge.get("/h", host="a.example").cache_status
    edge.purge(url="http://a.example/h")
    assert "hit" in edge.get("/h", host="b.example").cache_status
    assert "fwd=uri-miss" in edge.get("/h", host="a.example").cache_status
    edge.purge(site="site", prefix="/h")
    for host in ("a.example", "b.example"):
        assert "fwd=uri-miss" in edge.get("/h", host=host).cache_status


def test_a_client_chooses_no_variant_by_what_the_edge_sets(origin, make_edge):
    answers(origin, Cache_Control="max-age=60", Vary="X-Forwarded-For, Accept-Language")
    edge = make_edge(origin, cache=False)
    first = edge.get("/v", {"X-Forwarded-For": "10.0.0.1"})
    assert edge.get("/v", {"X-Forwarded-For": "10.0.0.2"}).body == first.body
    assert edge.get("/v", {"Accept-Language": "de"}).body != first.body


def test_an_accept_of_events_does_not_pass_the_cache_by(origin, make_edge):
    answers(origin, Cache_Control="max-age=60")
    edge = make_edge(origin, cache=False)
    first = edge.get("/m")
    again = edge.get("/m", {"Accept": "text/event-stream"})
    assert again.body == first.body and "hit" in again.cache_status


def test_an_unsafe_request_invalidates_all_variants(origin, make_edge):
    answers(origin, Cache_Control="max-age=60", Vary="Accept-Language")
    edge = make_edge(origin)
    languages = [{"Accept-Language": one} for one in ("de", "en")]
    before = [edge.get("/v", fields).body for fields in languages]
    assert [edge.get("/v", fields).body for fields in languages] == before
    assert edge.get("/v", {"Accept-Language": "fr"}, method="POST", body=b"x").status == 200
    for fields, old in zip(languages, before):
        assert edge.get("/v", fields).body != old


def test_a_crowd_of_unsafe_requests_shares_purges(origin, make_edge):
    answers(origin, Cache_Control="max-age=60")
    edge = make_edge(origin)
    edge.get("/v")
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        got = list(pool.map(lambda _: edge.get("/v", method="POST", body=b"x").status, range(200)))
    assert got == [200] * 200
    assert edge.metric("headrace_cache_purge_sequence") < 100
    assert edge.get("/v").body == str(len(origin.requests())).encode()


@pytest.mark.parametrize("cache", [False, True], ids=["memory", "disk"])
def test_an_unsafe_request_overtakes_a_fill_of_the_old_state(origin, make_edge, cache):
    """Nothing is stored yet, but a fill that was sent for before the change is on its way."""
    state = {"body": b"old"}
    asked, changed = threading.Event(), threading.Event()

    def answer(request):
        if request.method != "GET":
            state["body"] = b"new"
            return Answer(204)
        body = state["body"]
        if body == b"old":
            asked.set()
            changed.wait(30)
        return Answer(200, {"Cache-Control": "max-age=600"}, body)

    origin.answer = answer
    edge = make_edge(origin, cache=cache)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(edge.get, "/f")
        assert asked.wait(30)
        assert edge.get("/f", method="PUT", body=b"new").status == 204
        changed.set()
        assert waiting.result().body == b"old"
    assert edge.get("/f").body == b"new"


def test_bytes_served_stale_on_an_error_do_not_count_as_the_origins(origin, make_edge):
    state = {"down": False}
    origin.answer = lambda request: (
        Answer(503, {}, b"down") if state["down"] else
        Answer(200, {"Cache-Control": "max-age=0, stale-if-error=600", "ETag": '"1"'}, b"x" * 1000))
    edge = make_edge(origin, cache=False)
    edge.get("/s")
    before = edge.metric("headrace_edge_body_bytes_total", source="origin")
    state["down"] = True
    assert edge.get("/s").body == b"x" * 1000
    assert edge.metric("headrace_edge_body_bytes_total", source="origin") == before
    assert edge.metric("headrace_edge_body_bytes_total", source="ram") == 1000


def test_options_of_the_server_are_answered_by_the_edge(origin, make_edge):
    edge = make_edge(origin, cache=False)
    answer = edge.get("*", method="OPTIONS")
    assert answer.status == 204 and "GET" in answer.fields["allow"]
    assert not origin.requests()


def test_only_if_cached_holds_for_head_too(origin, make_edge):
    answers(origin, Cache_Control="max-age=60")
    edge = make_edge(origin, cache=False)
    assert edge.get("/n", {"Cache-Control": "only-if-cached"}, method="HEAD").status == 504
    assert not origin.requests()


def test_a_stale_object_that_was_purged_meanwhile_is_not_served_on_an_error(origin, make_edge):
    state = {"down": False}
    entered, purged = threading.Event(), threading.Event()

    def answer(request):
        if not state["down"]:
            return Answer(200, {"Cache-Control": "max-age=0, stale-if-error=600", "ETag": '"1"'},
                          b"old")
        entered.set()
        purged.wait(30)
        return Answer(503, {}, b"down")

    origin.answer = answer
    edge = make_edge(origin, cache=False)
    assert edge.get("/s").body == b"old"
    state["down"] = True
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(edge.get, "/s")
        assert entered.wait(30)
        edge.purge(url=edge.url + "/s")
        purged.set()
        assert waiting.result().status == 503


def test_a_soft_purge_shows(origin, make_edge):
    answers(origin, Cache_Control="max-age=60, stale-while-revalidate=60", ETag='"1"')
    edge = make_edge(origin, cache=False)
    edge.get("/p")
    edge.purge(soft=True, url=edge.url + "/p")
    entry = json.loads(edge.admin(f"/cache/entry?url={edge.url}/p")[1])
    assert entry["soft_purged"] and entry["state"] == "stale"
    assert "ttl=0" in edge.get("/p").cache_status


def test_a_range_outside_is_told_where_the_object_ends(origin, make_edge):
    body = body_of("short", 1_000)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin, cache=False)
    edge.get("/o")
    answer = edge.get("/o", {"Range": "bytes=1000-"})
    assert answer.status == 416 and answer.fields["content-range"] == "bytes */1000"
    assert "1000 bytes" in json.loads(answer.body)["detail"]


def test_the_origins_status_is_told_of_a_range_that_was_filled(origin, make_edge):
    body = body_of("part", 5_000_000)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin, cache=False)
    answer = edge.get("/f", {"Range": "bytes=3000000-3000009"})
    assert answer.status == 206 and "fwd-status=206" in answer.cache_status
