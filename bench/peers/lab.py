"""The bench's laboratory: processes pinned to cores, their CPU time, a certificate, memory limits.

Everything started here is ended here, by its process id, whatever happens; files live in one
temporary folder; nothing of the system's configuration is read or changed.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class LabError(Exception):
    """What keeps the bench from running, in one line."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name, package):
    for folder in os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/usr/local/sbin"]:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    raise LabError(f"{name} is missing: apt-get install {package}")


def fill_template(name, values):
    """Replaces @NAME@ in a template of this folder; one that is left over is our mistake."""
    text = (HERE / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    left = re.search(r"@[A-Z0-9_]+@", text)
    if left:
        raise LabError(f"{name}: nothing to fill {left.group()} with")
    return text


def descendants(pid):
    """`pid` and all processes below it."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children") as children:
                    found.extend(int(child) for child in children.read().split())
    return found


def cpu_seconds(pids):
    """User and system time of all threads, to the nanosecond, as clock_getcpuclockid(3) has it."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def bytes_read_from_disk(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, AttributeError):
            text = pathlib.Path(f"/proc/{pid}/io").read_text()
            total += int(re.search(r"^read_bytes: (\d+)", text, re.M).group(1))
    return total


class MemoryLimit:
    """A control group of one server: cgroup v1's memory controller, or v2's."""

    V1 = pathlib.Path("/sys/fs/cgroup/memory")
    V2 = pathlib.Path("/sys/fs/cgroup")

    @staticmethod
    def kind():
        if (MemoryLimit.V1 / "memory.limit_in_bytes").exists() and os.access(MemoryLimit.V1, os.W_OK):
            return "cgroup v1"
        control = MemoryLimit.V2 / "cgroup.subtree_control"
        if control.exists() and os.access(control, os.W_OK) and "memory" in control.read_text():
            return "cgroup v2"
        return None

    def __init__(self, name, limit_bytes):
        self.is_v1 = self.kind() == "cgroup v1"
        parent = self.V1 if self.is_v1 else self.V2
        self.path = parent / f"headrace-peers-{os.getpid()}-{name}"
        self.path.mkdir()
        limit = "memory.limit_in_bytes" if self.is_v1 else "memory.max"
        (self.path / limit).write_text(str(limit_bytes))
        if not self.is_v1:
            (self.path / "memory.swap.max").write_text("0")

    def enter(self):
        """Moves the calling process in."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def forget_pages(self):
        """Drops the page cache that is charged to the group."""
        name = "memory.force_empty" if self.is_v1 else "memory.reclaim"
        with contextlib.suppress(OSError):
            (self.path / name).write_text("0" if self.is_v1 else "1G")

    def remove(self):
        for _ in range(50):
            with contextlib.suppress(OSError):
                self.path.rmdir()
                return
            time.sleep(0.1)


class Process:
    """One started program and what it starts."""

    def __init__(self, name, process, log):
        self.name, self.process, self.log = name, process, log

    def pids(self):
        return descendants(self.process.pid)

    def check_alive(self):
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-1500:]
            raise LabError(f"{self.name} ended with {self.process.returncode}:\n{tail}")

    def end(self):
        pids = self.pids()
        for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
            deadline = time.monotonic() + 2
            while any(os.path.exists(f"/proc/{pid}") for pid in pids):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.02)
            else:
                return


class Lab:
    def __init__(self, server_cpu, load_cpu, bin_dir):
        self.server_cpu, self.load_cpu = server_cpu, load_cpu
        self.bin_dir = pathlib.Path(bin_dir)
        self.bench = self.bin_dir / "headrace-bench"
        if not os.access(self.bench, os.X_OK):
            raise LabError(f"{self.bench} is missing: build the target headrace-bench")
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        for sign in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headrace-peers."))
        self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def make_certificate(self):
        """One ECDSA P-256 certificate for all servers."""
        self.certificate, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out",
             self.certificate], check=True, capture_output=True)
        # hitch wants both in one file.
        self.certificate_and_key = self.folder / "both.pem"
        self.certificate_and_key.write_text(self.key.read_text() + self.certificate.read_text())

    def start(self, name, command, cpu, stack, environment=None, limit=None):
        log = self.folder / f"{name}.log"

        def prepare():
            os.sched_setaffinity(0, {cpu})
            if limit:
                limit.enter()

        with open(log, "ab") as output:
            process = Process(name, subprocess.Popen(
                [str(word) for word in command], stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, preexec_fn=prepare, start_new_session=True,
                env={**os.environ, **(environment or {})}), log)
        stack.callback(process.end)
        return process

    def wait_for_port(self, process, port, patience=20):
        deadline = time.monotonic() + patience
        while True:
            process.check_alive()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            if time.monotonic() > deadline:
                raise LabError(f"{process.name} does not listen on {port} after {patience} s: "
                               f"see {process.log.read_text(errors='replace')[-1500:]}")
            time.sleep(0.05)

    def make_files(self, count, size, prefix):
        """Writes pattern objects under data/, once; gives the list of their paths."""
        listing = self.folder / f"{prefix}{count}.list"
        if not listing.exists():
            subprocess.run([self.bench, "make-files", self.folder / "data", "--count", str(count),
                            "--size", str(size), "--prefix", prefix, "--list", listing], check=True)
        return listing
