"""Uploaded files are let go once their videos are ready, where the operator wants it so."""

import time

import pytest

import platform_harness
from harness import wait_until
from platform_harness import make_clip, probe


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform",
                                     '[tasks]\nlease_time = "3s"\n'
                                     '[originals]\nkeep = "until_ready"').start()
    yield made
    made.stop()


def chunk_files(platform):
    return [path for path in (platform.data / "chunks").glob("??/*") if path.is_file()]


def test_an_original_goes_when_its_video_is_ready_and_not_before(platform, tmp_path):
    content = make_clip(tmp_path / "clip.mp4", seconds=6).read_bytes()
    video = platform.create(content)
    broken = platform.create(content[:200] + b"\0" * 5000)
    made = platform.video(video)
    assert made["original"] == {"kept": True, "bytes": len(content)}
    # However often the origin is killed on the way, the video becomes ready: its source was there.
    platform.start_worker()
    for pause in (0.3, 0.8, 1.3, 1.8, 2.3):
        time.sleep(pause)
        platform.kill_origin()
        platform.start()
    ready = platform.wait(video, "ready")
    assert ready["renditions_bytes"] == sum(one["bytes"] for one in ready["renditions"]) > 0
    wait_until(lambda: not platform.video(video)["original"]["kept"], "the original is let go", 60)
    assert platform.video(video)["original"] == {"kept": False, "bytes": 0}
    # What failed keeps its file: it may be tried again.
    platform.wait(broken, "failed")
    assert platform.video(broken)["original"]["kept"]
    wait_until(lambda: len(chunk_files(platform)) == 1, "the chunks are collected", 30)
    assert platform.video(video)["poster"]
    for manifest in (ready["hls"], ready["dash"]):
        seen = {one["codec_type"]: one for one in probe(platform.url + manifest)["streams"]}
        assert seen["video"]["nb_read_frames"] == "150"
    # The same file may be sent again.
    again = platform.create(content)
    platform.wait(again, "ready")
