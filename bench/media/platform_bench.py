"""An origin with workers beside it, for benchmarks of the platform: started, given a file, measured, stopped."""

import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

CHUNK = 8 << 20


def cpu_seconds(pid):
    """Of a process and of its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


class Platform:
    """`ladder`: what origin.toml has under [ladder], as TOML's lines."""

    def __init__(self, bin_dir, directory, ladder=""):
        self.bin, self.directory = bin_dir, directory
        directory.mkdir(exist_ok=True)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = directory / "origin.toml"
        config.write_text(f'[listen]\nhttp = ["127.0.0.1:{self.port}"]\n[data]\n'
                          f'directory = "{directory}/data"\n[ladder]\n{ladder}\n[log]\nlevel = "warning"\n')
        self.origin = subprocess.Popen([bin_dir / "headrace-origin", "--config", config])
        self.workers = []
        self._wait_for_port()
        token = [bin_dir / "headrace-origin", "--config", config, "token", "create"]
        self.token = self._said_by([*token, "bench"])
        self.worker_token = self._said_by([*token, "worker", "--worker"])

    @staticmethod
    def _said_by(command):
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()

    def _wait_for_port(self):
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit("the origin does not serve")

    def start_worker(self, *options, core=None, log=subprocess.DEVNULL):
        """`core`: the only one that it may use."""
        pin = [] if core is None else ["taskset", "-c", str(core)]
        self.workers.append(subprocess.Popen(
            [*pin, self.bin / "headrace-worker", "--origin", self.url, *options],
            env={**os.environ, "HEADRACE_WORKER_TOKEN": self.worker_token}, stderr=log))
        return self.workers[-1]

    def stop_workers(self):
        for process in self.workers:
            process.send_signal(signal.SIGTERM)
        for process in self.workers:
            process.wait(60)
        self.workers = []

    def stop(self):
        self.stop_workers()
        self.origin.send_signal(signal.SIGTERM)
        self.origin.wait(60)

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, {"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text!r}")
        return json.loads(text)

    def upload(self, file):
        """The list of its chunks, which are there then."""
        listed = []
        with open(file, "rb") as source:
            while chunk := source.read(CHUNK):
                name = hashlib.sha256(chunk).hexdigest()
                self.call("PUT", f"/api/v1/chunks/{name}", chunk)
                listed.append({"hash": name, "size": len(chunk)})
        return listed

    def make_ready(self, chunks, on_tick=lambda: None):
        """Makes a video of them: its id, seconds until its first rung could be watched, until all could."""
        began = time.monotonic()
        video = self.call("POST", "/api/v1/videos", json.dumps({"file_name": "b", "chunks": chunks}))["id"]
        first = None
        while True:
            now = self.call("GET", f"/api/v1/videos/{video}")
            if first is None and now["state"] in ("playable", "ready"):
                first = time.monotonic() - began
            if now["state"] == "failed":
                sys.exit(now["failure"])
            if now["state"] == "ready":
                return video, first, time.monotonic() - began
            on_tick()
            time.sleep(0.05)

    def wait_for_images(self, video):
        """They are no part of a rung; nor are they to disturb what is measured next."""
        while "storyboard" not in self.call("GET", f"/api/v1/videos/{video}"):
            time.sleep(0.1)

    def media(self, video):
        return self.directory / "data/objects/media" / video
