"""A worker that reaches one TCP port of the origin, and nothing else in the world, does a whole video."""

import os
import socket
import subprocess
import sys

import pytest

import platform_harness
from harness import free_port
from needs import need
from platform_harness import make_clip, probe

# Of a worker's view of the world: what can be connected to, and what can be sent to.
LOOK = """
import socket, sys
for place in sys.argv[1:]:
    kind, host, port = place.split("/")
    with socket.socket(socket.AF_INET, getattr(socket, "SOCK_" + kind)) as out:
        out.settimeout(3)
        try:
            out.connect((host, int(port)))
            out.send(b"x")
            print("reached", place)
        except OSError as error:
            print("refused", place, error)
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=30)


class Island:
    """A network namespace whose only way out is one TCP port of `host`, an address of ours."""

    def __init__(self, port):
        number = os.getpid() % 16384
        # Of the network for benchmarks (RFC 2544), which nobody routes.
        network = f"198.18.{number >> 6}.{(number & 63) * 4}".rsplit(".", 1)
        self.host, guest = (f"{network[0]}.{int(network[1]) + last}" for last in (1, 2))
        self.name = f"headrace-{os.getpid()}"
        self._link = f"hr{os.getpid()}"[:14]
        ip("netns", "add", self.name)
        try:
            ip("link", "add", self._link + "a", "type", "veth", "peer", "name", self._link + "b",
               "netns", self.name)
            ip("addr", "add", self.host + "/32", "dev", self._link + "a", "peer", guest)
            ip("link", "set", self._link + "a", "up")
            inside = ("-n", self.name)
            ip(*inside, "addr", "add", guest + "/32", "dev", self._link + "b")
            ip(*inside, "link", "set", self._link + "b", "up")
            ip(*inside, "route", "add", self.host + "/32", "dev", self._link + "b", "table", "7")
            ip(*inside, "rule", "add", "to", self.host, "ipproto", "tcp", "dport", str(port),
               "lookup", "7")
        except subprocess.CalledProcessError:
            self.remove()
            raise

    def words(self):
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def remove(self):
        ip("netns", "delete", self.name)  # Its link goes with it.


@pytest.fixture
def island():
    if os.geteuid() != 0:
        pytest.skip("only root can make a network namespace")
    need("ip", "nsenter")
    port = free_port()
    try:
        made = Island(port)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine makes no network namespace with a link: {error.stderr}")
    made.port = port
    yield made
    made.remove()


def test_a_worker_with_nothing_but_the_origins_port_does_a_video(island, tmp_path):
    platform = platform_harness.Platform(tmp_path / "platform",
                                         addresses=("127.0.0.1", island.host), port=island.port)
    platform.start()
    try:
        away = f"http://{island.host}:{island.port}"
        with socket.create_server((island.host, 0)) as other, \
                socket.create_server(("127.0.0.1", 0)) as local:
            nothing = [f"STREAM/{island.host}/{other.getsockname()[1]}",
                       f"STREAM/127.0.0.1/{local.getsockname()[1]}",
                       f"STREAM/127.0.0.1/{island.port}",
                       f"DGRAM/{island.host}/{island.port}", "DGRAM/192.0.2.1/53",
                       "STREAM/192.0.2.1/443"]
            api = f"STREAM/{island.host}/{island.port}"
            seen = subprocess.run([*island.words(), sys.executable, "-c", LOOK, api, *nothing],
                                  check=True, capture_output=True, text=True, timeout=60)
        assert [line.split()[:2] for line in seen.stdout.splitlines()] == \
            [["reached", api], *(["refused", place] for place in nothing)], seen.stdout
        # And the origin's files are not there for it, either.
        hide = f'mount -t tmpfs none "{platform.data}" && exec "$@"'
        worker = platform.start_worker(
            url=away, inside=[*island.words(), "unshare", "--mount", "sh", "-c", hide, "sh"])
        clip = make_clip(tmp_path / "clip.mp4", seconds=6, size="640x360")
        video = platform.create(clip.read_bytes())
        done = platform.wait(video, "ready", "failed")
        assert done["state"] == "ready", done
        assert [one["name"] for one in done["renditions"]][0] == "audio"
        streams = probe(f"{platform.url}/media/{video}/master.m3u8")["streams"]
        frames = {int(one["nb_read_frames"]) for one in streams if one["codec_type"] == "video"}
        assert frames == {150}
        tasks = platform.call("GET", f"/api/v1/tasks?video={video}").json["data"]
        assert len(tasks) >= 3 and all(one["state"] == "done" and not one["failures"]
                                       and not one["losses"] for one in tasks)
        assert os.readlink(f"/proc/{worker.pid}/ns/net") != os.readlink("/proc/self/ns/net")
        assert worker.poll() is None
    finally:
        platform.stop()
