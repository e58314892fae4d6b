"""A file that is uploaded again by the command line: what is missing is sent, and no second video made."""

import json
import os
import re
import signal
import subprocess

import pytest

import platform_harness
from harness import BIN, Answer, Origin, json_answer, wait_until
from platform_harness import CHUNK, make_clip


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform").start()
    yield made
    made.stop()


def test_run_again_it_sends_what_is_missing(platform, make_edge, tmp_path):
    edge = make_edge(platform.url)
    clip = make_clip(tmp_path / "clip.mp4", seconds=1).read_bytes()
    filler = 5 * CHUNK
    file = tmp_path / "big.mp4"
    file.write_bytes(clip + filler.to_bytes(4, "big") + b"free" + os.urandom(filler - 8))

    def sent():
        return [one for one in edge.log_lines() if one["method"] == "PUT" and one["status"] == 201]

    with subprocess.Popen([BIN / "headrace", "upload", file], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL,
                          env=platform.cli_environment(edge.url)) as process:
        wait_until(lambda: len(list(platform.data.glob("chunks/??/*"))) >= 2, "two chunks are there")
        process.send_signal(signal.SIGKILL)
    again = platform.cli("--json", "upload", file, server=edge.url)
    assert again.returncode == 0 and json.loads(again.stdout)["size"] == file.stat().st_size
    wait_until(lambda: len({one["target"] for one in sent()}) == 6, "the log has them all")
    assert len(sent()) <= 7, "only the one under way may have been sent twice"


def videos_of(platform):
    return [one["id"] for one in platform.call("GET", "/api/v1/videos").json["data"]]


def test_the_same_file_again_is_the_video_it_is_already(platform, make_edge, tmp_path):
    edge = make_edge(platform.url)
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)

    def run(*options):
        return platform.cli("upload", clip, *options, server=edge.url)

    first = json.loads(run("--json", "--title", "A & B").stdout)
    assert first["created"] is True
    again = run()
    assert again.returncode == 0 and first["id"] in again.stdout
    assert "all of it was there already" in again.stderr
    assert re.search(rf'this file is already the video {first["id"]}, "A & B", made '
                     r"20\d\d-\d\d-\d\d \d\d:\d\d; --again makes another\n", again.stderr)
    assert "not changed" not in again.stderr
    assert again.stderr.splitlines()[-1].endswith(f"headrace wait {first['id']}")
    told = json.loads(run("--json").stdout)
    assert told["id"] == first["id"] and told["created"] is False
    assert videos_of(platform) == [first["id"]]
    # What it would have to be changed for.
    assert "is not changed" not in run("--title", "A & B").stderr
    assert 'it is not changed: its title stays "A & B"\n' in run("--title", "C").stderr
    # Who wants it seen by nobody is not told that all is well.
    private = run("--private")
    assert private.returncode == 5, private.stderr
    assert first["id"] in private.stderr and "is public" in private.stderr
    assert videos_of(platform) == [first["id"]]

    def asked(target):
        return [one["status"] for one in edge.log_lines() if one["target"].startswith(target)]

    wait_until(lambda: asked("/api/v1/videos") == [201] + 4 * [200] + [409], "the log has them all")
    assert len(asked("/api/v1/chunks/")) == 1 + 6, "sent once, asked for each time"

    other = json.loads(run("--json", "--again", "--private").stdout)
    assert other["created"] is True and other["access"] == "private"
    assert videos_of(platform) == [other["id"], first["id"]]
    assert "it is not changed: it stays private\n" in run().stderr, "of the latest one"
    platform.start_worker()
    done = json.loads(run("--json", "--wait").stdout)
    assert (done["id"], done["state"], done["created"]) == (other["id"], "ready", False)
    assert "headrace wait" not in run().stderr, "it is ready"


def test_a_wait_that_was_killed_goes_on_when_it_is_run_again(platform, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    with subprocess.Popen([BIN / "headrace", "upload", clip, "--wait"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env=platform.cli_environment()) as process:
        wait_until(lambda: videos_of(platform), "the video is made")
        process.send_signal(signal.SIGKILL)
    platform.start_worker()
    again = json.loads(platform.cli("--json", "upload", clip, "--wait").stdout)
    assert again["state"] == "ready"
    assert videos_of(platform) == [again["id"]]


def test_an_answer_that_was_lost_makes_no_second_video(platform, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    lost = []

    def give(request):
        fields = {name: request.fields[name] for name in ("authorization", "content-type")
                  if name in request.fields}
        answer = platform.call(request.method, request.target, request.body or None, token="",
                               fields=fields)
        if request.target == "/api/v1/videos" and not lost:
            lost.append(answer.status)
            return Answer(502)
        return json_answer(answer.json, answer.status)

    between = Origin(give)
    try:
        done = platform.cli("--json", "upload", clip, server=between.url)
    finally:
        between.stop()
    assert done.returncode == 0 and lost == [201], done.stdout
    assert videos_of(platform) == [json.loads(done.stdout)["id"]]
