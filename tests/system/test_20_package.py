"""Manifests of real media, made by ffmpeg and packaged by package/, played by FFmpeg's demuxers: all
pictures and all sound come out, by HLS, by I-frames alone and by DASH."""

import functools
import http.server
import json
import os
import pathlib
import subprocess
import threading
import xml.etree.ElementTree as ElementTree

import pytest

BIN = pathlib.Path(os.environ.get("HEADRACE_BIN_DIR", "build/release/bin"))
SECONDS = 10
RATE = 25
CODECS = {
    "h264": (["-c:v", "libx264", "-preset", "ultrafast", "-sc_threshold", "0", "-bf", "2"], "avc1."),
    "vp9": (["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"],
            "vp09.00."),
}


def run(*command, timeout=120):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done


def make_video(path, codec, width, height):
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i",
        f"testsrc2=s={width}x{height}:r={RATE}:d={SECONDS}", *CODECS[codec][0], "-g", 2 * RATE,
        "-keyint_min", 2 * RATE, "-pix_fmt", "yuv420p", "-video_track_timescale", 12800, "-movflags",
        "+cmaf+frag_keyframe+skip_trailer", "-f", "mp4", path)


def make_sound(path, codec, hertz):
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"sine={hertz}:r=48000:d={SECONDS}", "-ac", 2,
        "-c:a", codec, "-movflags", "+cmaf+delay_moov+skip_trailer", "-use_editlist", 1,
        "-frag_duration", 2_000_000, "-f", "mp4", path)


def package(directory, *tracks):
    out = directory / "out"
    run(BIN / "package_files", out, *tracks)
    return out


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    directory = tmp_path_factory.mktemp("package")
    make_video(directory / "high.mp4", "h264", 640, 360)
    make_video(directory / "low.mp4", "h264", 416, 234)
    make_video(directory / "vp9.mp4", "vp9", 640, 360)
    make_sound(directory / "en.mp4", "aac", 440)
    make_sound(directory / "de.mp4", "aac", 880)
    (directory / "en.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\n<font color=red>Hello</font> & <i>more</i>\n\n"
        "2\n00:00:08,000 --> 00:00:09,000\nBye\n")
    return package(directory, f"video:360p:{directory}/high.mp4", f"video:234p:{directory}/low.mp4",
                   f"video:360p-vp9:{directory}/vp9.mp4", f"audio:en:{directory}/en.mp4:en:English",
                   f"audio:de:{directory}/de.mp4:de:Deutsch",
                   f"captions:en:{directory}/en.srt:en:English")


def probe(manifest, *options):
    done = run("ffprobe", "-v", "error", "-of", "json", *options, manifest)
    assert "rror" not in done.stderr, done.stderr
    return json.loads(done.stdout)


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def url(published):
    """Where the presentation is served: FFmpeg asks more of names in a file system than in a URL."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Files, directory=str(published)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def frames_of(manifest, stream, *options):
    """A line for each frame that comes out of a stream, when every error is one."""
    done = run("ffmpeg", "-v", "error", "-xerror", "-err_detect", "explode", *options, "-i", manifest,
               "-map", stream, "-f", "framemd5", "-")
    return [line for line in done.stdout.splitlines() if not line.startswith("#")]


def pictures_of(manifest, stream):
    return [line.split(",")[-1].strip() for line in frames_of(manifest, stream)]


def test_hls_names_every_rendition(published):
    streams = probe(published / "master.m3u8", "-show_streams", "-show_programs")
    sizes = {(s["width"], s["height"]) for s in streams["streams"] if s["codec_type"] == "video"}
    assert sizes == {(640, 360), (416, 234)}
    languages = {s["tags"]["language"] for s in streams["streams"]
                 if s["codec_type"] == "audio" and "language" in s.get("tags", {})}
    assert languages == {"en", "de"}
    assert len(streams["programs"]) == 3


@pytest.mark.parametrize("track", ["360p", "234p", "360p-vp9"])
def test_every_picture_comes_out_once_and_in_time(published, track):
    frames = frames_of(published / track / "video.m3u8", "0:v")
    assert len(frames) == SECONDS * RATE
    times = [int(line.split(",")[2]) for line in frames]
    assert times == list(range(times[0], times[0] + len(times)))


@pytest.mark.parametrize("track", ["360p", "234p", "360p-vp9"])
def test_each_range_of_i_frames_is_a_picture(published, track, tmp_path):
    lines = (published / track / "iframes.m3u8").read_text().splitlines()
    init = next(line for line in lines if line.startswith("#EXT-X-MAP")).split('"')[1]
    ranges = [line.split(":")[1].split("@") for line in lines if line.startswith("#EXT-X-BYTERANGE")]
    names = [line for line in lines if not line.startswith("#")]
    assert len(ranges) == len(names) == SECONDS // 2
    pictures = pictures_of(published / track / "video.m3u8", "0:v")
    for i, (name, (length, offset)) in enumerate(zip(names, ranges)):
        media = (published / track / name).read_bytes()[int(offset):int(offset) + int(length)]
        alone = tmp_path / f"{i}.mp4"
        alone.write_bytes((published / track / init).read_bytes() + media)
        # The fragment speaks of pictures that are not there; the first is.
        shown = run("ffmpeg", "-v", "fatal", "-i", alone, "-frames:v", 1, "-f", "framemd5", "-")
        assert shown.stdout.splitlines()[-1].split(",")[-1].strip() == pictures[i * 2 * RATE]


def test_sound_has_no_seam(published):
    frames = frames_of(published / "en" / "audio.m3u8", "0:a")
    at = None
    for line in frames:
        _, _, pts, duration, *_ = line.split(",")
        assert at is None or int(pts) == at, line
        at = int(pts) + int(duration)
    assert abs(at / 48_000 - SECONDS) < 0.05


def test_dash_plays_every_rendition(url):
    streams = probe(f"{url}/manifest.mpd", "-show_streams")["streams"]
    kinds = sorted(stream["codec_type"] for stream in streams)
    assert kinds == ["audio", "audio", "subtitle", "video", "video", "video"]
    by_id = {stream["tags"]["id"]: stream["index"] for stream in streams}
    for track in ("360p", "234p", "360p-vp9"):
        by_dash = pictures_of(f"{url}/manifest.mpd", f"0:{by_id[track]}")
        assert by_dash == pictures_of(f"{url}/{track}/video.m3u8", "0:v")
        assert len(by_dash) == SECONDS * RATE


def test_dash_can_be_sought(url):
    whole = pictures_of(f"{url}/manifest.mpd", "0:v:0")
    rest = [line.split(",")[-1].strip()
            for line in frames_of(f"{url}/manifest.mpd", "0:v:0", "-ss", "8.5")]
    assert abs(len(rest) - 1.5 * RATE) <= 2
    assert rest == whole[-len(rest):]


def test_the_mpd_names_files_that_are_there(published):
    ns = {"d": "urn:mpeg:dash:schema:mpd:2011"}
    root = ElementTree.parse(published / "manifest.mpd").getroot()
    assert root.find("d:ProgramInformation/d:Title", ns).text == 'A <test> & "more"'
    codecs = set()
    for one in root.iterfind(".//d:Representation", ns):
        base = one.find("d:BaseURL", ns).text
        if one.get("codecs"):
            codecs.add(one.get("codecs").split(".")[0])
            names = [one.find(".//d:Initialization", ns).get("sourceURL")]
            names += [url.get("media") for url in one.iterfind(".//d:SegmentURL", ns)]
            assert len(names) == 4
            assert all((published / base / name).is_file() for name in names)
        else:
            assert (published / base).is_file()
    assert codecs == {"avc1", "vp09", "mp4a"}


def test_captions_are_webvtt(published):
    playlist = (published / "captions" / "en.m3u8").read_text().splitlines()
    name = next(line for line in playlist if not line.startswith("#"))
    packets = probe(published / "captions" / name, "-show_packets")["packets"]
    assert [float(packet["pts_time"]) for packet in packets] == [1.0, 8.0]
    assert "\nHello &amp; <i>more</i>\n" in (published / "captions" / name).read_text()


def test_sound_alone_plays(tmp_path):
    make_sound(tmp_path / "opus.mp4", "libopus", 440)
    out = package(tmp_path, f"audio:music:{tmp_path}/opus.mp4:en:Music")
    assert 'CODECS="opus"' in (out / "master.m3u8").read_text()
    for manifest in ("master.m3u8", "manifest.mpd"):
        streams = probe(out / manifest, "-show_streams")["streams"]
        assert {stream["codec_type"] for stream in streams} == {"audio"}
        samples = sum(int(line.split(",")[3]) for line in frames_of(out / manifest, "0:0"))
        assert abs(samples / 48_000 - SECONDS) < 0.05
