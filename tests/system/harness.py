"""Real daemons for the system tests: an edge, an origin that misbehaves on request, and clients.

Everything listens on loopback at ports that the system chose and ends with the test. Assertions
look at what an independent client (curl, h2load, ffprobe) saw, and at the edge's own counters.
"""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import socketserver
import subprocess
import threading
import time
import urllib.parse

BIN = pathlib.Path(os.environ.get("HEADRACE_BIN_DIR", "build/release/bin"))
# Sanitized daemons start and stop more slowly.
PATIENCE = 30.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(holds, what, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        result = holds()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"gave up waiting until {what}")


def body_of(name, size):
    """The bytes of the object `name`: different for each name, cheap to make and to check."""
    block = hashlib.sha256(name.encode()).digest()
    return (block * (size // len(block) + 1))[:size]


class Answer:
    """What the scripted origin gives for one request."""

    def __init__(self, status=200, fields=None, body=b"", cut_at=None, length=None, delay=0.0,
                 chunked=False, pause_at=None, pause=None, close=False):
        self.status = status
        self.fields = dict(fields or {})
        self.body = body
        self.cut_at = cut_at          # Close the connection after so many body bytes.
        self.length = length          # A Content-Length that may lie.
        self.delay = delay            # Seconds before the head.
        self.chunked = chunked
        self.pause_at = pause_at      # Wait for the event `pause` after so many body bytes.
        self.pause = pause
        self.close = close


def json_answer(value, status=200):
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


def ranged(request, body, etag='"v1"', fields=None):
    """What an honest origin answers: whole, a range under If-Range, or 304."""
    fields = {"ETag": etag, "Cache-Control": "max-age=3600", "Accept-Ranges": "bytes",
              **(fields or {})}
    if request.fields.get("if-none-match") == etag:
        return Answer(304, fields)
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.fields.get("range", ""))
    if asked and request.fields.get("if-range", etag) == etag:
        first = int(asked[1])
        last = min(int(asked[2] or len(body) - 1), len(body) - 1)
        if first > last:
            return Answer(416, {**fields, "Content-Range": f"bytes */{len(body)}"})
        fields["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        return Answer(206, fields, body[first:last + 1])
    return Answer(200, fields, body)


def answers(origin, **fields):
    """Gives numbered bodies with these fields, so that a test sees which response it got."""
    def answer(request):
        number = len(origin.requests())
        return Answer(200, {name.replace("_", "-"): value for name, value in fields.items()},
                      str(number).encode())
    origin.answer = answer


class Asked:
    def __init__(self, method, target, fields, body):
        self.method, self.target, self.fields, self.body = method, target, fields, body


class Origin:
    """An HTTP/1.1 origin whose answers a test scripts: `origin.answer = lambda request: Answer(…)`."""

    def __init__(self, answer=None):
        self.answer = answer or (lambda request: Answer(404))
        self.asked = []
        self._lock = threading.Lock()
        origin = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self):
                with contextlib.suppress(OSError, ValueError):
                    while origin._serve_one(self.rfile, self.wfile):
                        pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 1024

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def requests(self, target=None):
        with self._lock:
            return [one for one in self.asked if target is None or one.target == target]

    def _serve_one(self, rfile, wfile):
        line = rfile.readline(65536)
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split(" ", 2)
        fields = {}
        while (line := rfile.readline(65536)) not in (b"\r\n", b""):
            name, value = line.decode("latin-1").split(":", 1)
            fields[name.strip().lower()] = value.strip()
        body = b""
        if fields.get("transfer-encoding") == "chunked":
            while size := int(rfile.readline().split(b";")[0], 16):
                body += rfile.read(size)
                rfile.readline()
            rfile.readline()
        elif "content-length" in fields:
            body = rfile.read(int(fields["content-length"]))
        request = Asked(method, target, fields, body)
        with self._lock:
            self.asked.append(request)
        return self._send(wfile, method, self.answer(request))

    def _send(self, wfile, method, answer):
        if answer.delay:
            time.sleep(answer.delay)
        head = f"HTTP/1.1 {answer.status} X\r\n"
        for name, value in answer.fields.items():
            for one in value if isinstance(value, list) else [value]:
                head += f"{name}: {one}\r\n"
        has_body = method != "HEAD" and answer.status not in (204, 304)
        if answer.chunked:
            head += "Transfer-Encoding: chunked\r\n"
        elif answer.status not in (204, 304) and answer.length != "none":
            length = len(answer.body) if answer.length is None else answer.length
            head += f"Content-Length: {length}\r\n"
        if answer.close or answer.length == "none":
            head += "Connection: close\r\n"
        wfile.write(head.encode("latin-1") + b"\r\n")
        if not has_body:
            return not answer.close
        body = answer.body if answer.cut_at is None else answer.body[:answer.cut_at]
        if answer.pause is not None:
            self._write(wfile, body[:answer.pause_at], answer.chunked)
            wfile.flush()
            answer.pause.wait(PATIENCE)
            body = body[answer.pause_at:]
        self._write(wfile, body, answer.chunked)
        if answer.cut_at is not None:
            wfile.flush()
            return False
        if answer.chunked:
            wfile.write(b"0\r\n\r\n")
        return not answer.close and answer.length != "none"

    @staticmethod
    def _write(wfile, body, chunked):
        if not chunked:
            wfile.write(body)
            return
        for start in range(0, len(body), 65536):
            piece = body[start:start + 65536]
            wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Daemon:
    """A process of ours; its output is kept, and shown when it does not start."""

    def __init__(self, command, directory, name):
        self.log = pathlib.Path(directory) / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"did not stop:\n{self.log.read_text()[-4000:]}") from None
        return self.process.returncode

    def text(self):
        return self.log.read_text(errors="replace")


class Response:
    def __init__(self, status, fields, body, error=None):
        self.status, self.fields, self.body, self.error = status, fields, body, error

    @property
    def cache_status(self):
        return self.fields.get("cache-status", "")


class Edge:
    """A headrace-edge before the given origins. Restart with stop()/kill() and start()."""

    def __init__(self, directory, origins, *, cache=True, node="", site="", tls=False, extra="",
                 cache_options="", more_sites=""):
        self.directory = pathlib.Path(directory)
        self.port, self.admin_port = free_port(), free_port()
        self.tls_port = free_port() if tls else None
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_url = f"http://127.0.0.1:{self.admin_port}"
        urls = [origin if isinstance(origin, str) else origin.url for origin in origins]
        self.access_log = self.directory / "access.log"
        self.cache_path = self.directory / "cache"
        if tls:
            self._make_certificate()
        self.options = dict(cache=cache, node=node, site=site, tls=tls, extra=extra,
                            cache_options=cache_options, more_sites=more_sites, origins=urls)
        self.config = self.directory / "edge.toml"
        self.write_config()
        self.daemon = None

    def reload(self, **changes):
        """Returns when the loops serve by the new configuration."""
        def revision():
            return self.metric("headrace_edge_config_revision")
        before = revision()
        self.write_config(**changes)
        self.daemon.signal(signal.SIGHUP)
        wait_until(lambda: revision() == before + 1, "the reload")
        time.sleep(0.1)  # They are told by messages.

    def write_config(self, **changes):
        self.options.update(changes)
        o = self.options
        path = f'path = "{self.cache_path}"\ndisk_max = "256MiB"\n' if o["cache"] else ""
        memory = "" if "memory_max" in o["cache_options"] else 'memory_max = "64MiB"\n'
        listen = f'http = ["127.0.0.1:{self.port}"]\n'
        if o["tls"]:
            listen += f'https = ["127.0.0.1:{self.tls_port}"]\n'
        tls = (f'[tls]\ncertificate = "{self.directory}/cert.pem"\n'
               f'private_key = "{self.directory}/key.pem"\n' if o["tls"] else "")
        self.config.write_text(
            f'[node]\nname = "edge-1"\nthreads = 2\n{o["node"]}\n'
            f'[listen]\n{listen}admin = "127.0.0.1:{self.admin_port}"\n{tls}'
            f'[cache]\n{memory}{path}{o["cache_options"]}\n'
            f'[log]\naccess = "{self.access_log}"\n{o["extra"]}\n'
            f'[[site]]\nname = "site"\nhosts = ["*"]\norigins = {json.dumps(o["origins"])}\n'
            f'{o["site"]}\n{o["more_sites"]}\n')

    def _make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.directory / "key.pem",
             "-out", self.directory / "cert.pem"], check=True, capture_output=True)

    def start(self):
        self.daemon = Daemon([BIN / "headrace-edge", "--config", self.config], self.directory,
                             "edge")

        def is_ready():
            if self.daemon.process.poll() is not None:
                raise AssertionError(f"the edge ended:\n{self.daemon.text()[-4000:]}")
            with contextlib.suppress(OSError):
                return self.admin("/readyz")[0] == 200
            return False

        wait_until(is_ready, "the edge is ready")
        return self

    def stop(self):
        return self.daemon.stop()

    def kill(self):
        self.daemon.kill()

    def get(self, target, fields=None, method="GET", body=None, host=None, timeout=PATIENCE):
        """One request by Python's own client. A cut body is given with `error` set."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = dict(fields or {})
            if host:
                headers["Host"] = host
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            names = {}
            for name, value in response.getheaders():
                name = name.lower()
                names[name] = f"{names[name]}, {value}" if name in names else value
            try:
                return Response(response.status, names, response.read())
            except (http.client.IncompleteRead, OSError) as error:
                return Response(response.status, names, getattr(error, "partial", b""), error)
        finally:
            connection.close()

    def admin(self, target, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
        try:
            connection.request(method, target)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def purge(self, soft=False, **what):
        query = urllib.parse.urlencode({**what, **({"soft": "1"} if soft else {})})
        status, text = self.admin(f"/purge?{query}", "POST")
        assert status == 200, text
        return json.loads(text)

    def metric(self, name, **labels):
        """The sum of a metric's series that have these labels."""
        total = 0.0
        for line in self.admin("/metrics")[1].splitlines():
            found = re.fullmatch(r"([a-z_0-9]+)(?:\{(.*)\})? ([0-9.e+-]+|NaN|\+Inf)", line)
            if found and found[1] == name:
                have = dict(re.findall(r'([a-z_]+)="([^"]*)"', found[2] or ""))
                if all(have.get(key) == value for key, value in labels.items()):
                    total += float(found[3])
        return total

    def log_lines(self):
        if not self.access_log.exists():
            return []
        return [json.loads(line) for line in self.access_log.read_text().splitlines()]


def curl(*arguments, check=True):
    done = subprocess.run(["curl", "-sS", "--max-time", "60", *map(str, arguments)],
                          capture_output=True)
    assert not check or done.returncode == 0, done.stderr.decode()
    return done
