"""An origin with its database, workers and an edge, for tests of what creators do."""

import hashlib
import http.client
import json
import os
import pathlib
import signal
import subprocess

from harness import BIN, Daemon, Edge, free_port, wait_until

CHUNK = 8 << 20


class Platform:
    def __init__(self, directory, config="", addresses=("127.0.0.1",), port=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = self.directory / "data"
        self.config = self.directory / "origin.toml"
        listens = json.dumps([f"{address}:{self.port}" for address in addresses])
        self.config.write_text(f'[listen]\nhttp = {listens}\n'
                               f'[data]\ndirectory = "{self.data}"\n{config}\n')
        self.origin = None
        self.workers = []
        self._made = 0

    def start(self):
        self.origin = Daemon([BIN / "headrace-origin", "--config", self.config], self.directory,
                             f"origin-{self._made}")
        self._made += 1

        def is_ready():
            if self.origin.process.poll() is not None:
                raise AssertionError(f"the origin ended:\n{self.origin.text()[-4000:]}")
            try:
                return self.call("GET", "/api/v1/videos", token="").status == 401
            except OSError:
                return False

        wait_until(is_ready, "the origin is ready")
        return self

    def token(self, name, *options):
        return subprocess.run([BIN / "headrace-origin", "--config", self.config, "token", "create",
                               name, *options], check=True, capture_output=True, text=True,
                              timeout=60).stdout.strip()

    def start_worker(self, *options, url=None, preexec=None, inside=(), token=None):
        """`inside`: words before the command, which put it somewhere."""
        environment = {**os.environ, "HEADRACE_WORKER_TOKEN": token or self.token("worker", "--worker")}
        log = self.directory / f"worker-{self._made}.log"
        self._made += 1
        with open(log, "ab") as out:
            process = subprocess.Popen(
                [*inside, BIN.absolute() / "headrace-worker", "--origin", url or self.url,
                 "--tasks", "2", *options],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment,
                preexec_fn=preexec)
        process.log = log
        self.workers.append(process)
        return process

    def call(self, method, path, body=None, token=None, fields=None, url=None):
        """A request; `body` as JSON unless it is bytes. The answer has .status, .json, .body."""
        port = int((url or self.url).rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = dict(fields or {})
        if token is None:
            token = self.owner
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.body = answer.read()
        answer.json = {}
        if answer.body and "json" in (answer.getheader("Content-Type") or ""):
            answer.json = json.loads(answer.body)
        connection.close()
        return answer

    @property
    def owner(self):
        if not hasattr(self, "_owner"):
            self._owner = self.token("creator")
        return self._owner

    def send_chunks(self, content, token=None, url=None):
        chunks = [content[at:at + CHUNK] for at in range(0, len(content), CHUNK)]
        listed = []
        for chunk in chunks:
            name = hashlib.sha256(chunk).hexdigest()
            sent = self.call("PUT", f"/api/v1/chunks/{name}", chunk, token, url=url)
            assert sent.status == 201, sent.body
            listed.append({"hash": name, "size": len(chunk)})
        return listed

    def create(self, content, title="A title", url=None, **more):
        answer = self.call("POST", "/api/v1/videos",
                           {"title": title, "file_name": "a.mp4",
                            "chunks": self.send_chunks(content, url=url), **more}, url=url)
        assert answer.status == 201, answer.body
        return answer.json["id"]

    def video(self, video):
        return self.call("GET", f"/api/v1/videos/{video}").json

    def wait(self, video, *states, patience=120):
        def there():
            now = self.video(video)
            return now if now["state"] in states else None

        return wait_until(there, f"{video} is {' or '.join(states)}", patience)

    def cli_environment(self, server=None, token=None):
        return {**os.environ, "HEADRACE_SERVER": server or self.url,
                "HEADRACE_TOKEN": self.owner if token is None else token,
                "HOME": str(self.directory)}

    def cli(self, *arguments, server=None, token=None):
        return subprocess.run([BIN / "headrace", *map(str, arguments)], capture_output=True,
                              text=True, timeout=180, env=self.cli_environment(server, token))

    def kill_origin(self):
        self.origin.kill()

    def stop(self):
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            try:
                worker.wait(60)
            except subprocess.TimeoutExpired:
                worker.kill()
        texts = [worker.log.read_text(errors="replace") for worker in self.workers]
        if self.origin is not None:
            self.origin.stop()
            texts.append(self.origin.text())
        for text in texts:
            assert "ERROR: AddressSanitizer" not in text and "runtime error:" not in text, text[-8000:]
            assert "CHECK failed" not in text, text[-8000:]


class Theatre:
    """A platform with an edge before it, by which its worker reaches it, too."""

    def __init__(self, directory, config):
        self.platform = Platform(directory / "platform", config).start()
        (directory / "edge").mkdir()
        self.edge = Edge(directory / "edge", [self.platform.url]).start()
        self.platform.start_worker(url=self.edge.url)

    def url(self, video, manifest):
        return f"{self.edge.url}/media/{video}/{manifest}"

    def stop(self):
        try:
            self.platform.stop()
        finally:
            self.edge.kill()
            text = self.edge.daemon.text()
            assert "ERROR: AddressSanitizer" not in text and "runtime error:" not in text, text



def make_clip(path, *, seconds=4, size="320x180", rate=25, sound=True, more=()):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
               f"testsrc2=size={size}:rate={rate}:duration={seconds}"]
    if sound:
        command += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
                    "-c:a", "aac", *more, str(path)], check=True, capture_output=True, timeout=120)
    return pathlib.Path(path)


def probe(url, *entries):
    """What ffprobe sees: every frame counted."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json",
         *entries, url], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
