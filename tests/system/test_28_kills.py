"""Origin, workers and edge are killed at random moments; nothing that was acknowledged is lost.

HEADRACE_KILL_ROUNDS (100) and HEADRACE_KILL_SEED (1) choose how often, and which moments.
"""

import base64
import contextlib
import hashlib
import http.client
import os
import random
import re
import signal
import threading
import time

import pytest

import platform_harness
from harness import wait_until
from platform_harness import make_clip, probe

ROUNDS = int(os.environ.get("HEADRACE_KILL_ROUNDS", "100"))
SEED = int(os.environ.get("HEADRACE_KILL_SEED", "1"))
ROUNDS_PER_VIDEO = 8  # Of each client.
NATIVE_CHUNK = 4 << 20
TUS_CHUNK = 8 << 20
PATIENCE = 120
TUS = {"Tus-Resumable": "1.0.0"}
PASSING = {423, 500, 502, 503, 504}
LOST = (OSError, http.client.HTTPException)


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Acknowledged:
    """What the server has said it has: clients write it down after an answer, and never before."""

    def __init__(self):
        self.lock = threading.Lock()
        self.chunks = set()
        self.offsets = {}  # Of tus uploads, by their URLs.
        self.videos = {}   # What was sent, by id.

    def note(self, *, chunk=None, upload=None, offset=0, video=None, content=None):
        with self.lock:
            if chunk:
                self.chunks.add(chunk)
            if upload:
                self.offsets[upload] = offset
            if video:
                self.videos[video] = content

    def copy(self):
        with self.lock:
            return set(self.chunks), dict(self.offsets), dict(self.videos)


class Client(threading.Thread):
    """Uploads one video after the other. What was not acknowledged it does again."""

    def __init__(self, platform, url, seed, clip, acknowledged):
        super().__init__(daemon=True)
        self.platform, self.url, self.clip, self.acknowledged = platform, url, clip, acknowledged
        self.random = random.Random(seed)
        self.wanted, self.sent = 0, 0
        self.failure = None
        self.ends = False

    def run(self):
        try:
            while not self.ends or self.sent < self.wanted:
                if self.sent < self.wanted:
                    self.upload(self.make_file())
                    self.sent += 1
                else:
                    time.sleep(0.01)
        except BaseException as error:  # The test tells it.
            self.failure = error

    def make_file(self):
        """A video of its own: behind the clip a box that nobody reads."""
        size = self.random.randint(NATIVE_CHUNK, 3 * NATIVE_CHUNK)
        return self.clip + size.to_bytes(4, "big") + b"free" + self.random.randbytes(size - 8)

    def ask(self, method, path, body=None, fields=None, good=(200, 201, 204)):
        """The answer, or None when it was lost on the way or the server was away."""
        with contextlib.suppress(*LOST):
            answer = self.platform.call(method, path, body, fields=fields, url=self.url)
            assert answer.status in good or answer.status in PASSING, \
                (method, path, answer.status, answer.body)
            if answer.status in good:
                return answer
        time.sleep(self.random.uniform(0, 0.05))
        return None

    def ask_until(self, *arguments, **more):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if answer := self.ask(*arguments, **more):
                return answer
        raise AssertionError(f"no answer for {PATIENCE} s: {arguments[:2]}")


class NativeClient(Client):
    def upload(self, content):
        chunks = [content[at:at + NATIVE_CHUNK] for at in range(0, len(content), NATIVE_CHUNK)]
        listed = [{"hash": digest(chunk), "size": len(chunk)} for chunk in chunks]
        for chunk, about in zip(chunks, listed):
            self.ask_until("PUT", f"/api/v1/chunks/{about['hash']}", chunk, good=(201,))
            self.acknowledged.note(chunk=about["hash"])
        made = self.ask_until("POST", "/api/v1/videos",
                              {"title": "native", "file_name": "a.mp4", "chunks": listed,
                               "once": True}, good=(200, 201))
        self.acknowledged.note(video=made.json["id"], content=content)


class TusClient(Client):
    def upload(self, content):
        made = self.ask_until("POST", "/api/v1/uploads", good=(201,),
                              fields={**TUS, "Upload-Length": str(len(content))})
        url = made.getheader("Location")
        at = 0
        video = None
        while video is None:
            seen = self.ask_until("HEAD", url, fields=TUS, good=(200,))
            has = int(seen.getheader("Upload-Offset"))
            assert at <= has <= len(content), "acknowledged bytes are gone"
            at = has
            video = seen.getheader("Headrace-Video")
            # Until an answer is lost.
            while video is None and (answer := self.send(url, at, content)):
                if answer.status != 204:
                    break
                at = int(answer.getheader("Upload-Offset"))
                self.acknowledged.note(upload=url, offset=at)
                video = answer.getheader("Headrace-Video")
        for begin in range(0, len(content), TUS_CHUNK):
            self.acknowledged.note(chunk=digest(content[begin:begin + TUS_CHUNK]))
        self.acknowledged.note(video=video, content=content)

    def send(self, url, at, content):
        piece = content[at:at + self.random.choice((1, 100_000, 1 << 20, 5 << 20))]
        fields = {**TUS, "Content-Type": "application/offset+octet-stream",
                  "Upload-Offset": str(at)}
        if self.random.random() < 0.3:
            checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
            fields["Upload-Checksum"] = f"sha256 {checksum}"
        # 409: bytes of a request whose answer was lost were kept after HEAD had looked.
        return self.ask("PATCH", url, piece, fields=fields, good=(204, 409))


class Viewer(threading.Thread):
    """Plays what there is, through the edge: a segment is what its name says, whatever dies."""

    def __init__(self, edge, acknowledged, seed):
        super().__init__(daemon=True)
        self.edge, self.acknowledged, self.random = edge, acknowledged, random.Random(seed)
        self.failure, self.ends, self.seen = None, False, 0

    def run(self):
        try:
            while not self.ends:
                _, _, videos = self.acknowledged.copy()
                if videos:
                    with contextlib.suppress(*LOST):
                        self.seen += play(self.edge, self.random.choice(sorted(videos)))
                time.sleep(0.1)
        except BaseException as error:  # The test tells it.
            self.failure = error


def play(edge, video):
    """Fetches all that the HLS manifests name; how many segments that were."""
    count = 0

    def fetch(path):
        answer = edge.get(f"/media/{video}/{path}")
        return answer.body if answer.status == 200 and answer.error is None else None

    for line in (fetch("master.m3u8") or b"").decode().splitlines():
        named = line if not line.startswith("#") else "".join(re.findall('URI="([^"]*)"', line))
        if not named.endswith(".m3u8"):
            continue
        for segment in re.findall(r"([0-9a-f]{32})\.m4s", (fetch(named) or b"").decode()):
            body = fetch(f"{named.rsplit('/', 1)[0]}/{segment}.m4s")
            if body is None:
                continue
            assert digest(body).startswith(segment), f"{video}: {segment} has other bytes"
            count += 1
    return count


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform", "[tasks]\nlease_time = \"3s\"").start()
    yield made
    made.stop()


def check(platform, acknowledged):
    chunks, offsets, videos = acknowledged.copy()
    missing = platform.call("POST", "/api/v1/chunks/missing", {"hashes": sorted(chunks)})
    assert missing.json["missing"] == []
    for url, offset in offsets.items():
        seen = platform.call("HEAD", url, fields=TUS)
        assert seen.status == 200 and int(seen.getheader("Upload-Offset")) >= offset
    for video in videos:
        now = platform.video(video)
        assert now["state"] != "failed", now


def stored_chunks(platform, listed):
    """What lies on disk under the hashes of a file, one after the other."""
    return b"".join((platform.data / "chunks" / name[:2] / name).read_bytes() for name in listed)


def all_videos(platform):
    videos, cursor = [], ""
    while True:
        page = platform.call("GET", f"/api/v1/videos?count=100{cursor}").json
        videos += page["data"]
        if "next" not in page:
            return videos
        cursor = f"&cursor={page['next']}"


def test_what_was_acknowledged_outlives_every_kill(platform, make_edge, tmp_path):
    print(f"seed {SEED}, {ROUNDS} rounds")
    chance = random.Random(SEED)
    clip = make_clip(tmp_path / "clip.mp4", seconds=1, size="160x90").read_bytes()
    edge = make_edge(platform.url)
    acknowledged = Acknowledged()
    platform.start_worker()
    platform.start_worker(url=edge.url)
    clients = [NativeClient(platform, platform.url, SEED + 1, clip, acknowledged),
               NativeClient(platform, edge.url, SEED + 2, clip, acknowledged),
               TusClient(platform, platform.url, SEED + 3, clip, acknowledged),
               TusClient(platform, edge.url, SEED + 4, clip, acknowledged)]
    viewer = Viewer(edge, acknowledged, SEED + 5)
    for thread in (*clients, viewer):
        thread.start()

    restarts = []
    for round_ in range(ROUNDS):
        for number, client in enumerate(clients):
            client.wanted = 1 + (round_ + 2 * number) // ROUNDS_PER_VIDEO
        time.sleep(chance.uniform(0, 0.8))
        which = chance.choice(("origin", "origin", "origin", "worker", "both", "edge", "all"))
        if which in ("origin", "both", "all"):
            platform.kill_origin()
            assert platform.origin.process.returncode == -signal.SIGKILL, "it had ended by itself"
        if which in ("worker", "both", "all"):
            place = chance.randrange(2)
            platform.workers[place].kill()
            assert platform.workers[place].wait(10) == -signal.SIGKILL, "it had ended by itself"
        if which in ("edge", "all"):
            edge.kill()
        if which in ("origin", "both", "all"):
            began = time.monotonic()
            platform.start()
            restarts.append(time.monotonic() - began)
        if which in ("worker", "both", "all"):
            platform.start_worker(url=(platform.url, edge.url)[place])
            platform.workers[place] = platform.workers.pop()
        if which in ("edge", "all"):
            edge.start()
        check(platform, acknowledged)
        for thread in (*clients, viewer):
            assert thread.failure is None, f"round {round_}: {thread.failure!r}"
    print(f"restart of the origin: {sum(restarts) / len(restarts):.2f} s, worst {max(restarts):.2f} s")

    for client in clients:
        client.ends = True
    for client in clients:
        client.join(PATIENCE)
        assert client.failure is None and not client.is_alive(), client.failure
    chunks, _, sent = acknowledged.copy()
    assert len(sent) == sum(client.wanted for client in clients)

    def unfinished():
        return [one for one in all_videos(platform) if one["state"] not in ("ready", "failed")]

    wait_until(lambda: not unfinished(), "every video is done", 2 * PATIENCE)
    videos = all_videos(platform)
    assert {one["id"] for one in videos} == set(sent), "one a file, whatever answers were lost"
    assert [one for one in videos if one["state"] == "failed"] == []
    for name in chunks:
        assert digest(stored_chunks(platform, [name])) == name
    for video, content in sent.items():
        size = TUS_CHUNK if platform.video(video)["title"] != "native" else NATIVE_CHUNK
        names = [digest(content[at:at + size]) for at in range(0, len(content), size)]
        assert stored_chunks(platform, names) == content
        assert platform.video(video)["size"] == len(content)
    viewer.ends = True
    viewer.join(PATIENCE)
    assert viewer.failure is None and not viewer.is_alive(), viewer.failure
    print(f"{len(sent)} videos, {len(chunks)} chunks, {viewer.seen} segments watched meanwhile")
    for video in sorted(sent):
        assert play(edge, video) >= 2, f"{video} can't be watched"
    for video in chance.sample(sorted(sent), min(5, len(sent))):
        # Not through the edge, which may know manifests from before the last rung came for 2 s.
        seen = probe(f"{platform.url}/media/{video}/master.m3u8")
        frames = {one["codec_type"]: one["nb_read_frames"] for one in seen["streams"]}
        assert int(frames["video"]) == 25
