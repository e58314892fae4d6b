"""tus-js-client and Uppy as they are, through the edge; clients and origins that are killed midway."""

import contextlib
import hashlib
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

import platform_harness
from harness import wait_until
from platform_harness import make_clip

CLIENTS = pathlib.Path(__file__).parent / "players"
MIB = 1 << 20
FILM_BYTES = 27 * MIB + 12345
CORS = '''cors.origins = ["*"]
cors.methods = ["GET", "HEAD", "OPTIONS", "POST", "PATCH", "DELETE"]
cors.expose = ["location", "tus-resumable", "upload-offset", "upload-length", "headrace-video"]'''


@pytest.fixture
def platform(modules, tmp_path):
    made = platform_harness.Platform(tmp_path / "platform").start()
    yield made
    made.stop()


@pytest.fixture
def edge(platform, make_edge):
    return make_edge(platform.url, site=CORS)


@pytest.fixture
def film(tmp_path):
    """A video of FILM_BYTES, no piece of which is like another."""
    path = tmp_path / "film.mp4"
    clip = make_clip(path, seconds=2).read_bytes()
    filler = FILM_BYTES - len(clip)
    path.write_bytes(clip + filler.to_bytes(4, "big") + b"free" + os.urandom(filler - 8))
    return path


class Wire:
    """A way to the edge that stands still once so many bytes have gone there."""

    def __init__(self, port, still_at):
        self.held, self.go_on = threading.Event(), threading.Event()
        self._left, self._lock = still_at, threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._port = port
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                edge = socket.create_connection(("127.0.0.1", self._port))
                for ends in ((client, edge, True), (edge, client, False)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source, sink, counts):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if counts:
                    self._count(len(piece))
                sink.sendall(piece)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _count(self, size):
        with self._lock:
            self._left -= size
            is_still = self._left <= 0
        if is_still and not self.go_on.is_set():
            self.held.set()
            self.go_on.wait(120)

    def close(self):
        self.go_on.set()
        self._listener.close()


@pytest.fixture
def wire(edge):
    made = Wire(edge.port, 17 * MIB)
    yield made
    made.close()


class Client:
    """tus-js-client in a process of its own."""

    def __init__(self, modules, url, platform, film, directory, **options):
        asked = {"modules": str(modules), "endpoint": url + "/api/v1/uploads",
                 "token": platform.owner, "file": str(film), "options": options,
                 "storage": str(directory / "uploads.json")}
        self.process = subprocess.Popen(["node", CLIENTS / "tus_upload.mjs"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(json.dumps(asked))
        self.process.stdin.close()

    def said(self):
        try:
            self.process.wait(120)
        finally:
            self.kill()
        return self.process.stdout.read()

    def done(self):
        said = self.said()
        assert self.process.returncode == 0, said
        return json.loads(said)

    def error(self):
        said = self.said()
        assert self.process.returncode == 1, said
        return json.loads(said)["error"]

    def kill(self):
        self.process.kill()
        self.process.wait(60)


@pytest.fixture
def client(modules, edge, platform, film, tmp_path):
    made = []

    def start(url=edge.url, **options):
        made.append(Client(modules, url, platform, film, tmp_path, **options))
        return made[-1]

    yield start
    for one in made:
        one.kill()


def check_video(platform, film, video, title="Räder"):
    """The video is the file, byte for byte: its chunks are those of the file's pieces."""
    content = film.read_bytes()
    told = platform.video(video)
    assert told["size"] == len(content) and told["title"] == title
    with sqlite3.connect(f"file:{platform.data}/origin.db?mode=ro", uri=True) as database:
        chunks = database.execute("SELECT hash FROM source_chunks WHERE video = ? ORDER BY number",
                                  (video,)).fetchall()
    kept = b"".join((platform.data / "chunks" / name[:2] / name).read_bytes() for name, in chunks)
    assert hashlib.sha256(kept).digest() == hashlib.sha256(content).digest()


@pytest.mark.parametrize("options", [
    {"chunkSize": 5 * MIB}, {"chunkSize": 5 * MIB, "uploadDataDuringCreation": True},
    {"chunkSize": 3 * MIB, "uploadLengthDeferred": True}], ids=str)
def test_tus_js_client_uploads(platform, client, film, options):
    platform.start_worker()
    said = client(**options).done()
    assert all(status < 300 for _, status, _ in said["requests"]), said
    check_video(platform, film, said["video"])
    platform.wait(said["video"], "ready")


def test_parallel_uploads_become_one_video(platform, client, film):
    said = client(parallelUploads=2, chunkSize=5 * MIB).done()
    assert [one[0] for one in said["requests"]].count("POST") == 3, "two parts and the whole"
    check_video(platform, film, said["video"])


def test_a_client_that_is_killed_goes_on_where_it_was(platform, client, wire, film):
    first = client(wire.url, chunkSize=10 * MIB)
    assert wire.held.wait(60)
    first.kill()
    wire.go_on.set()
    said = client(wire.url, chunkSize=10 * MIB).done()
    check_video(platform, film, said["video"])
    methods = [method for method, _, _ in said["requests"]]
    assert "POST" not in methods and methods[0] == "HEAD"
    sent = [offset for method, _, offset in said["requests"] if method == "PATCH"]
    assert sent[0] >= 10 * MIB, "what was acknowledged is not sent again"


@pytest.mark.parametrize("is_away", [False, True], ids=["back at once", "away for a second"])
def test_an_origin_that_is_killed_costs_a_client_only_time(platform, client, wire, film, is_away):
    one = client(wire.url, chunkSize=10 * MIB)
    assert wire.held.wait(60)
    platform.kill_origin()
    if is_away:
        wire.go_on.set()
        time.sleep(1)
    platform.start()
    wire.go_on.set()
    said = one.done()
    check_video(platform, film, said["video"])
    methods = [method for method, _, _ in said["requests"]]
    assert "HEAD" in methods, "it noticed nothing"
    # While the origin is away, tus-js-client gives an upload up whose HEAD is not answered with 2xx.
    assert is_away or methods.count("POST") == 1
    if not is_away:
        accepted = [offset for method, status, offset in said["requests"]
                    if method == "PATCH" and status == 204]
        assert accepted[0] == 0 and accepted[1] >= 10 * MIB
        assert accepted == sorted(set(accepted))


@pytest.fixture
def owner_of_many(platform):
    """The platform, whose owner has as many unfinished uploads as he may by default."""
    fields = {"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    for _ in range(100):
        assert platform.call("POST", "/api/v1/uploads", fields=fields).status == 201
    return platform


TOO_MANY = "100 of your uploads are unfinished, and 100 may be at a time; finish one, DELETE one"


def test_tus_js_client_says_why_no_more_can_be_begun(owner_of_many, client):
    error = client().error()
    assert "429" in error and TOO_MANY in error


def upload_by_uppy(platform, modules, edge, film, tmp_path):
    """What Uppy saw in a page of another origin."""
    bundle = tmp_path / "uppy.js"
    subprocess.run(["node", modules / "esbuild" / "bin" / "esbuild", CLIENTS / "uppy_page.js",
                    "--bundle", "--log-level=error", f"--outfile={bundle}"], check=True, timeout=60,
                   env={**os.environ, "NODE_PATH": str(modules)})
    asked = {"modules": str(modules), "bundle": str(bundle), "film": str(film),
             "endpoint": edge.url + "/api/v1/uploads", "token": platform.owner,
             "chunkSize": 10 * MIB}
    done = subprocess.run(["node", CLIENTS / "uppy.mjs"], input=json.dumps(asked), text=True,
                          capture_output=True, timeout=200)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.needs("chromium")
def test_uppy_says_why_no_more_can_be_begun(owner_of_many, modules, edge, film, tmp_path):
    failure, = upload_by_uppy(owner_of_many, modules, edge, film, tmp_path)["failures"]
    assert TOO_MANY in failure


@pytest.mark.needs("chromium")
def test_uppy_uploads_from_a_page_of_another_origin(platform, modules, edge, film, tmp_path):
    seen = upload_by_uppy(platform, modules, edge, film, tmp_path)
    assert not seen["complaints"] and not seen["failures"]
    url, = seen["urls"]
    assert url.startswith(edge.url) and seen["seen"][-1] == film.stat().st_size
    told = platform.call("HEAD", url.removeprefix(edge.url), fields={"Tus-Resumable": "1.0.0"})
    check_video(platform, film, told.getheader("Headrace-Video"), "Uppy")

    def asked():
        lines = [(line["method"], line["status"]) for line in edge.log_lines()
                 if line["target"].startswith("/api/v1/uploads")]
        return lines if lines.count(("PATCH", 204)) == 3 else None

    # POST and PATCH each were asked for beforehand, since the page is of another origin.
    assert wait_until(asked, "the requests are in the log").count(("OPTIONS", 204)) >= 2
