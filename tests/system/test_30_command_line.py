"""The command line: operators' commands, events while it waits, settings."""

import contextlib
import hashlib
import json
import os
import pty
import re
import subprocess
import threading
import time

import pytest

import platform_harness
from harness import BIN, Answer, Origin, json_answer, wait_until
from platform_harness import CHUNK, make_clip

VIDEO = {"id": "abc", "title": "t", "state": "processing", "percent": 40, "size": 1}
READY = {**VIDEO, "state": "ready", "percent": 100}


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform").start()
    yield made
    made.stop()


# --- Workers' tokens ---


def test_an_operator_lets_workers_in_and_out(platform, make_edge, tmp_path):
    edge = make_edge(platform.url)
    operator = platform.token("boss", "--operator")
    made = platform.cli("worker", "token", "helper ä", server=edge.url, token=operator)
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert made.stdout == f"{token}\n" and token.startswith("hrw_")
    assert f"  HEADRACE_WORKER_TOKEN=… headrace-worker --origin {edge.url}\n" in made.stderr
    assert "hrw_" not in made.stderr
    platform.start_worker(url=edge.url, token=token)
    video = platform.create(make_clip(tmp_path / "clip.mp4", seconds=1).read_bytes())
    platform.wait(video, "ready")

    named = json.loads(platform.cli("--json", "worker", "token", token=operator).stdout)
    assert named["token"].startswith("hrw_") and named["name"].startswith("worker-")
    listed = json.loads(platform.cli("--json", "worker", "tokens", token=operator).stdout)["data"]
    assert {one["name"] for one in listed} == {"helper ä", named["name"]}
    assert abs(listed[0]["created_us"] / 1e6 - time.time()) < 600
    assert "token" not in listed[0]
    assert "helper ä" in platform.cli("worker", "tokens", token=operator).stdout

    def lease(with_token):
        return platform.call("POST", "/api/v1/worker/lease",
                             {"kinds": ["none"], "protocol": 2}, with_token).status

    assert platform.cli("worker", "revoke", named["name"], token=operator).stdout == "1 revoked\n"
    assert lease(named["token"]) == 401 and lease(token) == 204
    assert platform.cli("worker", "revoke", "helper ä", token=operator).returncode == 0
    assert lease(token) == 401
    gone = platform.cli("worker", "revoke", named["name"], token=operator)
    assert gone.returncode == 4 and "no worker's token" in gone.stderr
    # What the database has of them is no token.
    kept = b"".join(path.read_bytes() for path in platform.data.glob("origin.db*"))
    for secret in (token, named["token"], operator):
        assert secret.split("_", 1)[1].encode() not in kept
        assert hashlib.sha256(secret.encode()).hexdigest().encode() in kept


@pytest.mark.parametrize("method, path", [("POST", "/api/v1/worker-tokens"),
                                          ("GET", "/api/v1/worker-tokens"),
                                          ("DELETE", "/api/v1/worker-tokens/worker")])
def test_who_is_no_operator_lets_nobody_in(platform, method, path):
    worker = platform.token("worker", "--worker")
    body = {} if method == "POST" else None
    refused = platform.call(method, path, body)
    assert refused.status == 403 and "--operator" in refused.json["detail"]
    for token in (worker, "", "hr_wrong"):
        assert platform.call(method, path, body, token).status == 401
    operator = platform.token("boss", "--operator")
    assert platform.call(method, path, body, operator).status in (200, 201)
    subprocess.run([BIN / "headrace-origin", "--config", platform.config, "token", "revoke", "boss"],
                   check=True, capture_output=True, timeout=60)
    assert platform.call(method, path, body, operator).status == 401


def test_a_plain_token_is_told_what_to_ask_for(platform):
    refused = platform.cli("worker", "token")
    assert refused.returncode == 3 and refused.stdout == "" and "--operator" in refused.stderr
    operator = platform.token("boss", "--operator")
    for name, sentence in (("x" * 101, "100 bytes"), ("a/b", "slashes"), ("a\nb", "slashes")):
        unfit = platform.cli("worker", "token", name, token=operator)
        assert unfit.returncode == 5 and sentence in unfit.stderr


# --- Waiting ---


class Server(Origin):
    """Takes an upload, and tells of the video as a test scripts it."""

    def __init__(self, *streams, video=None, there=0):
        super().__init__(self.give)
        self.streams, self.video = list(streams), video or VIDEO
        self.there = there  # Of the chunks that it is asked for: it has so many of the first.

    def give(self, request):
        if request.method == "PUT":
            return Answer(201, {}, b"{}")
        if request.target == "/api/v1/chunks/missing":
            hashes = json.loads(request.body)["hashes"]
            there = min(self.there, len(hashes))
            self.there -= there
            return json_answer({"missing": hashes[there:]})
        if request.target.endswith("/progress"):
            return self.streams.pop(0) if self.streams else Answer(404)
        return json_answer(self.video, 201 if request.method == "POST" else 200)

    def asked_for(self, what):
        return len([one for one in self.requests() if one.method == "GET"
                    and one.target == f"/api/v1/videos/abc{what}"])


def events(*videos, **more):
    body = "".join(f": hello\n\nevent: video\ndata: {json.dumps(video)}\n\n" for video in videos)
    return Answer(200, {"Content-Type": "text/event-stream"}, body.encode(), chunked=True, **more)


def environment_for(server, tmp_path):
    return {**os.environ, "HEADRACE_SERVER": server.url, "HEADRACE_TOKEN": "hr_x",
            "HOME": str(tmp_path)}


def run_cli(server, tmp_path, *arguments):
    return subprocess.run([BIN / "headrace", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, env=environment_for(server, tmp_path))


def upload(server, tmp_path, *options, size=1000):
    file = tmp_path / "file.mp4"
    with open(file, "wb") as out:
        for at in range(0, size, CHUNK):  # No chunk is like another, but for the last two.
            out.write(bytes([min(at // CHUNK, 6)]) * min(CHUNK, size - at))
    return [BIN / "headrace", "upload", file, "--wait", *options], environment_for(server, tmp_path)


def run_upload(server, tmp_path, *options, size=1000):
    command, environment = upload(server, tmp_path, *options, size=size)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@contextlib.contextmanager
def serving(*streams, **more):
    server = Server(*streams, **more)
    try:
        yield server
    finally:
        server.stop()


def test_it_listens_and_does_not_ask(tmp_path):
    with serving(events(VIDEO, VIDEO, READY)) as server:
        done = run_upload(server, tmp_path, "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["state"] == "ready"
        assert (server.asked_for("/progress"), server.asked_for("")) == (1, 0)


def test_the_first_event_that_suffices_ends_the_wait(tmp_path):
    never = threading.Event()
    body = events({**VIDEO, "state": "playable"}, VIDEO)
    body.pause, body.pause_at = never, len(body.body) - 20
    with serving(body) as server:
        began = time.monotonic()
        done = run_upload(server, tmp_path, "--until", "playable")
        never.set()
        assert done.returncode == 0 and time.monotonic() - began < 10
        assert server.asked_for("") == 0


def test_a_video_that_fails_is_told_with_its_reason(tmp_path):
    with serving(events({**VIDEO, "state": "failed", "failure": "It is no film."})) as server:
        done = run_upload(server, tmp_path)
        assert done.returncode == 8 and "It is no film." in done.stderr


def test_for_machines_too_it_says_which_video_failed(tmp_path):
    failed = {**VIDEO, "state": "failed", "failure": "It is no film."}
    with serving(events(failed), events(failed)) as server:
        for done in (run_upload(server, tmp_path, "--json"),
                     run_cli(server, tmp_path, "wait", "abc", "--json")):
            assert done.returncode == 8 and done.stderr == ""
            assert json.loads(done.stdout) == {"error": "corrupt", "detail": "It is no film.",
                                               "id": "abc"}


def test_a_video_is_waited_for_by_its_id(tmp_path):
    playable = {**VIDEO, "state": "playable"}
    with serving(events(VIDEO, READY), events(VIDEO, playable, VIDEO)) as server:
        done = run_cli(server, tmp_path, "wait", "abc", "--json")
        assert done.returncode == 0 and json.loads(done.stdout) == READY
        done = run_cli(server, tmp_path, "wait", "abc", "--until", "playable", "--json")
        assert done.returncode == 0 and json.loads(done.stdout) == playable
        assert (server.asked_for("/progress"), server.asked_for("")) == (2, 0)


def test_who_waits_for_no_video_is_told_so(platform):
    done = platform.cli("wait", "nope")
    assert done.returncode == 4 and "no such video" in done.stderr


def test_an_upload_that_does_not_wait_says_how_to(tmp_path):
    file = tmp_path / "file.mp4"
    file.write_bytes(b"x" * 1000)
    with serving() as server:
        done = run_cli(server, tmp_path, "upload", file)
        assert done.returncode == 0 and "abc" in done.stdout
        assert done.stderr.splitlines()[-1].endswith("headrace wait abc")
        assert run_cli(server, tmp_path, "--json", "upload", file).stderr == ""
        asked = len(server.requests())
        done = run_cli(server, tmp_path, "upload", file, "--until", "playable")
        assert done.returncode == 2 and "--wait" in done.stderr
        assert len(server.requests()) == asked


def test_a_stream_that_ends_is_opened_again(tmp_path):
    with serving(events(VIDEO), events(VIDEO, cut_at=30), events(VIDEO), events(READY)) as server:
        assert run_upload(server, tmp_path).returncode == 0
        assert (server.asked_for("/progress"), server.asked_for("")) == (4, 3)


def test_where_events_are_held_back_it_asks(tmp_path):
    never = threading.Event()
    held = events(READY)
    held.pause, held.pause_at = never, 0
    with serving(held, events(VIDEO)) as server:
        command, environment = upload(server, tmp_path)
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            began = time.monotonic()
            wait_until(lambda: server.asked_for("") >= 2, "it asks")
            assert 4 < time.monotonic() - began < 15
            server.video = READY
            assert process.wait(30) == 0
        never.set()
        assert server.asked_for("/progress") == 1


def test_a_server_without_events_is_asked(tmp_path):
    with serving() as server:
        command, environment = upload(server, tmp_path)
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            wait_until(lambda: server.asked_for("") >= 5, "it asks")
            server.video = READY
            assert process.wait(30) == 0
        assert server.asked_for("/progress") == 3


def test_a_restart_of_the_origin_is_waited_out(platform, make_edge, tmp_path):
    edge = make_edge(platform.url)
    clip = make_clip(tmp_path / "clip.mp4", seconds=2)
    with subprocess.Popen([BIN / "headrace", "--json", "upload", clip, "--wait"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=platform.cli_environment(edge.url)) as process:
        wait_until(lambda: platform.call("GET", "/api/v1/videos").json["data"], "it was uploaded")
        platform.kill_origin()
        time.sleep(12)  # Longer than a single request is tried again.
        assert process.poll() is None
        platform.start()
        platform.start_worker()
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0 and json.loads(out)["state"] == "ready"


# --- What one sees ---


class Slow(Server):
    def give(self, request):
        if request.method == "PUT":
            time.sleep(0.8)
        return super().give(request)


def lines_on_a_terminal(server, tmp_path, size):
    """Of an upload, by stage."""
    master, slave = pty.openpty()
    shown = b""
    try:
        command, environment = upload(server, tmp_path, size=size)
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                              stderr=slave) as process:
            os.close(slave)
            with contextlib.suppress(OSError):  # Linux's word for the other end's being closed.
                while piece := os.read(master, 65536):
                    shown += piece
            assert process.wait(60) == 0
    finally:
        os.close(master)
        server.stop()
    lines = shown.decode().replace("\r\n", "\r").split("\r")
    return lambda stage: [line for line in lines if stage in line]


@pytest.mark.parametrize("command, answer", [
    (["videos"], [1]), (["captions", "abc", "list"], "x"), (["worker", "tokens"], None),
    (["worker", "revoke", "w"], {"revoked": "all"}), (["upload", "FILE"], {"missing": [], "id": 7})])
def test_an_answer_of_another_kind_is_told_so(tmp_path, command, answer):
    server = Origin(lambda request: json_answer(answer))
    try:
        _, environment = upload(server, tmp_path)
        command = [tmp_path / "file.mp4" if word == "FILE" else word for word in command]
        done = subprocess.run([BIN / "headrace", *command], env=environment, capture_output=True, text=True,
                              timeout=60)
    finally:
        server.stop()
    assert done.returncode == 6, (done.returncode, done.stdout, done.stderr)
    assert "is this a Headrace server?" in done.stderr


def test_a_terminal_shows_each_stage_with_speed_and_time(tmp_path):
    server = Slow(events(VIDEO), events(READY))
    of = lines_on_a_terminal(server, tmp_path, 8 * CHUNK)
    assert of("hashing")
    assert any("MiB/s" in line and "left" in line for line in of("sending")), of("sending")
    assert "100 %" in of("sending")[-1], of("sending")
    assert len([line for line in of("sending") if "100 %" in line]) == 1, of("sending")
    assert len([one for one in server.requests() if one.method == "PUT"]) == 7
    assert " 40 %" in of("transcoding")[0]


def test_the_speed_is_that_of_what_is_sent(tmp_path):
    of = lines_on_a_terminal(Slow(events(READY), there=6), tmp_path, 7 * CHUNK)
    last = of("sending")[-1]
    assert "100 %" in last
    speed = float(re.search(r"([\d.]+) MiB/s", last)[1])
    assert 0 < speed <= 8 / 0.8, "8 MiB, confirmed after 0.8 s"


def test_what_is_no_terminal_gets_a_line_a_stage(tmp_path):
    with serving(events(READY)) as server:
        done = run_upload(server, tmp_path)
        assert done.stderr == "hashing\nsending\nsent 1000 B\ntranscoding\n"


def test_what_the_server_has_not_confirmed_is_not_all_of_it(tmp_path):
    confirm = threading.Event()
    tried = []

    class Hesitant(Server):
        def give(self, request):
            if request.method == "PUT" and not tried:
                tried.append(request)
                return Answer(503)
            if request.method == "PUT":
                tried.append(request)
                confirm.wait(60)
            return super().give(request)

    master, slave = pty.openpty()
    server = Hesitant(events(READY))
    shown = bytearray()

    def read():
        with contextlib.suppress(OSError):
            while piece := os.read(master, 65536):
                shown.extend(piece)

    reader = threading.Thread(target=read)
    try:
        command, environment = upload(server, tmp_path, size=2 * CHUNK)
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                              stderr=slave) as process:
            os.close(slave)
            reader.start()
            try:
                wait_until(lambda: len(tried) == 3, "all is on its way")
                before = len(shown)
                wait_until(lambda: len(shown) > before + 500, "it shows that some more times")
                unconfirmed = shown.decode().split("\r")
            finally:
                confirm.set()
            assert process.wait(60) == 0
        reader.join(10)
    finally:
        os.close(master)
        server.stop()
    sending = [line for line in unconfirmed if "sending" in line]
    assert "99 %" in sending[-1] and not any("100 %" in line for line in sending), sending
    assert shown.decode().split("transcoding")[0].count("100 %") == 1


@pytest.mark.parametrize("there, sentence", [
    (0, "sent 24.0 MiB"), (2, "sent 8.0 MiB of 24.0 MiB"), (3, "all of it was there already")])
def test_it_says_how_much_was_really_sent(tmp_path, there, sentence):
    with serving(events(READY), there=there) as server:
        done = run_upload(server, tmp_path, size=3 * CHUNK)
        assert done.returncode == 0 and sentence in done.stderr.splitlines()
        put = [one for one in server.requests() if one.method == "PUT"]
        assert len(put) == 3 - there


def test_a_video_is_told_with_captions_and_images(tmp_path):
    media = {"hls": "/media/abc/master.m3u8", "poster": "/media/abc/poster.jpg"}
    captions = [{"language": "de", "label": "Deutsch"}, {"language": "en", "label": "English"}]
    with serving(video={**READY, **media, "access": "public", "captions": captions}) as server:
        shown = run_cli(server, tmp_path, "video", "abc").stdout
        fields = dict(line.split(maxsplit=1) for line in shown.splitlines()[1:])
        assert fields["captions"] == "de, en" and fields["storyboard"] == "not there"
        assert fields["poster"] == server.url + "/media/abc/poster.jpg"
        server.video = {**READY, "access": "private", "captions": []}
        shown = run_cli(server, tmp_path, "video", "abc").stdout
        assert "  captions   none\n" in shown and "headrace link" in shown
        assert "poster" not in shown, "the server names no images of private videos"


def test_tasks_are_told_with_progress_and_worker(tmp_path):
    class Busy(Server):
        def give(self, request):
            return json_answer({"data": [
                {"id": 7, "state": "leased", "kind": "rung", "video": "abc", "worker": "helper\033",
                 "position_us": 61_000_000, "reason": ""},
                {"id": 8, "state": "parked", "kind": "probe", "video": "abc", "worker": "",
                 "position_us": 0, "reason": "It is no film."}]})

    server = Busy()
    try:
        lines = run_cli(server, tmp_path, "tasks").stdout.splitlines()
    finally:
        server.stop()
    assert lines[0].split() == ["7", "leased", "rung", "abc", "1:01", "helper"]
    assert lines[1].split(maxsplit=6) == ["8", "parked", "probe", "abc", "-", "-", "It is no film."]


# --- Removing ---


def test_a_video_is_removed_without_asking(platform, tmp_path):
    video = platform.create(make_clip(tmp_path / "clip.mp4", seconds=1).read_bytes())
    other = platform.token("other")
    assert platform.cli("remove", video, token=other).returncode == 4
    assert platform.call("GET", f"/api/v1/videos/{video}").status == 200
    assert platform.cli("remove", video).returncode == 0
    assert platform.call("GET", f"/api/v1/videos/{video}").status == 404
    again = platform.cli("--json", "remove", video)
    assert again.returncode == 4 and json.loads(again.stdout)["error"] == "not_found"


# --- What is wrong, in its words ---


def test_who_has_no_good_token_is_told_how_to_give_one(platform):
    for token in ("hr_wrong", ""):
        refused = platform.cli("videos", token=token)
        assert refused.returncode == 3
        for word in ("--token", "HEADRACE_TOKEN", "config.toml", "headrace-origin token create NAME"):
            assert word in refused.stderr


NOWHERE = {"HEADRACE_SERVER": "http://127.0.0.1:1", "HEADRACE_TOKEN": "hr_x"}


@pytest.mark.parametrize("words, sentence", [
    (["foo"], "no such command: foo"), (["captions", "abc", "foo"], "no such command: foo"),
    (["worker", "foo"], "no such command: foo"),
    ([], "a command is needed"), (["captions", "abc"], "add, list, remove"),
    (["captions", "list", "abc"], "headrace captions ID list"),
    (["captions", "remove"], "headrace captions ID remove"),
    (["link", "abc", "--for", "30d"], "1m to 7d"), (["link", "abc", "--for", "59s"], "1m to 7d"),
    (["link", "abc", "--for", "soon"], "1m to 7d"),
    (["--server", "video.example", "videos"], "https://video.example"),
    (["--server", "http://127.0.0.1:99999", "videos"], "https://video.example"),
    (["wait", "abc", "--until", "failed"], "playable"), (["videos", "--bogus"], "--bogus"),
    (["remove"], "ID is required")])
def test_wrong_usage_is_told_to_people_and_machines(tmp_path, words, sentence):
    def run(*arguments):
        return subprocess.run([BIN / "headrace", *arguments], capture_output=True, text=True,
                              timeout=60, env={**os.environ, **NOWHERE, "HOME": str(tmp_path)})

    done = run(*words)
    assert done.returncode == 2 and sentence in done.stderr and done.stdout == ""
    done = run("--json", *words)
    assert done.returncode == 2 and done.stderr == "" and done.stdout.count("\n") == 1
    told = json.loads(done.stdout)
    assert told["error"] == "usage" and sentence in told["detail"]


@pytest.mark.parametrize("time_", ["1m", "60000ms", "7d"])
def test_the_shortest_and_the_longest_link(platform, tmp_path, time_):
    video = platform.create(make_clip(tmp_path / "clip.mp4", seconds=1).read_bytes())
    assert platform.cli("link", video, "--for", time_).returncode == 0


def test_the_tasks_of_no_video_are_none_to_list(platform):
    assert platform.cli("tasks").returncode == 0
    done = platform.cli("tasks", "--video", "nope")
    assert done.returncode == 4 and "no such video" in done.stderr


def test_the_help_names_the_server_that_is_asked_otherwise():
    text = subprocess.run([BIN / "headrace", "--help"], capture_output=True, text=True, check=True,
                          timeout=60).stdout
    assert "http://127.0.0.1:8080" in text


# --- Settings ---


def test_flags_go_before_the_environment_and_that_before_the_file(platform, tmp_path):
    config = tmp_path / ".config" / "headrace"
    config.mkdir(parents=True)
    nobody = "http://127.0.0.1:1"

    def code(*flags, file=(), **environment):
        (config / "config.toml").write_text("".join(f'{key} = "{value}"\n' for key, value in file))
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith(("HEADRACE", "XDG"))}
        return subprocess.run([BIN / "headrace", *flags, "videos"], capture_output=True, timeout=60,
                              env={**clean, "HOME": str(tmp_path), **environment}).returncode

    good = [("server", platform.url), ("token", platform.owner)]
    wrong = [("server", nobody), ("token", "hr_wrong")]
    assert code(file=good) == 0
    assert code(file=[good[0], wrong[1]]) == 3
    assert code(file=wrong, HEADRACE_SERVER=platform.url, HEADRACE_TOKEN=platform.owner) == 0
    assert code(file=good, HEADRACE_TOKEN="hr_wrong") == 3
    assert code("--server", platform.url, "--token", platform.owner, file=wrong,
                HEADRACE_SERVER=nobody, HEADRACE_TOKEN="hr_wrong") == 0


# --- Completion ---


@pytest.mark.parametrize("words, offered", [
    (["wor"], {"worker"}), (["worker", ""], {"token", "tokens", "revoke"}),
    (["worker", "tok"], {"token", "tokens"}), (["tasks", "re"], {"retry"}),
    (["upload", "--wa"], {"--wait"}), (["upload", "--ag"], {"--again"}), (["re"], {"remove"}), (["wa"], {"wait"}),
    (["wait", "--un"], {"--until"}), (["--json", "vide"], {"video", "videos"})])
def test_bash_completes(platform, words, offered):
    script = platform.cli("completion", "bash").stdout
    array = " ".join(f"'{word}'" for word in ["headrace", *words])
    asked = f"{script}\nCOMP_WORDS=({array}); COMP_CWORD={len(words)}; _headrace\n" \
            'printf "%s\\n" "${COMPREPLY[@]}"\n'
    done = subprocess.run(["bash"], input=asked, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    got = set(done.stdout.split())
    assert got == offered or (words[-1] == "" and got >= offered), got
