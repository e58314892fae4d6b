"""From upload to playback, as creators and viewers see it."""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import sqlite3
import struct
import subprocess
import time

import pytest

import platform_harness
from harness import wait_until
from platform_harness import make_clip, probe
from without_landlock import without_landlock


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform", "[tasks]\nlease_time = \"3s\"").start()
    yield made
    made.stop()


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / "clip.mp4")


def test_a_file_is_uploaded_transcoded_and_watched_through_the_edge(platform, make_edge, clip):
    edge = make_edge(platform.url)
    platform.start_worker(url=edge.url)
    done = platform.cli("upload", clip, "--title", "Räder & <b>", "--wait", "--json", server=edge.url)
    assert done.returncode == 0, done.stderr + done.stdout
    video = json.loads(done.stdout)
    assert video["state"] == "ready" and video["title"] == "Räder & <b>"
    assert [one["name"] for one in video["renditions"]] == ["audio", "180p"]
    # Independent players: libavformat's HLS and DASH, through the edge.
    for manifest in (video["hls"], video["dash"]):
        seen = probe(edge.url + manifest)
        kinds = {one["codec_type"]: one for one in seen["streams"]}
        assert kinds["video"]["width"] == 320 and kinds["video"]["height"] == 180
        assert int(kinds["video"]["nb_read_frames"]) == 100
        assert kinds["audio"]["codec_name"] == "aac" and kinds["audio"]["channels"] == 2
    # Segments are immutable and cached; ranges of them are served.
    playlist = edge.get(video["hls"].replace("master.m3u8", "180p/video.m3u8")).body.decode()
    segment = [line for line in playlist.splitlines() if line.endswith(".m4s")][0]
    path = video["hls"].replace("master.m3u8", f"180p/{segment}")
    whole = edge.get(path)
    assert "immutable" in whole.fields["cache-control"]
    again = edge.get(path, {"Range": "bytes=10-19"})
    assert again.status == 206 and again.body == whole.body[10:20]
    assert "hit" in again.cache_status
    # What is stored is reported, with images when they are there.
    assert video["stored_bytes"] >= sum(one["bytes"] for one in video["renditions"]) > 0


def test_the_same_file_again_sends_nothing_and_nobody_learns_what_others_have(platform, clip):
    content = clip.read_bytes()
    name = hashlib.sha256(content).hexdigest()
    assert platform.call("POST", "/api/v1/chunks/missing", {"hashes": [name]}).json == \
        {"missing": [name]}
    platform.create(content)
    assert platform.call("POST", "/api/v1/chunks/missing", {"hashes": [name]}).json == \
        {"missing": []}
    other = platform.token("other")
    assert platform.call("POST", "/api/v1/chunks/missing", {"hashes": [name]}, other).json == \
        {"missing": [name]}
    refused = platform.call("POST", "/api/v1/videos",
                            {"chunks": [{"hash": name, "size": len(content)}]}, other)
    assert refused.status == 409 and refused.json["missing"] == [name]
    assert len(list((platform.data / "chunks").glob("??/*"))) == 1


def test_a_file_that_is_to_be_a_video_once_is_one(platform, clip):
    content = clip.read_bytes()
    chunks = platform.send_chunks(content)

    def make(token=None, **more):
        return platform.call("POST", "/api/v1/videos", {"file_name": "a.mp4", "chunks": chunks, **more},
                             token)

    first = make(once=True, title="first")
    assert first.status == 201
    private = make(once=True, access="private")
    assert private.status == 409 and private.json["video"] == first.json["id"]
    again = make(once=True, title="second")
    assert again.status == 200 and again.json == platform.video(first.json["id"])
    assert again.getheader("Location") == f"/api/v1/videos/{first.json['id']}"
    assert (again.json["title"], again.json["access"]) == ("first", "public")
    # Without it, as ever.
    another = make(title="third", once=False)
    assert another.status == 201 and another.json["id"] != first.json["id"]
    assert make(once=True).json["id"] == another.json["id"], "the latest"
    assert make(once="yes").status == 422
    # Of what others have made one learns nothing.
    other = platform.token("other")
    refused = make(other, once=True)
    assert refused.status == 409 and refused.json["missing"] == [one["hash"] for one in chunks]
    platform.send_chunks(content, other)
    assert make(other, once=True).status == 201
    assert len(platform.call("GET", "/api/v1/videos").json["data"]) == 2


def test_a_file_whose_video_failed_is_tried_once_more(platform, clip):
    chunks = platform.send_chunks(clip.read_bytes()[:200] + b"\0" * 5000)
    body = {"file_name": "a.mp4", "chunks": chunks, "once": True}
    first = platform.call("POST", "/api/v1/videos", body).json["id"]
    platform.start_worker()
    platform.wait(first, "failed")
    again = platform.call("POST", "/api/v1/videos", body)
    assert again.status == 201 and again.json["id"] != first


@pytest.mark.parametrize("what, status", [("hash", 422), ("name", 422), ("size", 413), ("none", 422)])
def test_a_chunk_that_is_not_what_it_says_is_not_kept(platform, what, status):
    content = b"x" * 1000
    name = hashlib.sha256(content).hexdigest()
    if what == "hash":
        name = hashlib.sha256(b"other").hexdigest()
    if what == "name":
        name = name.upper()
    if what == "size":
        content = b"x" * ((16 << 20) + 1)
    if what == "none":
        content = b""
        name = hashlib.sha256(content).hexdigest()
    answer = platform.call("PUT", f"/api/v1/chunks/{name}", content)
    assert answer.status == status and answer.json["status"] == status and answer.json["detail"]
    assert not [path for path in (platform.data / "chunks").rglob("*") if path.is_file()]


def test_without_a_token_nothing_is_done(platform):
    for method, path in (("GET", "/api/v1/videos"), ("PUT", "/api/v1/chunks/" + "0" * 64),
                         ("POST", "/api/v1/worker/lease"), ("DELETE", "/api/v1/videos/x")):
        for token in ("", "hr_wrong", platform.owner if "worker" in path else "hrw_x"):
            answer = platform.call(method, path, b"{}" if method != "GET" else None, token)
            assert answer.status == 401, (method, path, token)
            assert answer.getheader("WWW-Authenticate") == "Bearer"
    assert platform.call("GET", "/api/v1/nothing").status == 404
    wrong = platform.call("PATCH", "/api/v1/videos")
    assert wrong.status == 405 and "POST" in wrong.getheader("Allow")


@pytest.mark.parametrize("content", [b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", b"not a video" * 99,
                                     b"ffconcat version 1.0\nfile /etc/passwd\n"])
def test_what_is_no_video_is_refused_by_its_content(platform, content):
    answer = platform.call("POST", "/api/v1/videos",
                           {"file_name": "a.mp4", "chunks": platform.send_chunks(content)})
    assert answer.status == 415 and "not a video" in answer.json["detail"]


def test_a_broken_video_fails_with_a_sentence_and_the_queue_moves(platform, clip):
    platform.start_worker()
    content = clip.read_bytes()
    broken = [platform.create(content[:200] + b"\0" * 5000, "no index"),
              platform.create(b"\x1a\x45\xdf\xa3" + os.urandom(5000), "noise"),
              platform.create(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08moov", "empty")]
    good = platform.create(content, "good")
    for video in broken:
        failed = platform.wait(video, "failed")
        assert failed["failure"].startswith("The file could not be decoded"), failed
    platform.wait(good, "ready")
    tasks = platform.call("GET", f"/api/v1/tasks?video={broken[0]}").json["data"]
    assert tasks[0]["state"] == "parked" and tasks[0]["reason"]
    # Retrying is allowed, and fails the same way.
    assert platform.cli("tasks", "retry", tasks[0]["id"]).returncode == 0
    platform.wait(broken[0], "failed")


def test_progress_comes_as_events_through_the_edge(platform, make_edge, tmp_path):
    edge = make_edge(platform.url)
    video = platform.create(make_clip(tmp_path / "p.mp4", seconds=10, size="640x360").read_bytes())
    connection = http.client.HTTPConnection("127.0.0.1", edge.port, timeout=60)
    connection.request("GET", f"/api/v1/videos/{video}/progress",
                       headers={"Authorization": f"Bearer {platform.owner}",
                                "Accept": "text/event-stream"})
    events = connection.getresponse()
    assert events.status == 200 and events.getheader("Content-Type") == "text/event-stream"

    def next_event():
        while True:
            line = events.readline()
            if not line:
                return None
            if line.startswith(b"data: "):
                return json.loads(line[6:])

    first = next_event()
    assert first["state"] == "waiting", "it comes at once, before anything happens"
    platform.start_worker()
    states = [first["state"]]
    percents = [0]
    while event := next_event():
        if event["state"] != states[-1]:
            states.append(event["state"])
        percents.append(event["percent"])
    assert states[-1] == "ready" and "processing" in states
    assert percents == sorted(percents) and percents[-1] == 100
    gone = platform.call("GET", "/api/v1/videos/nothing/progress")
    assert gone.status == 404


def test_a_lost_worker_loses_nothing(platform, tmp_path):
    video = platform.create(make_clip(tmp_path / "long.mp4", seconds=60, size="640x360").read_bytes())
    worker = platform.start_worker()
    wait_until(lambda: any(one["state"] == "leased" and one["kind"] == "transcode" for one in
                           platform.call("GET", f"/api/v1/tasks?video={video}").json["data"]),
               "a transcode is under way")
    worker.kill()
    worker.wait(10)
    platform.start_worker()
    platform.wait(video, "ready")
    seen = probe(f"{platform.url}/media/{video}/master.m3u8")
    frames = [int(one["nb_read_frames"]) for one in seen["streams"] if one["codec_type"] == "video"]
    assert set(frames) == {1500}


def test_a_worker_that_is_asked_to_stop_gives_its_task_back(platform, tmp_path):
    video = platform.create(make_clip(tmp_path / "long.mp4", seconds=60, size="640x360").read_bytes())
    worker = platform.start_worker()
    tasks = f"/api/v1/tasks?video={video}"
    wait_until(lambda: any(one["state"] == "leased" and one["kind"] == "transcode"
                           for one in platform.call("GET", tasks).json["data"]), "it is at work")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    left = platform.call("GET", tasks).json["data"]
    assert not [one for one in left if one["state"] == "leased"]
    assert all(one["losses"] == 0 and one["failures"] == 0 for one in left)


def test_a_worker_on_a_machine_that_cannot_confine_says_so_and_takes_nothing(platform, clip):
    video = platform.create(clip.read_bytes())
    weak = platform.start_worker(preexec=without_landlock)
    assert weak.wait(30) == 3
    said = weak.log.read_text()
    assert "missing: landlock" in said and "--without-landlock" in said and "5.13" in said
    assert "task.leased" not in said and "worker.ready" not in said
    (task,) = platform.call("GET", f"/api/v1/tasks?video={video}").json["data"]
    assert task["state"] == "waiting" and not task["worker"]
    allowed = platform.start_worker("--without-landlock", preexec=without_landlock)
    platform.wait(video, "ready")
    (ready,) = [line for line in allowed.log.read_text().splitlines() if "worker.ready" in line]
    assert "syscall_filter" in ready and "landlock" not in ready


def test_a_machine_that_can_confine_no_more_leaves_the_task_to_another(platform, clip):
    weak = platform.start_worker()
    wait_until(lambda: "worker.ready" in weak.log.read_text(), "it has tried its sandbox")
    # Its children want to set a higher limit than they may from here on.
    resource.prlimit(weak.pid, resource.RLIMIT_CPU, (1000, 1000))
    video = platform.create(clip.read_bytes())
    wait_until(lambda: weak.log.read_text().count("how=given_back") >= 2, "it has given it back")
    assert "the sandbox did not start" in weak.log.read_text()
    (task,) = platform.call("GET", f"/api/v1/tasks?video={video}").json["data"]
    assert (task["failures"], task["losses"]) == (0, 0)
    platform.start_worker()
    platform.wait(video, "ready")


def test_the_origin_is_killed_again_and_again(platform, tmp_path):
    """Every acknowledged chunk is there afterwards, and every video reaches its end."""
    platform.start_worker()
    clips = [make_clip(tmp_path / f"{i}.mp4", seconds=3 + i, rate=25) for i in range(3)]
    videos = []
    for round_ in range(6):
        if round_ < 3:
            content = clips[round_].read_bytes()
            videos.append((platform.create(content), hashlib.sha256(content).hexdigest()))
        time.sleep(0.25 * round_)
        platform.kill_origin()
        platform.start()
        for _, name in videos:
            assert platform.call("POST", "/api/v1/chunks/missing", {"hashes": [name]}).json == \
                {"missing": []}
    for number, (video, _) in enumerate(videos):
        platform.wait(video, "ready")
        seen = probe(f"{platform.url}/media/{video}/master.m3u8")
        frames = {int(one["nb_read_frames"]) for one in seen["streams"]
                  if one["codec_type"] == "video"}
        assert frames == {25 * (3 + number)}


def test_quota_and_disk_are_told_with_507(tmp_path):
    platform = platform_harness.Platform(
        tmp_path / "small", '[uploads]\nquota = "1MiB"\n').start()
    try:
        chunk = b"a" * (900 << 10)
        assert platform.call("PUT", f"/api/v1/chunks/{hashlib.sha256(chunk).hexdigest()}",
                             chunk).status == 201
        more = b"b" * (200 << 10)
        refused = platform.call("PUT", f"/api/v1/chunks/{hashlib.sha256(more).hexdigest()}", more)
        assert refused.status == 507 and "left" in refused.json["detail"]
    finally:
        platform.stop()
    full = platform_harness.Platform(
        tmp_path / "full", '[uploads]\ndisk_free_min = "500TiB"\n').start()
    try:
        refused = full.call("PUT", f"/api/v1/chunks/{hashlib.sha256(more).hexdigest()}", more)
        assert refused.status == 507 and "disk is full" in refused.json["detail"]
    finally:
        full.stop()


def fill(path):
    """Until not a byte is free."""
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk_loses_nothing_and_can_be_cleared(tmp_path, small_disk):
    full = platform_harness.Platform(small_disk / "full", "[uploads]\ndisk_free_min = 0\n").start()
    try:
        wait_until(lambda: (full.data / "reserve").exists(), "room is kept back")
        video = full.create(make_clip(tmp_path / "clip.mp4").read_bytes() + os.urandom(7 << 20))
        kept, status = [], 201
        while status == 201:
            chunk = os.urandom(8 << 20)
            name = hashlib.sha256(chunk).hexdigest()
            status = full.call("PUT", f"/api/v1/chunks/{name}", chunk).status
            kept += [name] if status == 201 else []
        assert status == 507 and kept
        fill(small_disk / "rest")
        assert full.call("PUT", f"/api/v1/chunks/{name}", chunk).status == 507

        assert full.call("DELETE", f"/api/v1/videos/{video}").status == 204
        assert full.call("GET", f"/api/v1/videos/{video}").status == 404
        full.kill_origin()
        (small_disk / "rest").unlink()
        full.start()
        there = full.call("POST", "/api/v1/chunks/missing", {"hashes": kept})
        assert there.json == {"missing": []}
        for name in kept:
            content = (full.data / "chunks" / name[:2] / name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == name
        wait_until(lambda: full.call("PUT", f"/api/v1/chunks/{hashlib.sha256(chunk).hexdigest()}",
                                     chunk).status == 201, "the removed video's room is used")
    finally:
        full.stop()


def test_an_owner_may_have_so_much_under_way(tmp_path):
    platform = platform_harness.Platform(
        tmp_path / "small",
        '[uploads]\nquota = "10MiB"\nsize_max = "64MiB"\nunder_way_max = 2\n').start()
    try:
        content = (make_clip(tmp_path / "clip.mp4").read_bytes() + bytes(4 << 20))[:4 << 20]
        video = platform.create(content)
        chunk = {"hash": hashlib.sha256(content).hexdigest(), "size": len(content)}

        # Stored once, and yet no video may be as long as one likes.
        refused = platform.call("POST", "/api/v1/videos", {"chunks": [chunk] * 2})
        assert refused.status == 507 and "bytes left" in refused.json["detail"]
        assert platform.call("POST", "/api/v1/videos", {"chunks": [chunk]}).status == 201

        refused = platform.call("POST", "/api/v1/videos", {"chunks": [chunk]})
        assert refused.status == 429 and "under way" in refused.json["detail"]
        begin = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
        assert platform.call("POST", "/api/v1/uploads", fields=begin).status == 429
        assert platform.call("DELETE", f"/api/v1/videos/{video}").status == 204
        assert platform.call("POST", "/api/v1/uploads", fields=begin).status == 201

        # Parts that are too long together leave nothing behind.
        part = {"Tus-Resumable": "1.0.0", "Upload-Length": str(4 << 20), "Upload-Concat": "partial",
                "Content-Type": "application/offset+octet-stream"}
        sent = platform.call("POST", "/api/v1/uploads", content, fields=part)
        assert sent.status == 201
        join = {"Tus-Resumable": "1.0.0",
                "Upload-Concat": "final;" + " ".join([sent.getheader("Location")] * 2)}
        assert platform.call("POST", "/api/v1/uploads", fields=join).status == 507
        with sqlite3.connect(f"file:{platform.data / 'origin.db'}?mode=ro", uri=True) as database:
            ((left,),) = database.execute("SELECT COUNT(*) FROM uploads WHERE length > 10 AND kind = 'tus'")
        assert left == 0

        # As many hashes at once as the largest file has.
        most = [f"{number:064x}" for number in range(17)]
        assert platform.call("POST", "/api/v1/chunks/missing", {"hashes": most}).status == 200
        assert platform.call("POST", "/api/v1/chunks/missing",
                             {"hashes": [*most, chunk["hash"]]}).status == 413
    finally:
        platform.stop()


def test_an_owner_may_have_so_many_streams_of_progress(platform, clip):
    video = platform.create(clip.read_bytes())

    def watch(token):
        connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=60)
        connection.request("GET", f"/api/v1/videos/{video}/progress",
                           headers={"Authorization": f"Bearer {token}"})
        # One that only closes might still be listening.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return connection, connection.getresponse()

    streams = [watch(platform.owner) for _ in range(100)]
    assert {answer.status for _, answer in streams} == {200}
    assert watch(platform.owner)[1].status == 429
    assert watch(platform.token("other"))[1].status == 200
    for one in streams.pop():
        one.close()
    wait_until(lambda: watch(platform.owner)[1].status == 200, "one has gone")
    for stream in streams:
        for one in stream:
            one.close()


def test_only_its_owner_removes_a_video(platform, clip):
    video = platform.create(clip.read_bytes())
    other = platform.token("other")
    assert platform.call("GET", f"/api/v1/videos/{video}", token=other).status == 200
    assert platform.call("DELETE", f"/api/v1/videos/{video}", token=other).status == 404
    assert platform.call("DELETE", f"/api/v1/videos/{video}").status == 204
    assert platform.call("GET", f"/api/v1/videos/{video}").status == 404


def test_the_command_line_says_what_is_wrong_and_exits_accordingly(platform, tmp_path):
    missing = platform.cli("upload", tmp_path / "none.mp4")
    assert missing.returncode == 4 and "No such file" in missing.stderr
    assert platform.cli("videos", token="hr_wrong").returncode == 3
    assert platform.cli("video", "nothing").returncode == 4
    assert platform.cli("frobnicate").returncode == 2
    away = platform.cli("--json", "videos", server="http://127.0.0.1:1")
    assert away.returncode == 6 and json.loads(away.stdout)["error"] == "unreachable"
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    refused = platform.cli("upload", text)
    assert refused.returncode == 5 and "not a video" in refused.stderr
    config = pathlib.Path(platform.directory) / ".config" / "headrace"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('tokn = "x"\n')
    wrong = platform.cli("videos")
    assert wrong.returncode == 5 and "tokn" in wrong.stderr
    script = subprocess.run(["bash", "-n"], input=platform.cli("completion", "bash").stdout,
                            text=True, capture_output=True, timeout=30)
    assert script.returncode == 0, script.stderr
