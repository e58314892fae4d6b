"""Freshness, revalidation, Vary, purge, pass-through: what RFC 9110 and 9111 ask of a cache."""

import http.client
import json
import pathlib
import re
import threading
import time

import pytest

from harness import Answer, answers, body_of, curl, ranged, wait_until


def test_private_and_no_store_are_not_kept(origin, make_edge):
    edge = make_edge(origin, cache=False)
    for value in ("private", "no-store", "private, max-age=60"):
        answers(origin, Cache_Control=value)
        assert edge.get(f"/{value[:5]}-{len(value)}").body != edge.get(f"/{value[:5]}-{len(value)}").body


def test_an_uncacheable_response_is_fetched_once_for_each_client(origin, make_edge):
    answers(origin, Cache_Control="no-store")
    edge = make_edge(origin, cache=False)
    for i in range(5):
        edge.get("/private")
    assert len(origin.requests()) == 5


def test_cookies_make_a_response_private(origin, make_edge):
    answers(origin, Set_Cookie="a=b", Cache_Control="max-age=60")
    edge = make_edge(origin, cache=False)
    assert edge.get("/c").body != edge.get("/c").body


def test_authorized_responses_are_not_shared(origin, make_edge):
    answers(origin, Cache_Control="max-age=60")
    edge = make_edge(origin, cache=False)
    first = edge.get("/a", {"Authorization": "Bearer x"})
    assert edge.get("/a").body != first.body


def test_stale_is_revalidated_by_one_conditional_request(origin, make_edge):
    body = body_of("reval", 2_500_000)
    origin.answer = lambda request: ranged(request, body, fields={"Cache-Control": "max-age=1"})
    edge = make_edge(origin, cache=False)
    assert edge.get("/r").body == body
    time.sleep(2.1)
    again = edge.get("/r")
    assert again.body == body and "fwd=stale" in again.cache_status
    assert "fwd-status=304" in again.cache_status
    assert origin.requests()[-1].fields["if-none-match"] == '"v1"'
    assert len(origin.requests()) == 2
    assert "hit" in edge.get("/r").cache_status


def test_a_changed_object_replaces_the_stale_one(origin, make_edge):
    state = {"body": b"old", "etag": '"1"'}
    origin.answer = lambda request: ranged(request, state["body"], etag=state["etag"],
                                           fields={"Cache-Control": "max-age=1"})
    edge = make_edge(origin, cache=False)
    assert edge.get("/r").body == b"old"
    state.update(body=b"new", etag='"2"')
    time.sleep(2.1)
    assert edge.get("/r").body == b"new"


def test_stale_while_revalidate(origin, make_edge):
    answers(origin, Cache_Control="max-age=1, stale-while-revalidate=60", ETag='"x"')
    edge = make_edge(origin, cache=False)
    first = edge.get("/s").body
    time.sleep(2.1)
    stale = edge.get("/s")
    assert stale.body == first and "hit" in stale.cache_status and "ttl=-" in stale.cache_status
    wait_until(lambda: edge.get("/s").body != first, "it was refreshed behind")


def test_stale_if_error(origin, make_edge):
    body = b"kept"
    state = {"fail": False}
    origin.answer = lambda request: Answer(503, {}, b"down") if state["fail"] else ranged(
        request, body, fields={"Cache-Control": "max-age=1, stale-if-error=60"})
    edge = make_edge(origin, cache=False)
    edge.get("/e")
    state["fail"] = True
    time.sleep(2.1)
    stale = edge.get("/e")
    assert stale.status == 200 and stale.body == body
    assert "fwd=stale" in stale.cache_status
    origin.stop()
    assert edge.get("/e").body == body
    assert edge.metric("headrace_edge_stale_on_error_total") >= 1


def test_errors_are_cached_only_briefly(origin, make_edge):
    state = {"status": 404}
    origin.answer = lambda request: Answer(state["status"], {}, b"no")
    edge = make_edge(origin, cache=False, site='freshness.negative_lifetime = "1s"')
    assert edge.get("/n").status == 404
    state["status"] = 200
    assert edge.get("/n").status == 404
    assert len(origin.requests()) == 1
    wait_until(lambda: edge.get("/n").status == 200, "the error is forgotten")


def test_cdn_cache_control_wins(origin, make_edge):
    answers(origin, Cache_Control="no-store", CDN_Cache_Control="max-age=60")
    edge = make_edge(origin, cache=False)
    assert edge.get("/cdn").body == edge.get("/cdn").body


def test_vary_keeps_variants_apart(origin, make_edge):
    origin.answer = lambda request: Answer(
        200, {"Vary": "Accept-Language", "Cache-Control": "max-age=60"},
        request.fields.get("accept-language", "none").encode())
    edge = make_edge(origin)
    for _ in range(2):
        for language in ("de", "fr"):
            assert edge.get("/v", {"Accept-Language": language}).body == language.encode()
        assert edge.get("/v").body == b"none"
    assert len(origin.requests()) == 3
    edge.purge(url=edge.url + "/v")
    edge.get("/v", {"Accept-Language": "de"})
    assert len(origin.requests()) == 4


@pytest.mark.parametrize("disk", [False, True])
def test_purge_by_url_prefix_and_tag(origin, make_edge, disk):
    origin.answer = lambda request: Answer(
        200, {"Cache-Control": "max-age=60", "Surrogate-Key": "film news"},
        str(len(origin.requests())).encode())
    edge = make_edge(origin, cache=disk)
    for what in (dict(url=edge.url + "/a/b"), dict(site="site", prefix="/a"),
                 dict(site="site", tag="news"), dict(site="site", everything="1")):
        before = edge.get("/a/b").body
        assert edge.get("/a/b").body == before
        edge.purge(**what)
        assert edge.get("/a/b").body != before, what
    before = edge.get("/a/b").body
    edge.purge(url=edge.url + "/a/c")
    edge.purge(site="site", prefix="/b")
    edge.purge(site="site", tag="other")
    assert edge.get("/a/b").body == before


def test_a_purge_survives_kill_9(origin, make_edge):
    answers(origin, Cache_Control="max-age=600", ETag='"x"')
    edge = make_edge(origin)
    before = edge.get("/k").body
    wait_until(lambda: json.loads(edge.admin("/cache/stats")[1])["disk"]["chunks_written"] >= 1,
               "it is on disk")
    edge.purge(url=edge.url + "/k")
    edge.kill()
    edge.start()
    assert edge.get("/k").body != before


def test_soft_purge_revalidates(origin, make_edge):
    origin.answer = lambda request: ranged(request, b"same")
    edge = make_edge(origin, cache=False)
    edge.get("/soft")
    edge.purge(url=edge.url + "/soft", soft=True)
    again = edge.get("/soft")
    assert again.body == b"same" and "fwd-status=304" in again.cache_status


def test_a_fill_under_way_can_not_bring_purged_bytes_back(origin, make_edge):
    gate = threading.Event()
    old, new = b"old" * 1000, b"new" * 1000
    origin.answer = lambda request: Answer(200, {"Cache-Control": "max-age=60", "ETag": '"o"'}, old,
                                           pause_at=100, pause=gate)
    edge = make_edge(origin, cache=False)
    thread = threading.Thread(target=edge.get, args=("/race",))
    thread.start()
    wait_until(lambda: origin.requests("/race"), "the fill is under way")
    edge.purge(url=edge.url + "/race")
    origin.answer = lambda request: Answer(200, {"Cache-Control": "max-age=60", "ETag": '"n"'}, new)
    gate.set()
    thread.join()
    assert edge.get("/race").body == new


def test_unsafe_methods_pass_and_invalidate(origin, make_edge):
    answers(origin, Cache_Control="max-age=60")
    edge = make_edge(origin, cache=False)
    before = edge.get("/u").body
    assert edge.get("/u").body == before
    got = edge.get("/u", method="POST", body=b"hello")
    assert "fwd=method" in got.cache_status
    assert origin.requests()[-1].body == b"hello"
    wait_until(lambda: edge.get("/u").body != before, "the change is seen")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_bodies_of_every_size_pass(origin, make_edge, method):
    origin.answer = lambda request: Answer(201, {}, str(len(request.body)).encode())
    edge = make_edge(origin, cache=False)
    for size in (0, 1, 65536, 5_000_000):
        body = body_of(method, size)
        got = edge.get("/put", method=method, body=body)
        assert got.status == 201 and got.body == str(size).encode()
        assert origin.requests()[-1].body == body


def test_chunked_uploads_pass_over_http2(origin, make_edge, tmp_path):
    origin.answer = lambda request: Answer(200, {}, str(len(request.body)).encode())
    edge = make_edge(origin, cache=False)
    upload = tmp_path / "upload"
    upload.write_bytes(body_of("up", 3_000_000))
    assert curl("--http2-prior-knowledge", "-T", upload, edge.url + "/up").stdout == b"3000000"
    assert curl("-H", "Transfer-Encoding: chunked", "-T", upload,
                edge.url + "/up").stdout == b"3000000"


def test_event_streams_pass_without_delay(origin, make_edge):
    gate = threading.Event()
    events = b"data: 1\n\n" + b"data: 2\n\n"
    origin.answer = lambda request: Answer(200, {"Content-Type": "text/event-stream"}, events,
                                           chunked=True, pause_at=9, pause=gate)
    edge = make_edge(origin, cache=False)
    for fields in ({"Accept": "text/event-stream"}, {}):
        gate.clear()
        client = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=30)
        client.request("GET", "/events", headers=fields)
        response = client.getresponse()
        assert response.read(9) == b"data: 1\n\n"  # The origin still holds the second.
        gate.set()
        assert response.read() == b"data: 2\n\n"
        client.close()


def test_unknown_hosts_are_421(origin, make_edge):
    edge = make_edge(origin, cache=False, start=False)
    edge.config.write_text(edge.config.read_text().replace('hosts = ["*"]', 'hosts = ["v.example"]'))
    edge.start()
    answers(origin)
    assert edge.get("/x", host="other.example").status == 421
    assert edge.get("/x", host="v.example").status == 200


def test_loops_are_508(origin, make_edge):
    edge = make_edge(origin, cache=False)
    assert edge.get("/x", {"CDN-Loop": "edge-1"}).status == 508


def test_query_rules_shape_key_and_request(origin, make_edge):
    answers(origin, Cache_Control="max-age=60")
    edge = make_edge(origin, cache=False, site='query.rule = "sort"\nquery.drop = ["utm"]')
    assert edge.get("/q?b=2&utm=9&a=1").body == edge.get("/q?a=1&b=2").body
    assert [request.target for request in origin.requests()] == ["/q?a=1&b=2"]


def test_ambiguous_paths_are_refused(origin, make_edge):
    edge = make_edge(origin, cache=False)
    for target in ("/a/../b", "/a%2fb", "/a/%2e%2e/b", "/a%00"):
        assert curl("--path-as-is", "-o", "/dev/null", "-w", "%{http_code}",
                    edge.url + target).stdout == b"400"
    assert not origin.requests()


def test_cors(origin, make_edge):
    answers(origin, Cache_Control="max-age=60", Access_Control_Allow_Origin="https://wrong")
    edge = make_edge(origin, cache=False, site='cors.origins = ["https://p.example"]')
    for _ in range(2):
        got = edge.get("/c", {"Origin": "https://p.example"})
        assert got.fields["access-control-allow-origin"] == "https://p.example"
    assert "access-control-allow-origin" not in edge.get("/c", {"Origin": "https://x"}).fields
    preflight = edge.get("/c", {"Origin": "https://p.example", "Access-Control-Request-Method":
                                "GET", "Access-Control-Request-Headers": "range"}, method="OPTIONS")
    assert preflight.status == 204
    assert preflight.fields["access-control-allow-headers"] == "range"
    assert preflight.fields["access-control-allow-methods"] == "GET, HEAD, OPTIONS"


def test_what_clients_claim_is_not_forwarded(origin, make_edge):
    answers(origin)
    edge = make_edge(origin, cache=False)
    claims = {"X-Forwarded-For": "10.9.9.9", "Forwarded": "for=10.9.9.9", "X-Real-IP": "10.9.9.9",
              "Connection": "x-secret", "X-Secret": "1"}
    edge.get("/f", claims, method="POST", body=b"x")
    edge.get("/f", claims)
    passed, filled = (request.fields for request in origin.requests())
    for fields in (passed, filled):
        assert "10.9.9.9" not in str(fields)
        assert "x-secret" not in fields and fields["cdn-loop"] == "edge-1"
    assert passed["x-forwarded-for"] == "127.0.0.1"
    # What a fill brings is for everyone, so it names no client.
    assert "x-forwarded-for" not in filled and "x-forwarded-host" not in filled


def test_the_admin_pages(origin, make_edge):
    answers(origin, Cache_Control="max-age=60", Surrogate_Key="a b")
    edge = make_edge(origin)
    edge.get("/page")
    entry = json.loads(edge.admin(f"/cache/entry?url={edge.url}/page")[1])
    assert entry["state"] == "fresh" and entry["length"] == 1 and entry["tags"] == 2
    assert edge.admin(f"/cache/entry?url={edge.url}/none")[0] == 404
    assert edge.admin("/healthz")[0] == 200
    assert 'name = "edge-1"' in edge.admin("/config")[1]
    for bad in ("/purge", "/purge?site=none&prefix=/", "/purge?site=site&prefix=x", "/purge?url=%zz"):
        status, text = edge.admin(bad, "POST")
        assert status in (400, 404) and json.loads(text)["detail"], bad
    assert edge.admin("/purge?site=site&everything=1", "GET")[0] == 405
    assert edge.admin("/drain", "POST")[0] == 202
    assert edge.daemon.process.wait(30) == 0


def test_every_metric_is_documented(origin, make_edge):
    answers(origin, Cache_Control="max-age=60")
    edge = make_edge(origin, tls=True)
    edge.get("/m")
    page = (pathlib.Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    names = re.findall(r"^# TYPE (\S+)", edge.admin("/metrics")[1], re.M)
    assert len(names) > 30
    assert [name for name in names if f"`{name}`" not in page] == []


def test_a_content_range_beside_200_is_kept_but_never_contradicts_a_range(origin, make_edge):
    origin.answer = lambda request: Answer(
        200, {"Cache-Control": "max-age=60", "ETag": '"v1"', "Content-Range": "odd"}, b"0123456789")
    edge = make_edge(origin)
    edge.get("/odd")
    assert edge.get("/odd").fields["content-range"] == "odd"
    part = edge.get("/odd", {"Range": "bytes=2-3"})
    assert (part.status, part.fields["content-range"], part.body) == (206, "bytes 2-3/10", b"23")
