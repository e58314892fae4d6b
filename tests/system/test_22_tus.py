"""Resumable uploads as tus 1.0.0 has them, over raw HTTP, as tus-js-client and Uppy speak it."""

import base64
import hashlib
import select
import socket
import time

import pytest

import platform_harness
from platform_harness import make_clip

UPLOADS = "/api/v1/uploads"
BODY = "application/offset+octet-stream"


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform").start()
    yield made
    made.stop()


@pytest.fixture
def content(tmp_path):
    """A real video of more than two chunks of 8 MiB."""
    clip = make_clip(tmp_path / "clip.mp4", seconds=2).read_bytes()
    # A "free" box behind it: still the same video.
    filler = (18 << 20) - len(clip)
    return clip + filler.to_bytes(4, "big") + b"free" + bytes(filler - 8)


def tus(platform, method, path, body=None, **fields):
    names = {name.replace("_", "-"): str(value) for name, value in fields.items()}
    return platform.call(method, path, body, fields={"Tus-Resumable": "1.0.0", **names})


def create(platform, length, **fields):
    answer = tus(platform, "POST", UPLOADS, Upload_Length=length, **fields)
    assert answer.status == 201, answer.body
    return answer.getheader("Location")


def patch(platform, upload, offset, body, **fields):
    return tus(platform, "PATCH", upload, body, Content_Type=BODY, Upload_Offset=offset, **fields)


def offset_of(platform, upload):
    answer = tus(platform, "HEAD", upload)
    assert answer.status == 200 and answer.getheader("Cache-Control") == "no-store"
    return int(answer.getheader("Upload-Offset"))


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def test_what_can_be_done_is_told_to_anyone(platform):
    answer = platform.call("OPTIONS", UPLOADS, token="")
    assert answer.status == 204 and answer.getheader("Tus-Version") == "1.0.0"
    assert set(answer.getheader("Tus-Extension").split(",")) == {
        "creation", "creation-defer-length", "creation-with-upload", "checksum", "expiration", "termination", "concatenation"}
    assert answer.getheader("Tus-Checksum-Algorithm") == "sha1,sha256"


def test_a_file_in_pieces_becomes_a_video(platform, make_edge, content):
    edge = make_edge(platform.url)
    platform.start_worker()
    upload = create(platform, len(content),
                    Upload_Metadata=f"filename {encoded('a b.mp4')},title {encoded('Tüs')}")
    at = 0
    for size in (1, 100_000, 8 << 20, 9 << 20, len(content)):
        piece = content[at:at + size]
        answer = platform.call("PATCH", upload, piece, url=edge.url,
                               fields={"Tus-Resumable": "1.0.0", "Content-Type": BODY,
                                       "Upload-Offset": str(at)})
        assert answer.status == 204, answer.body
        at += len(piece)
        assert int(answer.getheader("Upload-Offset")) == at == offset_of(platform, upload)
        assert answer.getheader("Upload-Expires").endswith("GMT")
    assert at == len(content)
    video = answer.getheader("Headrace-Video")
    done = platform.wait(video, "ready")
    assert done["title"] == "Tüs" and done["file_name"] == "a b.mp4" and done["size"] == len(content)
    assert tus(platform, "HEAD", upload).getheader("Headrace-Video") == video


def test_the_length_may_come_with_the_last_bytes(platform, content):
    answer = tus(platform, "POST", UPLOADS, Upload_Defer_Length=1)
    assert answer.status == 201, answer.body
    upload = answer.getheader("Location")
    told = tus(platform, "HEAD", upload)
    assert told.getheader("Upload-Defer-Length") == "1" and told.getheader("Upload-Length") is None
    half = len(content) // 2
    assert patch(platform, upload, 0, content[:half]).getheader("Headrace-Video") is None
    platform.kill_origin()
    platform.start()
    assert offset_of(platform, upload) == half
    done = patch(platform, upload, half, content[half:], Upload_Length=len(content))
    assert done.status == 204 and done.getheader("Headrace-Video")
    told = tus(platform, "HEAD", upload)
    assert told.getheader("Upload-Defer-Length") is None
    assert int(told.getheader("Upload-Length")) == len(content)


def test_a_length_that_was_deferred_is_said_once_and_rightly(platform):
    for fields in ({"Upload_Defer_Length": 2}, {"Upload_Defer_Length": 1, "Upload_Length": 5}, {}):
        assert tus(platform, "POST", UPLOADS, **fields).status == 400
    upload = tus(platform, "POST", UPLOADS, Upload_Defer_Length=1).getheader("Location")
    assert patch(platform, upload, 0, b"x" * 10).status == 204
    for length, status in (("0", 400), ("x", 400), (9, 422), (1 << 52, 413)):
        assert patch(platform, upload, 10, b"", Upload_Length=length).status == status
    assert patch(platform, upload, 10, b"x", Upload_Length=20).status == 204
    assert patch(platform, upload, 11, b"x", Upload_Length=21).status == 422
    assert patch(platform, upload, 11, b"x" * 10).status == 413
    # Without a length no upload grows beyond what a file may have.
    part = tus(platform, "POST", UPLOADS, Upload_Defer_Length=1, Upload_Concat="partial")
    unfinished = part.getheader("Location")
    assert patch(platform, unfinished, 0, b"x").status == 204
    assert tus(platform, "POST", UPLOADS, Upload_Concat="final;" + unfinished).status == 422


def test_creation_with_upload_and_the_native_way_share_chunks(platform, content):
    answer = tus(platform, "POST", UPLOADS, content, Upload_Length=len(content), Content_Type=BODY)
    assert answer.status == 201 and int(answer.getheader("Upload-Offset")) == len(content)
    assert answer.getheader("Headrace-Video")
    hashes = [hashlib.sha256(content[at:at + (8 << 20)]).hexdigest()
              for at in range(0, len(content), 8 << 20)]
    assert platform.call("POST", "/api/v1/chunks/missing", {"hashes": hashes}).json["missing"] == []


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_wrong_checksum_is_460_and_nothing_is_kept(platform, content, algorithm):
    upload = create(platform, len(content))
    piece = content[:500_000]
    digest = base64.b64encode(hashlib.new(algorithm, piece).digest()).decode()
    wrong = patch(platform, upload, 0, piece[:-1] + b"!", Upload_Checksum=f"{algorithm} {digest}")
    assert wrong.status == 460 and offset_of(platform, upload) == 0
    right = patch(platform, upload, 0, piece, Upload_Checksum=f"{algorithm} {digest}")
    assert right.status == 204 and offset_of(platform, upload) == len(piece)
    other = patch(platform, upload, len(piece), b"x", Upload_Checksum="md5 aaaa")
    assert other.status == 400


def test_what_is_out_of_order_is_refused(platform, content):
    upload = create(platform, 1000)
    assert patch(platform, upload, 5, b"x").status == 409
    assert patch(platform, upload, "x", b"x").status == 400
    assert patch(platform, upload, 0, b"x" * 1001).status == 413
    assert tus(platform, "PATCH", upload, b"x", Upload_Offset=0, Content_Type="text/plain").status == 415
    assert platform.call("HEAD", upload).status == 412
    assert platform.call("POST", UPLOADS, fields={"Upload-Length": "5"}).status == 412
    for length in ("0", "-1", "x", str(1 << 60)):
        assert tus(platform, "POST", UPLOADS, Upload_Length=length).status in (400, 413)
    assert tus(platform, "HEAD", UPLOADS + "/nothing").status == 404
    # Another owner sees nothing of it.
    other = platform.token("other")
    assert platform.call("HEAD", upload, token=other, fields={"Tus-Resumable": "1.0.0"}).status == 404
    assert offset_of(platform, upload) == 0


def test_termination(platform):
    upload = create(platform, 1000)
    patch(platform, upload, 0, b"x" * 10)
    assert tus(platform, "DELETE", upload).status == 204
    assert tus(platform, "HEAD", upload).status == 404
    assert not list((platform.data / "tails").iterdir())


def test_parts_are_joined(platform, content):
    half = len(content) // 2
    parts = []
    for piece in (content[:half], content[half:]):
        part = create(platform, len(piece), Upload_Concat="partial")
        assert patch(platform, part, 0, piece).status == 204
        assert tus(platform, "HEAD", part).getheader("Headrace-Video") is None
        parts.append(part)
    final = tus(platform, "POST", UPLOADS, Upload_Concat="final;" + " ".join(parts))
    assert final.status == 201 and final.getheader("Headrace-Video")
    video = platform.video(final.getheader("Headrace-Video"))
    assert video["size"] == len(content)
    unfinished = create(platform, 10, Upload_Concat="partial")
    assert tus(platform, "POST", UPLOADS, Upload_Concat="final;" + unfinished).status == 422


def test_an_owner_has_so_many_uploads_open(tmp_path):
    platform = platform_harness.Platform(tmp_path / "few", "[uploads]\nopen_max = 2\n").start()
    try:
        first, second = create(platform, 10), create(platform, 10, Upload_Concat="partial")
        for body in (None, b"x" * 10):  # With its bytes, too.
            refused = tus(platform, "POST", UPLOADS, body, Upload_Length=10, Content_Type=BODY)
            assert refused.status == 429 and refused.getheader("Tus-Resumable") == "1.0.0"
            assert refused.getheader("Content-Type") == "application/problem+json"
            expires = tus(platform, "HEAD", first).getheader("Upload-Expires")
            assert refused.json["detail"] == (
                "2 of your uploads are unfinished, and 2 may be at a time; finish one, DELETE one, "
                f"or wait until {expires}, when one expires")
        other = platform.token("other")
        fields = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
        assert platform.call("POST", UPLOADS, token=other, fields=fields).status == 201
        # A part that is complete makes room, and joining parts takes none.
        assert patch(platform, second, 0, b"#EXTM3U\n..").status == 204
        create(platform, 10)
        assert tus(platform, "POST", UPLOADS, Upload_Length=10).status == 429
        joined = tus(platform, "POST", UPLOADS, Upload_Concat="final;" + second)
        assert joined.status == 415, "it is no video, which is all that is wrong with it"
        assert tus(platform, "DELETE", first).status == 204
        create(platform, 10)
    finally:
        platform.stop()


def test_what_is_no_video_is_told_when_it_is_complete(platform):
    upload = create(platform, 1000)
    answer = patch(platform, upload, 0, b"#EXTM3U\n" + b"x" * 992)
    assert answer.status == 415 and "not a video" in answer.json["detail"]


def test_names_are_utf8_and_long_ones_are_cut_between_characters(platform, content):
    latin = base64.b64encode("h\u00e9".encode("latin-1")).decode()
    assert tus(platform, "POST", UPLOADS, Upload_Length=5, Upload_Metadata=f"filename {latin}").status == 400
    title = encoded("a" * 199 + "\u00e9")
    upload = create(platform, len(content), Upload_Metadata=f"title {title}")
    done = patch(platform, upload, 0, content)
    assert platform.video(done.getheader("Headrace-Video"))["title"] == "a" * 199


def test_a_refused_body_is_answered_long_before_its_end(platform):
    upload = create(platform, 1 << 30)
    piece = bytes(1 << 20)
    sent = 0
    with socket.create_connection(("127.0.0.1", platform.port), 30) as client:
        client.sendall(f"PATCH {upload} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
                       f"Authorization: Bearer {platform.owner}\r\nContent-Type: {BODY}\r\n"
                       f"Upload-Offset: 5\r\nContent-Length: {1 << 30}\r\n\r\n".encode())
        while sent < 1 << 30 and not select.select([client], [], [], 0)[0]:
            client.sendall(piece)
            sent += len(piece)
        assert client.recv(1000).startswith(b"HTTP/1.1 409 ")
    assert sent < 64 << 20


def test_a_killed_origin_has_every_acknowledged_byte(platform, content):
    upload = create(platform, len(content))
    at = 0
    for size in (3_000_000, 7_000_000, 2_000_000):
        assert patch(platform, upload, at, content[at:at + size]).status == 204
        at += size
        platform.kill_origin()
        platform.start()
        assert offset_of(platform, upload) == at
    done = patch(platform, upload, at, content[at:])
    assert done.status == 204
    hashes = [hashlib.sha256(content[begin:begin + (8 << 20)]).hexdigest()
              for begin in range(0, len(content), 8 << 20)]
    assert platform.call("POST", "/api/v1/chunks/missing", {"hashes": hashes}).json["missing"] == []


def test_a_client_that_leaves_midway_goes_on_where_it_was(platform, content):
    upload = create(platform, len(content))
    sent = 5_000_000
    with socket.create_connection(("127.0.0.1", platform.port), 30) as client:
        client.sendall(f"PATCH {upload} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
                       f"Authorization: Bearer {platform.owner}\r\nContent-Type: {BODY}\r\n"
                       f"Upload-Offset: 0\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        client.sendall(content[:sent])
        # Only one at a time: the second is told so.
        deadline = time.monotonic() + 30
        while (second := patch(platform, upload, 0, b"x")).status != 423:
            assert time.monotonic() < deadline, second.status
    deadline = time.monotonic() + 30
    while (at := offset_of(platform, upload)) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert at <= sent
    deadline = time.monotonic() + 30
    while (answer := patch(platform, upload, at, content[at:])).status == 423:
        assert time.monotonic() < deadline
    assert answer.status == 204 and answer.getheader("Headrace-Video")
