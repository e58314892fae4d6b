"""Private media: who has a token gets them, from the cache like everyone's; who has none gets nothing,
however he asks, and is in nobody's way. docs/media-tokens.md."""

import json
import threading
import time
import urllib.parse

import pytest

from harness import Answer, body_of, curl, ranged, wait_until
from media_keys import MediaKey, NO_BYTES, refused

SIZE = 200_000


@pytest.fixture
def key(tmp_path):
    return MediaKey("k1", tmp_path / "k1.pem")


class PrivateOrigin:
    """What an origin with private media under /media/priv/ answers to an edge that it trusts."""

    def __init__(self, origin):
        self.origin = origin
        self.fields = {"Surrogate-Control": "public;headrace, max-age=3600;headrace"}
        self.status = None
        self.gate = None
        origin.answer = self.answer

    def answer(self, request):
        if self.gate is not None:
            self.gate.wait(30)
        path = urllib.parse.unquote(request.target.split("?")[0])
        if not path.startswith("/media/priv/"):
            return ranged(request, body_of(path, SIZE))
        if request.fields.get("headrace-media-access") != "enforced":
            return Answer(403, {"Cache-Control": "no-store"}, b"who are you?")
        fields = {"Headrace-Access": "token", "Cache-Control": "private, max-age=3600",
                  "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT", **self.fields}
        if self.status is not None:
            return Answer(self.status, fields, b"secret")
        return ranged(request, body_of(path, SIZE), fields=fields)


@pytest.fixture
def private(origin):
    return PrivateOrigin(origin)


@pytest.fixture
def edge(private, key, make_edge):
    return make_edge(private.origin, site=f'media_keys = ["{key.line}"]')


def tokened(key, path, seconds=3600):
    """The URL path of /media/VIDEO/… with a token for it."""
    video = path.split("/")[2]
    return f"/media/~{key.token(f'/{video}/', seconds)}/{path.removeprefix('/media/')}"


def reasons(edge):
    return {name: edge.metric("headrace_edge_access_refused_total", reason=name)
            for name in ("malformed", "unknown_key", "expired", "forged", "no_token")}


def test_all_who_have_a_token_share_one_object(edge, private, key):
    path = "/media/priv/a.m4s"
    first = edge.get(tokened(key, path))
    assert first.status == 200 and first.body == body_of(path, SIZE)
    assert "headrace-access" not in first.fields and "surrogate-control" not in first.fields
    second = edge.get(tokened(key, path, 1800))
    assert "hit" in second.cache_status and second.body == first.body
    encoded = edge.get(tokened(key, path).replace("~", "%7E"))
    assert "hit" in encoded.cache_status
    (asked,) = private.origin.requests()
    assert asked.target == path and asked.fields["headrace-media-access"] == "enforced"
    entry = json.loads(edge.admin(f"/cache/entry?url={edge.url}{path}")[1])
    assert entry["access"] == "token"


# What may be asked of a stored object, by somebody without a token.
QUESTIONS = {
    "get": ("GET", {}),
    "head": ("HEAD", {}),
    "range": ("GET", {"Range": "bytes=10-19"}),
    "suffix": ("GET", {"Range": "bytes=-5"}),
    "several": ("GET", {"Range": "bytes=0-9,100-109"}),
    "unsatisfiable": ("GET", {"Range": "bytes=999999999-"}),
    "if_none_match": ("GET", {"If-None-Match": '"v1"'}),
    "if_none_match_star": ("HEAD", {"If-None-Match": "*"}),
    "if_modified_since": ("GET", {"If-Modified-Since": "Sun, 06 Nov 2094 08:49:37 GMT"}),
    "if_match": ("GET", {"If-Match": '"other"'}),
    "if_range": ("GET", {"Range": "bytes=0-1", "If-Range": '"v1"'}),
    "no_cache": ("GET", {"Cache-Control": "no-cache"}),
    "only_if_cached": ("GET", {"Cache-Control": "only-if-cached"}),
    "max_stale": ("GET", {"Cache-Control": "max-stale"}),
    "claims": ("GET", {"Headrace-Media-Access": "enforced", "Headrace-Access": "token",
                       "Headrace-Media-Token": "verified"}),
}


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_without_a_token_a_hit_gives_nothing(edge, private, key, where):
    path = "/media/priv/a.m4s"
    assert edge.get(tokened(key, path)).status == 200
    if where == "disk":
        stop_with_all_on_disk(edge)
        edge.start()
    before = len(private.origin.requests())
    for name, (method, fields) in QUESTIONS.items():
        refused(edge.get(path, fields, method=method))
        options = [f"-H{field}: {value}" for field, value in fields.items()]
        seen = curl("--http2-prior-knowledge", "-I" if method == "HEAD" else "-i", *options,
                    edge.url + path)
        head, _, body = seen.stdout.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/2 403") and b"etag" not in head, (name, head)
        assert NO_BYTES.fullmatch(body), name
    assert len(private.origin.requests()) == before, "nobody without a token causes a request"
    assert reasons(edge)["no_token"] == 2 * len(QUESTIONS)
    assert edge.metric("headrace_edge_requests_total", result="refused") == 2 * len(QUESTIONS)
    # And with one, all of it works.
    body = body_of(path, SIZE)
    url = tokened(key, path)
    assert edge.get(url).body == body
    assert edge.get(url, {"Range": "bytes=10-19"}).body == body[10:20]
    assert edge.get(url, {"Range": "bytes=0-9,100-109"}).status == 206
    assert edge.get(url, {"If-None-Match": '"v1"'}).status == 304
    assert edge.get(url, {"Range": "bytes=999999999-"}).status == 416
    assert edge.get(url, method="HEAD").status == 200
    assert len(private.origin.requests()) == before
    seen = curl("--http2-prior-knowledge", "-D-", edge.url + url).stdout
    assert seen.startswith(b"HTTP/2 200") and seen.endswith(body)


def stop_with_all_on_disk(edge):
    wait_until(lambda: json.loads(edge.admin("/cache/stats")[1])["disk"]["chunks_written"] >= 1,
               "the object is on disk")
    edge.stop()


def test_a_restart_forgets_no_mark(edge, private, key):
    path = "/media/priv/a.m4s"
    assert edge.get(tokened(key, path)).status == 200
    stop_with_all_on_disk(edge)
    edge.start()
    private.origin.stop()
    refused(edge.get(path))
    refused(edge.get(path, {"Range": "bytes=0-0"}))
    found = edge.get(tokened(key, path))
    assert "detail=disk" in found.cache_status and found.body == body_of(path, SIZE)
    refused(edge.get(path))


def test_a_bad_token_is_refused_before_anyone_is_asked(edge, private, key, tmp_path):
    good = key.token("/priv/")
    key_id, expires, length, signature = good.split(".")
    stranger = MediaKey("k1", tmp_path / "stranger.pem")
    unknown = MediaKey("k9", tmp_path / "k9.pem")
    bad = {
        "malformed": ["", "x", good + ".x", good[:-1], good + "A", good.replace(".", "%2E"),
                      f"{key_id}.{expires}.{length}.{'A' * 5000}", f"{key_id}.0{expires}.{length}.{signature}",
                      f"{key_id}.{expires}.3.{signature}", f"{key_id}.{expires}.999.{signature}"],
        "unknown_key": [unknown.token("/priv/")],
        "expired": [key.token("/priv/", -1)],
        "forged": [key.token("/prix/"), key.token("/other/"), stranger.token("/priv/"),
                   f"{key_id}.{int(expires) + 1}.{length}.{signature}",
                   f"{key_id}.{expires}.{length}.{signature[::-1]}"],
    }
    for reason, tokens in bad.items():
        before = reasons(edge)[reason]
        for token in tokens:
            refused(edge.get(f"/media/~{token}/priv/a.m4s"))
            refused(edge.get(f"/media/~{token}/priv/a.m4s", method="POST", body=b"x"))
        count = reasons(edge)[reason] - before
        if reason != "forged":  # A reversed signature may be no base64.
            assert count == 2 * len(tokens), reason
    refused(edge.get("/media/~"))
    refused(edge.get(f"/media/~{good}"))
    refused(edge.get(f"/media/~{good}?/priv/a"))
    assert edge.get(f"/media/~{good}/priv/../pub/a").status == 400
    assert edge.get(f"/media/~{good}/priv/%2e%2e/pub/a").status == 400
    assert private.origin.requests() == []
    assert edge.metric("headrace_edge_passes_total") == 0
    # Nor did any of it leave a mark that keeps who may from sharing.
    for _ in range(3):
        assert edge.get(f"/media/~{good}/priv/a.m4s").status == 200
    assert len(private.origin.requests()) == 1


def test_who_has_no_token_learns_nothing_from_a_miss_and_fills_for_those_who_have(edge, private, key):
    for number, (name, (method, fields)) in enumerate(QUESTIONS.items()):
        if name == "only_if_cached":
            continue
        refused(edge.get(f"/media/priv/{number}.m4s", fields, method=method))
    path = "/media/priv/0.m4s"
    wait_until(lambda: "hit" in edge.get(tokened(key, path), method="HEAD").cache_status,
               "what the first brought is there")
    assert edge.get(tokened(key, path)).body == body_of(path, SIZE)
    assert len(private.origin.requests(path)) == 1


def in_parallel(*calls):
    answers = [None] * len(calls)

    def run(index):
        answers[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
        time.sleep(0.15)  # In this order.
    return threads, answers


@pytest.mark.parametrize("lead", ["with", "without"])
@pytest.mark.parametrize("fields", [{}, {"Authorization": "Bearer x"}, {"Cookie": "a=b"},
                                    {"Range": "bytes=0-9"}, {"Range": "bytes=-9"}])
def test_waiting_together_they_are_told_apart(edge, private, key, lead, fields):
    path = "/media/priv/a.m4s"
    private.gate = threading.Event()
    may = lambda: edge.get(tokened(key, path))
    may_not = lambda: edge.get(path, fields)
    calls = [may_not, may, may_not, may] if lead == "without" else [may, may_not, may, may_not]
    threads, answers = in_parallel(*calls)
    private.gate.set()
    for thread in threads:
        thread.join(30)
    for call, answer in zip(calls, answers):
        if call is may_not:
            refused(answer)
        else:
            assert answer.status == 200 and answer.body == body_of(path, SIZE)
    assert len(private.origin.requests(path)) == 1, [one.fields for one in private.origin.requests()]


def test_who_wants_nothing_stored_leads_nobody(edge, private, key):
    path = "/media/priv/a.m4s"
    private.gate = threading.Event()
    may = lambda: edge.get(tokened(key, path))
    threads, answers = in_parallel(lambda: edge.get(path, {"Cache-Control": "no-store"}),
                                   may, may, may)
    private.gate.set()
    for thread in threads:
        thread.join(30)
    refused(answers[0])
    assert all(answer.body == body_of(path, SIZE) for answer in answers[1:])
    assert len(private.origin.requests(path)) == 2, "his own, and one for the others"


def test_stale_answers_are_kept_from_those_without_a_token(edge, private, key):
    private.fields = {"Surrogate-Control": "max-age=1;headrace, stale-while-revalidate=600;headrace, "
                                           "stale-if-error=600;headrace"}
    path = "/media/priv/a.m4s"
    url = tokened(key, path)
    assert edge.get(url).status == 200
    time.sleep(1.3)
    for method, fields in QUESTIONS.values():
        refused(edge.get(path, fields, method=method))
    time.sleep(0.2)
    assert len(private.origin.requests()) == 1, "not even a revalidation behind"
    stale = edge.get(url)
    assert stale.status == 200 and "hit" in stale.cache_status
    wait_until(lambda: len(private.origin.requests()) == 2, "it is revalidated for who may")
    refused(edge.get(path))
    time.sleep(1.3)
    private.origin.stop()
    refused(edge.get(path))
    refused(edge.get(path, {"Cache-Control": "no-cache"}))
    down = edge.get(url)
    assert down.status == 200 and down.body == body_of(path, SIZE)


def test_what_is_not_stored_is_guarded_as_well(edge, private, key):
    path = "/media/priv/a.m4s"
    private.fields = {"Set-Cookie": "a=b", "Surrogate-Control": "max-age=60;headrace"}
    for target, check in ((path, refused), (tokened(key, path), lambda a: a.status == 200)):
        for method, fields in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-9"}),
                               ("GET", {"Accept": "text/event-stream"}), ("GET", {})):
            answer = edge.get(target, fields, method=method)
            assert check(answer) or answer.status == 206, (target, method, answer.status)
            assert "headrace-access" not in answer.fields
            assert "surrogate-control" not in answer.fields
    private.fields = {"Cache-Control": "no-store"}
    for status in (404, 500, 302):
        private.status = status
        refused(edge.get(f"/media/priv/{status}"))
        answer = edge.get(tokened(key, f"/media/priv/{status}"))
        assert answer.status == status and answer.body == b"secret"


def test_the_token_is_in_no_log_and_no_request(private, key, make_edge, origin, tmp_path):
    path = "/media/priv/a.m4s"
    edges = [make_edge(origin, site=f'media_keys = ["{key.line}"]\ncache = {cache}',
                       extra='level = "debug"') for cache in ("true", "false")]
    edges.append(make_edge(origin, extra='level = "debug"\nform = "combined"'))
    tokens = [key.token("/priv/"), key.token("/priv/", -5), key.token("/other/"),
              key.token("/priv/") + "x"]
    for edge in edges:
        for token in tokens:
            url = f"/media/~{token}/priv/a.m4s"
            referer = {"Referer": f"http://v.example{url}"}
            for method in ("GET", "HEAD", "POST", "OPTIONS"):
                edge.get(url, referer, method=method)
            edge.get(path, referer)
            edge.get(url.replace("~", "%7e"), host="elsewhere.example")
        edge.stop()
    texts = [edge.access_log.read_text() + edge.daemon.text() for edge in edges]
    for token in tokens:
        signature = token.split(".")[3][:86]
        for text in texts:
            assert signature not in text
    assert path in texts[0] and "/media/~/priv/a.m4s" in texts[0]
    for asked in origin.requests():
        if asked.fields["via"].endswith("edge-1") and "headrace-media-access" in asked.fields:
            assert "~" not in asked.target
        assert "k1." not in asked.fields.get("referer", "")


def test_a_token_counts_until_it_expires_and_no_longer(edge, private, key):
    url = tokened(key, "/media/priv/a.m4s", 3)
    assert edge.get(url).status == 200
    assert "hit" in edge.get(url).cache_status
    time.sleep(3.2)
    refused(edge.get(url))
    assert reasons(edge)["expired"] == 1
    assert len(private.origin.requests()) == 1


def test_keys_are_changed_by_a_reload(edge, private, key, tmp_path):
    other = MediaKey("k2", tmp_path / "k2.pem")
    path = "/media/priv/a.m4s"
    old, new = tokened(key, path), tokened(other, path)
    assert edge.get(old).status == 200
    refused(edge.get(new))
    edge.reload(site=f'media_keys = ["{key.line}", "{other.line}"]')
    assert edge.get(old).status == 200 and edge.get(new).status == 200
    edge.reload(site=f'media_keys = ["{other.line}"]')
    refused(edge.get(old))
    assert "hit" in edge.get(new).cache_status
    # The same id, another key: what was verified under the old one is worth nothing.
    impostor = MediaKey("k2", tmp_path / "impostor.pem")
    edge.reload(site=f'media_keys = ["{impostor.line}"]')
    refused(edge.get(new))
    # Without keys nobody can show anything: what is stored stays closed.
    edge.reload(site="")
    refused(edge.get(path))
    assert len(private.origin.requests()) == 1


def test_what_a_client_claims_is_not_passed_on(private, key, make_edge):
    claims = {"Headrace-Media-Access": "enforced", "headrace_media_access": "enforced",
              "Connection": "close, Headrace-Media-Access", "Headrace-Access": "public"}
    without_keys = make_edge(private.origin)
    answer = without_keys.get("/media/priv/a.m4s", claims)
    assert answer.status == 403 and answer.body == b"who are you?"
    assert all("headrace-media-access" not in one.fields for one in private.origin.requests())
    with_keys = make_edge(private.origin, site=f'media_keys = ["{key.line}"]')
    refused(with_keys.get("/media/priv/a.m4s", claims))
    assert private.origin.requests()[-1].fields["headrace-media-access"] == "enforced"


def test_public_media_need_no_token_and_mind_none(edge, private, key):
    path = "/media/pub/a.m4s"
    assert edge.get(path).body == body_of(path, SIZE)
    assert "hit" in edge.get(tokened(key, path)).cache_status
    assert "hit" in edge.get(path).cache_status
    assert len(private.origin.requests()) == 1
    assert sum(reasons(edge).values()) == 0


def test_a_purge_names_the_path_without_token(edge, private, key):
    path = "/media/priv/a.m4s"
    url = tokened(key, path)
    assert edge.get(url).status == 200
    status, text = edge.admin(f"/purge?url={edge.url}{url}", "POST")
    assert status == 400 and "without its media token" in text
    edge.purge(url=edge.url + path)
    assert "fwd=uri-miss" in edge.get(url).cache_status


def test_an_object_that_becomes_private_is_given_to_nobody_who_came_before(make_edge, origin, key):
    """Of an origin that changes its mind; ours does not."""
    private = PrivateOrigin(origin)
    body = body_of("x", 3 << 20)
    is_private = False

    def answer(request):
        fields = {"Headrace-Access": "token"} if is_private else {}
        return ranged(request, body, fields=fields)

    private.origin.answer = answer
    edge = make_edge(origin, site=f'media_keys = ["{key.line}"]')
    assert edge.get("/media/v/a", {"Range": "bytes=0-9"}).status == 206
    is_private = True
    late = edge.get("/media/v/a", {"Range": f"bytes={2 << 20}-{(2 << 20) + 9}"})
    assert late.status != 206 and body[2 << 20:(2 << 20) + 10] not in late.body
    refused(edge.get("/media/v/a"))
    assert edge.get(tokened(key, "/media/v/a")).body == body
