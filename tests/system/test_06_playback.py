"""A real HLS stream through the edge, read by real players."""

import json
import os
import pathlib
import subprocess

import pytest

from harness import BIN, Daemon, free_port, wait_until

SHARED = pathlib.Path(os.environ.get("HEADRACE_SHARED", pathlib.Path(__file__).parents[3] / "shared"))
pytestmark = pytest.mark.needs("ffmpeg")


def source(directory):
    natural = SHARED / "media" / "car-detection.mp4"
    if natural.exists():
        return natural
    made = directory / "demo.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25", "-f",
                    "lavfi", "-i", "sine=440", "-t", "12", "-c:v", "libx264", "-preset",
                    "ultrafast", "-g", "50", "-c:a", "aac", made], check=True)
    return made


@pytest.fixture
def stream(tmp_path):
    """A directory with a playlist and fMP4 segments, and headrace-origin serving it."""
    root = tmp_path / "media"
    root.mkdir()
    subprocess.run(["ffmpeg", "-v", "error", "-i", source(tmp_path), "-t", "20", "-c:v", "libx264",
                    "-preset", "ultrafast", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0",
                    "-an", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod",
                    "-hls_segment_type", "fmp4", "-hls_segment_filename", root / "s%03d.m4s",
                    root / "stream.m3u8"], check=True)
    port = free_port()
    daemon = Daemon([BIN / "headrace-origin", "--root", root, "--listen", f"127.0.0.1:{port}"],
                    tmp_path, "origin")
    import socket

    def listens():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, "the origin listens")
    yield root, f"http://127.0.0.1:{port}"
    daemon.stop()


def probe(url):
    done = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v",
                           "-show_entries", "stream=nb_read_frames", "-of", "json", url],
                          capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return int(json.loads(done.stdout)["streams"][0]["nb_read_frames"])


def test_players_read_every_frame_through_the_edge(stream, make_edge):
    root, origin_url = stream
    edge = make_edge(origin_url)
    frames = probe(str(root / "stream.m3u8"))
    assert frames > 100
    for _ in range(2):
        assert probe(edge.url + "/stream.m3u8") == frames
    assert edge.metric("headrace_edge_requests_total", result="hit") > 0


def test_ffmpeg_seeks_to_the_same_pictures_through_the_edge(stream, make_edge):
    root, origin_url = stream
    edge = make_edge(origin_url)

    def pictures(playlist):
        return subprocess.run(["ffmpeg", "-v", "quiet", "-ss", "7", "-i", playlist, "-t", "3", "-f",
                               "framemd5", "-"], capture_output=True, timeout=120, check=True).stdout

    assert pictures(edge.url + "/stream.m3u8") == pictures(str(root / "stream.m3u8"))


def test_bytes_are_the_files(stream, make_edge):
    root, origin_url = stream
    edge = make_edge(origin_url)
    for path in sorted(root.iterdir()):
        body = path.read_bytes()
        for _ in range(2):
            assert edge.get(f"/{path.name}").body == body
        if len(body) > 10:
            assert edge.get(f"/{path.name}", {"Range": "bytes=3-9"}).body == body[3:10]
