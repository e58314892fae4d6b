"""The servers side by side: how each is configured, started and found."""

import dataclasses
import os
import subprocess

import lab as laboratory
from lab import LabError, fill_template, free_port, program

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Setup:
    """What a group of rows asks of every server alike."""
    name: str
    memory_bytes: int      # For the server's own cache in memory; nginx has only the page cache.
    disk_bytes: int
    limit_bytes: int = 0   # Of the control group that it and its pages are charged to; 0: none.
    from_disk: bool = False
    sliced: bool = False


class Server:
    name = ""
    keeps_on_disk = True

    def __init__(self, lab, setup, origin_port):
        self.lab, self.setup, self.origin_port = lab, setup, origin_port
        self.folder = lab.folder / f"{setup.name}.{self.name}"
        self.folder.mkdir()
        self.http_port, self.https_port = free_port(), free_port()
        self.processes = []
        self.limit = None

    @classmethod
    def version(cls):
        raise NotImplementedError

    def configure(self):
        """Writes the configuration; gives what to start, in order, as
        (name, command, port to wait for, environment)."""
        raise NotImplementedError

    def start(self, stack):
        if self.setup.limit_bytes and laboratory.MemoryLimit.kind():
            self.limit = laboratory.MemoryLimit(self.folder.name, self.setup.limit_bytes)
            stack.callback(self.limit.remove)
        for name, command, port, environment in self.configure():
            self.processes.append(self.lab.start(
                f"{self.setup.name}.{name}", command, self.lab.server_cpu, stack, environment,
                self.limit))
            self.lab.wait_for_port(self.processes[-1], port)

    def pids(self):
        for process in self.processes:
            process.check_alive()
        return [pid for process in self.processes for pid in process.pids()]

    def base(self, scheme):
        port = self.https_port if scheme == "https" else self.http_port
        return f"{scheme}://127.0.0.1:{port}"

    def values(self):
        return {
            "DIR": self.folder, "HTTP_PORT": self.http_port, "HTTPS_PORT": self.https_port,
            "ORIGIN_PORT": self.origin_port, "CERTIFICATE": self.lab.certificate,
            "KEY": self.lab.key, "CERTIFICATE_AND_KEY": self.lab.certificate_and_key,
        }


def first_line(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]


def nginx_user():
    # The temporary folder is for its owner alone; only root may name another.
    return "user root;" if os.geteuid() == 0 else ""


class Nginx(Server):
    name = "nginx"
    whole = False  # Ranges from whole files instead of slices.

    @classmethod
    def version(cls):
        return first_line([program("nginx", "nginx"), "-v"])

    def configure(self):
        sliced = self.setup.sliced and not self.whole
        text = fill_template("nginx.conf.in", {
            **self.values(), "USER": nginx_user(),
            "AIO": "threads" if self.setup.from_disk else "off",
            "OUTPUT_BUFFER": "1m" if self.setup.from_disk else "256k",
            "DISK_MAX": f"{self.setup.disk_bytes // MIB}m",
            "SLICE": "slice 1m; proxy_set_header Range $slice_range;" if sliced else "",
            "SLICE_KEY": "$slice_range" if sliced else "",
        })
        config = self.folder / "nginx.conf"
        config.write_text(text)
        return [(self.name, [program("nginx", "nginx"), "-p", self.folder, "-c", config],
                 self.https_port, None)]


class NginxWhole(Nginx):
    """nginx without slice: cheaper ranges, but a range's miss fetches the whole file."""
    name = "nginx-whole"
    whole = True


# Varnish logs to shared memory, always; what a request would write is masked, as others don't log.
SILENT = ",".join("-" + tag for tag in (
    "Begin End Link Timestamp ReqStart ReqMethod ReqURL ReqProtocol ReqHeader ReqUnset ReqAcct "
    "RespProtocol RespStatus RespReason RespHeader RespUnset VCL_call VCL_return Hit Length Filters "
    "SessOpen SessClose Proxy ProxyGarbage HttpGarbage").split())


class Varnish(Server):
    name = "varnish"
    keeps_on_disk = False

    @classmethod
    def version(cls):
        return (first_line([program("varnishd", "varnish"), "-V"]) + " + " +
                first_line([program("hitch", "hitch"), "--version"]))

    def configure(self):
        vcl = self.folder / "varnish.vcl"
        vcl.write_text(fill_template("varnish.vcl.in", {"ORIGIN_PORT": self.origin_port}))
        config = self.folder / "hitch.conf"
        user = 'user = "root"' if os.geteuid() == 0 else ""
        config.write_text(fill_template("hitch.conf.in", {**self.values(), "USER": user}))
        store = f"malloc,{self.setup.memory_bytes}"
        if self.setup.from_disk:
            store = f"file,{self.folder}/varnish.store,{self.setup.disk_bytes}"
        varnishd = [
            program("varnishd", "varnish"), "-F", "-j", "none", "-n", self.folder / "varnish",
            "-f", vcl, "-s", store, "-a", f"127.0.0.1:{self.http_port}",
            "-a", f"{self.folder}/varnish.sock,PROXY", "-p", "feature=+http2",
            "-p", "thread_pools=1", "-p", "thread_pool_min=200", "-p", "thread_pool_max=5000",
            "-p", "listen_depth=4096", "-p", "timeout_idle=3600", "-p", f"vsl_mask={SILENT}",
            "-p", "h2_max_concurrent_streams=256", "-p", "nuke_limit=1000",
        ]
        hitch = [program("hitch", "hitch"), f"--config={config}"]
        return [("varnish", varnishd, self.http_port, None), ("hitch", hitch, self.https_port, None)]


class TrafficServer(Server):
    name = "ats"

    @classmethod
    def version(cls):
        return first_line([program("traffic_server", "trafficserver"), "-V"])

    def configure(self):
        folders = {name: self.folder / name for name in ("etc", "cache", "log", "run")}
        for folder in folders.values():
            folder.mkdir()
        runroot = self.folder / "runroot.yaml"
        runroot.write_text("".join(f"{key}: {value}\n" for key, value in {
            "prefix": "/usr", "exec_prefix": "/usr", "bindir": "/usr/bin", "sbindir": "/usr/sbin",
            "sysconfdir": folders["etc"], "datadir": folders["cache"], "includedir": "/usr/include",
            "libdir": "/usr/lib/trafficserver", "libexecdir": "/usr/lib/trafficserver/modules",
            "localstatedir": folders["run"], "runtimedir": folders["run"],
            "logdir": folders["log"], "cachedir": folders["cache"]}.items()))
        etc = folders["etc"]
        (etc / "records.config").write_text(fill_template("ats.records.config.in", {
            "DIR": self.lab.folder, "HTTP_PORT": self.http_port, "HTTPS_PORT": self.https_port,
            "RAM_CACHE": self.setup.memory_bytes}))
        (etc / "remap.config").write_text(
            f"map http://127.0.0.1:{self.http_port}/ http://127.0.0.1:{self.origin_port}/\n"
            f"map https://127.0.0.1:{self.https_port}/ http://127.0.0.1:{self.origin_port}/\n")
        (etc / "ssl_multicert.config").write_text(
            f"dest_ip=* ssl_cert_name={self.lab.certificate.name} "
            f"ssl_key_name={self.lab.key.name}\n")
        (etc / "storage.config").write_text(
            f"{folders['cache']} {self.setup.disk_bytes // MIB}M\n")
        (etc / "ip_allow.yaml").write_text(
            "ip_allow:\n  - apply: in\n    ip_addrs: 127.0.0.1\n    action: allow\n"
            "    methods: ALL\n")
        for name in ("plugin.config", "cache.config", "hosting.config", "parent.config",
                     "splitdns.config", "volume.config", "socks.config"):
            (etc / name).write_text("")
        (etc / "sni.yaml").write_text("sni: []\n")
        (etc / "logging.yaml").write_text("logging:\n  logs: []\n")
        return [("ats", [program("traffic_server", "trafficserver")], self.https_port,
                 {"TS_RUNROOT": str(runroot)})]


class Headrace(Server):
    name = "headrace"

    @classmethod
    def version(cls):
        return "headrace-edge of this tree"

    def configure(self):
        binary = self.lab.bin_dir / "headrace-edge"
        if not os.access(binary, os.X_OK):
            raise LabError(f"{binary} is missing: build it, or leave it out by --servers")
        config = self.folder / "edge.toml"
        config.write_text(fill_template("headrace.toml.in", {
            **self.values(), "ADMIN_PORT": free_port(),
            "MEMORY_MAX": f"{self.memory() // MIB}MiB",
            "DISK_MAX": f"{self.setup.disk_bytes // MIB}MiB"}))
        return [("headrace", [binary, "--config", config], self.https_port, None)]

    def memory(self):
        """Under a limit: what it promises to stay within is memory_max + 64 MiB, and direct I/O
        leaves nothing for the page cache to do."""
        limit = self.setup.limit_bytes
        return limit - 64 * MIB if limit else self.setup.memory_bytes


ALL = {server.name: server for server in (Nginx, NginxWhole, Varnish, TrafficServer, Headrace)}
