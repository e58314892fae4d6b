"""docs/worker-protocol.md, by hand: a worker written from that page is understood."""

import http.client
import json
import pathlib
import re
import sqlite3

import pytest

import platform_harness
from harness import wait_until
from platform_harness import make_clip

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "worker-protocol.md"


def page():
    """The page's JSON: its tasks by their kind, and the probe's result."""
    blocks = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.S)]
    return ({block["kind"]: block for block in blocks if "kind" in block},
            next(block for block in blocks if "container" in block))


def shape(value):
    """What is there, and of which type."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return type(value).__name__


class HandWorker:
    def __init__(self, platform):
        self._platform = platform
        self.token = platform.token("hand", "--worker")

    def post(self, path, **body):
        return self._platform.call("POST", f"/api/v1/worker/{path}", body, self.token)

    def lease(self, *kinds, protocol=2):
        return self.post("lease", worker="hand-1", protocol=protocol, kinds=kinds)

    def say(self, task, what, **more):
        return self.post(f"tasks/{task['id']}/{what}", lease=task["lease"], **more)


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform").start()
    yield made
    made.stop()


def test_tasks_and_answers_are_what_the_page_says(platform, tmp_path):
    tasks, result = page()
    content = make_clip(tmp_path / "clip.mp4").read_bytes()
    video = platform.create(content)
    worker = HandWorker(platform)

    probe = worker.lease("probe").json
    assert shape(probe) == shape(tasks["probe"])
    assert (probe["video"], probe["source_size"]) == (video, len(content))
    kept = worker.say(probe, "heartbeat", position_us=1)
    assert kept.status == 200 and shape(kept.json) == {"lease_ends_in_ms": "int"}
    assert worker.post(f"tasks/{probe['id']}/heartbeat", lease="another").status == 409
    assert worker.say(probe, "give-back").status == 204
    assert worker.say(probe, "give-back").status == 409

    probe = worker.lease("probe").json
    assert worker.say(probe, "complete", result=result).status == 200
    assert worker.lease("probe").status == 204
    for kind in ("audio", "transcode", "images"):
        task = worker.lease(kind).json
        assert shape(task) == shape(tasks[kind])
        assert task["spec"] == tasks[kind]["spec"], kind
        early = worker.say(task, "complete", result={})
        assert early.status == 422 and early.json["missing"]
        assert worker.say(task, "fail", reason="by hand", final=False).status == 204


def test_a_probe_says_what_the_page_says(platform, tmp_path):
    video = platform.create(make_clip(tmp_path / "clip.mp4").read_bytes())
    platform.start_worker()
    platform.wait(video, "playable", "ready")
    with sqlite3.connect(f"file:{platform.data / 'origin.db'}?mode=ro", uri=True) as database:
        ((found,),) = database.execute("SELECT probe FROM videos")
    assert shape(json.loads(found)) == shape(page()[1])


def test_a_result_that_makes_no_sense_is_the_workers_failure(platform, tmp_path):
    _, result = page()
    nonsense = {**result, "video": {**result["video"], "width": "wide"}}
    video = platform.create(make_clip(tmp_path / "clip.mp4").read_bytes())
    worker = HandWorker(platform)

    def refuse():
        task = worker.lease("probe").json
        refused = worker.say(task, "complete", result=nonsense)
        assert refused.status == 400
        assert '"video.width" is no whole number' in refused.json["detail"]
        assert "different versions" in refused.json["detail"]
        assert worker.say(task, "complete", result=result).status == 409, "the lease has ended"
        return platform.call("GET", f"/api/v1/tasks?video={video}").json["data"][0]

    for _ in range(2):
        assert refuse()["state"] == "waiting"
        assert platform.video(video)["state"] == "waiting"
    parked = refuse()
    assert parked["state"] == "parked" and parked["failures"] == 3
    failed = platform.video(video)
    assert failed["state"] == "failed" and failed["failure"] == parked["reason"]
    assert "the file is not to blame" in failed["failure"]
    assert "json" not in failed["failure"], "no words of a parser"

    # The same file with a sound worker.
    assert platform.call("POST", f"/api/v1/tasks/{parked['id']}/retry").status // 100 == 2
    assert worker.say(worker.lease("probe").json, "complete", result=result).status == 200
    assert platform.video(video)["state"] == "processing"


def test_a_result_of_what_can_not_be_played_is_held_against_the_file(platform, tmp_path):
    _, result = page()
    worker = HandWorker(platform)
    for told, sentence in (
            ({"container": "mov", "duration_us": 0}, "The file has no picture and no sound in it."),
            ({**result, "video": {**result["video"], "width": 0}},
             "The picture is 0 × 1080, which is outside of what can be played.")):
        video = platform.create(make_clip(tmp_path / "clip.mp4").read_bytes())
        assert worker.say(worker.lease("probe").json, "complete", result=told).status == 200
        failed = platform.video(video)
        assert (failed["state"], failed["failure"]) == ("failed", sentence)


def test_outputs_that_are_on_their_way_have_a_limit_together(tmp_path):
    platform = platform_harness.Platform(tmp_path / "small", 'bodies_max = "64MiB"').start()
    try:
        platform.create(make_clip(tmp_path / "clip.mp4").read_bytes())
        worker = HandWorker(platform)
        task = worker.lease("probe").json
        path = f"/api/v1/worker/tasks/{task['id']}/outputs?key=a&lease={task['lease']}"
        body = bytes(40 << 20)
        one = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=60)
        one.putrequest("PUT", path)
        one.putheader("Authorization", f"Bearer {worker.token}")
        one.putheader("Content-Length", str(len(body) + 1))
        one.endheaders(body)

        def another():
            return platform.call("PUT", path, body, worker.token).status

        wait_until(lambda: another() == 503, "the first one has the memory")
        one.close()
        wait_until(lambda: another() == 422, "the next one is read to its end")
    finally:
        platform.stop()


def test_ranges_that_are_not_taken_have_a_limit_together(tmp_path):
    platform = platform_harness.Platform(tmp_path / "small", 'bodies_max = "64MiB"').start()
    try:
        platform.create(make_clip(tmp_path / "clip.mp4").read_bytes() + bytes(14 << 20))
        worker = HandWorker(platform)
        task = worker.lease("probe").json
        path = f"/api/v1/worker/tasks/{task['id']}/source?lease={task['lease']}"
        fields = {"Authorization": f"Bearer {worker.token}", "Range": f"bytes=0-{(14 << 20) - 1}"}

        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=60)
            connection.request("GET", path, headers=fields)
            return connection, connection.getresponse()

        stalled = [ask() for _ in range(4)]
        assert [answer.status for _, answer in stalled] == [206] * 4
        refused = ask()[1]
        assert refused.status == 503 and refused.getheader("Retry-After")
        assert len(stalled.pop()[1].read()) == 14 << 20
        wait_until(lambda: ask()[1].status == 206, "what was taken counts no more")
        for connection, _ in stalled:
            connection.close()
    finally:
        platform.stop()


def test_a_worker_that_is_too_old_is_told_so_and_given_nothing(platform, tmp_path):
    video = platform.create(make_clip(tmp_path / "clip.mp4").read_bytes())
    worker = HandWorker(platform)
    refused = worker.post("lease", worker="old-1", kinds=["probe"])  # Version 1 names none.
    assert refused.status == 400 and "update headrace-worker" in refused.json["detail"]
    assert worker.lease("probe", protocol=1).status == 400
    (task,) = platform.call("GET", f"/api/v1/tasks?video={video}").json["data"]
    assert task["state"] == "waiting"
    assert worker.lease("probe", protocol=3).status == 200
