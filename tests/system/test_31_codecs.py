"""VP9, AV1 and Opus beside H.264 and AAC, from upload to independent players."""

import json
import subprocess

import pytest

import platform_harness
from platform_harness import make_clip

CODECS = {"": ("h264", "aac"), "-vp9": ("vp9", "opus"), "-av1": ("av1", "opus")}


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(
        tmp_path / "platform",
        '[ladder]\nmore_codecs = ["vp9", "av1"]\nrungs = ["144p", "180p"]\n'
        'preset = "ultrafast"').start()
    yield made
    made.stop()


def streams(url, kind, name):
    done = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", kind,
                           "-show_streams", "-of", "json", url],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (name, done.stderr)
    return json.loads(done.stdout)["streams"]


def test_each_codec_is_made_and_played(platform, tmp_path):
    platform.start_worker()
    video = platform.create(make_clip(tmp_path / "clip.mp4", seconds=5).read_bytes())
    ready = platform.wait(video, "ready", patience=240)
    names = [one["name"] for one in ready["renditions"]]
    assert names == ["audio", "audio-opus", "144p", "180p", "144p-vp9", "180p-vp9", "144p-av1",
                     "180p-av1"]
    assert all(one["published"] and one["bytes"] > 0 for one in ready["renditions"])
    base = platform.url + ready["hls"].rsplit("/", 1)[0]
    # Each rendition by itself, as a player of HLS reads it.
    for more, (picture, sound) in CODECS.items():
        seen = streams(f"{base}/180p{more}/video.m3u8", "v", more)
        assert [(one["codec_name"], one["nb_read_frames"]) for one in seen] == [(picture, "125")]
        assert float(seen[0]["start_time"]) == 0
        track = "audio-opus" if sound == "opus" else "audio"
        seen = streams(f"{base}/{track}/audio.m3u8", "a", track)
        assert [one["codec_name"] for one in seen] == [sound]
        assert abs(float(seen[0]["start_time"])) < 0.007
    # All together: what each manifest offers, read to its end.
    for manifest in (ready["hls"], ready["dash"]):
        seen = streams(platform.url + manifest, "v", manifest)
        assert sorted({one["codec_name"] for one in seen}) == ["av1", "h264", "vp9"]
        assert {one["nb_read_frames"] for one in seen} == {"125"}, manifest
        assert sorted({one["codec_name"] for one in streams(platform.url + manifest, "a", "")}) == \
            ["aac", "opus"]
    # H.264 with AAC comes first, VP9 and AV1 go with Opus alone.
    master = platform.call("GET", ready["hls"], token="").body.decode()
    codecs = [line.split('CODECS="')[1].split('"')[0] for line in master.splitlines()
              if line.startswith("#EXT-X-STREAM-INF")]
    assert [(one.split(".")[0], one.split(",")[1][:4]) for one in codecs] == \
        [("avc1", "mp4a")] * 2 + [("vp09", "opus")] * 2 + [("av01", "opus")] * 2
