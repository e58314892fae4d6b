"""Byte ranges of every form, from whole and partly filled objects, give the origin's bytes."""

import random
import re

import pytest

from harness import Answer, body_of, ranged

MIB = 1 << 20
SIZE = 5 * MIB + 4321
BODY = body_of("film", SIZE)

SINGLE = [(0, 0), (0, 99), (MIB - 1, MIB), (MIB - 1, MIB - 1), (MIB, MIB), (65535, 65536),
          (2 * MIB - 10, 4 * MIB + 10), (SIZE - 1, SIZE - 1), (SIZE - 5, SIZE + 100), (0, SIZE - 1)]


@pytest.fixture
def edge(origin, make_edge):
    origin.answer = lambda request: ranged(request, BODY)
    return make_edge(origin)


@pytest.mark.parametrize("first,last", SINGLE)
def test_single_ranges_of_an_unknown_object(edge, first, last):
    for expected in ("fwd=uri-miss", "hit"):
        got = edge.get("/film", {"Range": f"bytes={first}-{last}"})
        end = min(last, SIZE - 1)
        assert got.status == 206 and got.body == BODY[first:end + 1]
        assert got.fields["content-range"] == f"bytes {first}-{end}/{SIZE}"
        assert expected in got.cache_status


def test_open_and_suffix_ranges(edge):
    assert edge.get("/film", {"Range": f"bytes={SIZE - 70000}-"}).body == BODY[-70000:]
    assert edge.get("/film", {"Range": "bytes=-70000"}).body == BODY[-70000:]
    assert edge.get("/film", {"Range": f"bytes=-{SIZE * 2}"}).body == BODY


def test_a_small_range_does_not_pull_the_file(edge, origin):
    for _ in range(20):
        edge.get("/film", {"Range": "bytes=100-200"})
    assert len(origin.requests()) == 1
    assert origin.requests()[0].fields["range"] == f"bytes=0-{MIB - 1}"


def test_a_suffix_of_an_unknown_object_does_not_pull_the_file(edge, origin):
    assert edge.get("/film", {"Range": "bytes=-10"}).body == BODY[-10:]
    assert all("range" in request.fields for request in origin.requests())


def test_several_ranges_are_a_multipart(edge):
    got = edge.get("/film", {"Range": "bytes=0-9,1048570-1048585,-5"})
    assert got.status == 206
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\S+)", got.fields["content-type"])[1]
    parts = got.body.split(f"--{boundary}".encode())
    assert len(parts) == 5 and parts[4].startswith(b"--")
    bodies = [part.split(b"\r\n\r\n", 1)[1][:-2] for part in parts[1:4]]
    assert bodies == [BODY[:10], BODY[1048570:1048586], BODY[-5:]]
    assert int(got.fields["content-length"]) == len(got.body)


def test_overlapping_ranges_are_joined_and_many_refused(edge):
    edge.get("/film", {"Range": "bytes=0-0"})
    assert edge.get("/film", {"Range": "bytes=0-9,5-19"}).body == BODY[:20]
    many = ",".join(f"{i * 10}-{i * 10}" for i in range(5))
    assert edge.get("/film", {"Range": f"bytes={many}"}).status == 416


def test_unsatisfiable_ranges(edge):
    edge.get("/film", {"Range": "bytes=0-0"})
    got = edge.get("/film", {"Range": f"bytes={SIZE}-"})
    assert got.status == 416 and got.fields["content-range"] == f"bytes */{SIZE}"


def test_an_unsatisfiable_range_of_an_unknown_object(edge):
    assert edge.get("/film", {"Range": f"bytes={SIZE + 5 * MIB}-"}).status == 416


def test_if_range(edge):
    edge.get("/film", {"Range": "bytes=0-0"})
    assert edge.get("/film", {"Range": "bytes=0-9", "If-Range": '"v1"'}).status == 206
    whole = edge.get("/film", {"Range": "bytes=0-9", "If-Range": '"v0"'})
    assert whole.status == 200 and whole.body == BODY


def test_any_sequence_of_ranges_gives_the_origins_bytes(edge):
    rng = random.Random(7)
    for _ in range(150):
        first = rng.randrange(SIZE)
        last = min(SIZE - 1, first + int(rng.paretovariate(0.5) * 1000))
        got = edge.get("/film", {"Range": f"bytes={first}-{last}"})
        assert got.status == 206 and got.body == BODY[first:last + 1], (first, last)
    assert edge.get("/film").body == BODY


def test_an_origin_without_ranges_is_filled_whole(origin, make_edge):
    body = body_of("plain", 3 * MIB)
    origin.answer = lambda request: Answer(
        200, {"ETag": '"p"', "Cache-Control": "max-age=60"}, body)
    edge = make_edge(origin, cache=False)
    assert edge.get("/plain", {"Range": "bytes=2000000-2000009"}).body in (
        body[2000000:2000010], body)
    assert edge.get("/plain", {"Range": "bytes=5-9"}).body == body[5:10]
    assert len(origin.requests()) == 1


def test_without_a_strong_validator_only_whole_bodies_are_kept(origin, make_edge):
    body = body_of("weak", 3 * MIB)

    def answer(request):
        got = ranged(request, body, etag='W/"w"')
        return got

    origin.answer = answer
    edge = make_edge(origin, cache=False)
    assert edge.get("/weak", {"Range": "bytes=10-19"}).body == body[10:20]
    assert edge.get("/weak").body == body
    hit = edge.get("/weak", {"Range": "bytes=2097150-2097159"})
    assert hit.body == body[2097150:2097160] and "hit" in hit.cache_status


def test_an_object_that_changes_is_never_mixed(origin, make_edge):
    old, new = body_of("old", 4 * MIB), body_of("new", 4 * MIB)
    state = {"body": old, "etag": '"old"'}
    origin.answer = lambda request: ranged(request, state["body"], etag=state["etag"])
    edge = make_edge(origin, cache=False)
    assert edge.get("/film", {"Range": "bytes=0-9"}).body == old[:10]
    state.update(body=new, etag='"new"')
    first = edge.get("/film")
    if first.error is None:
        assert first.body in (old, new)
    else:
        assert old.startswith(first.body)
    assert edge.get("/film").body == new
