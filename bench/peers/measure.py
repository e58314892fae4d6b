"""One measurement: headrace-bench against one server, and the checks that make it quotable."""

import json
import subprocess

from lab import LabError, bytes_read_from_disk

STEAL_MAX_PERCENT = 1.0
CIPHER = "TLS_AES_128_GCM_SHA256"


class OriginLog:
    """Counts what the origin was asked for."""

    def __init__(self, path):
        self.path = path
        self.offset = path.stat().st_size if path.exists() else 0

    def fetches(self):
        """Since the last call: how many requests, and the bytes sent for them."""
        with open(self.path, encoding="ascii", errors="replace") as log:
            log.seek(self.offset)
            lines = log.read().splitlines()
            self.offset = log.tell()
        return len(lines), sum(int(line.split()[3]) for line in lines)


class Meter:
    def __init__(self, lab, origin_log, seconds, misses):
        self.lab, self.origin_log = lab, origin_log
        self.seconds, self.misses = seconds, misses

    def bench(self, arguments, timeout, verify="pattern"):
        """Runs headrace-bench on the load's core; gives its figures and whether all went well."""
        output = self.lab.folder / "bench.json"
        output.unlink(missing_ok=True)
        done = subprocess.run(
            ["taskset", "-c", str(self.lab.load_cpu), self.lab.bench, "raw", "--json", output,
             "--verify", verify, *map(str, arguments)],
            capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode not in (0, 3) or not output.exists():
            raise LabError(f"headrace-bench: {done.stderr.strip()}")
        return json.loads(output.read_text()), done.stdout

    def warm(self, row, server):
        """Asks for every object twice, so that it is stored and found."""
        count, size, prefix = row.files
        listing = self.lab.make_files(count, size, prefix)
        if row.kind != "hit":
            return
        streams = ("-m", "2") if "h2" in row.arguments else ()
        for protocol in (row.arguments[:2],):
            figures, text = self.bench(
                ["--list", listing, "--base", server.base(row.scheme), "-c", 4, "-n", 2 * count,
                 "--timeout", "60s", *streams, *protocol], timeout=600)
            if figures["requests"]["failed"]:
                raise LabError(f"{server.name} fails while {row.id} is warmed:\n{text}")

    def measure(self, row, server, round_name):
        if row.kind == "hit":
            listing = self.lab.make_files(*row.files)
            bounds = ("-d", f"{int(self.seconds * 1000)}ms", "--warm-up", "500ms")
        elif row.kind == "miss":
            listing, bounds = self.new_names(row, round_name), ("-n", self.misses)
        else:
            listing = self.lab.folder / "collapse.list"
            listing.write_text(f"/slow/{row.files[2]}00000.bin?{round_name} {row.files[1]}\n")
            bounds = ()
        pids = server.pids()
        self.origin_log.fetches()
        read_before = bytes_read_from_disk(pids)
        figures, text = self.bench(
            ["--list", listing, "--base", server.base(row.scheme), *row.arguments, *bounds,
             "--server-pid", ",".join(map(str, pids))], timeout=self.seconds + 600)
        fetches, fetched_bytes = self.origin_log.fetches()
        body = figures["body"]["bytes"]
        figures["origin"] = {"fetches": fetches, "bytes": fetched_bytes}
        figures["read_from_disk_share"] = (
            (bytes_read_from_disk(pids) - read_before) / body if body else 0)
        figures["complaints"] = self.complaints(row, figures)
        figures["value"] = self.value(row, figures)
        figures["text"] = text
        return figures

    def new_names(self, row, round_name):
        """A list of URLs never asked before: the origin takes no notice of a query."""
        count, size, prefix = row.files
        listing = self.lab.folder / "misses.list"
        listing.write_text("".join(
            f"/{prefix}{i % count:05d}.bin?{round_name}-{i} {size}\n" for i in range(self.misses)))
        return listing

    @staticmethod
    def value(row, figures):
        if row.unit == "fetches":
            return figures["origin"]["fetches"]
        name = "seconds_per_gigabyte" if row.unit == "CPU-s/GB" else "microseconds_per_request"
        return figures["server_cpu"][name]

    def complaints(self, row, figures):
        """Why this measurement may not be quoted."""
        found = []
        if figures["requests"]["failed"] or not figures["requests"]["succeeded"]:
            found.append(f"failed requests: {figures['failures']}")
        if figures["body"]["verified_bytes"] != figures["body"]["bytes"]:
            found.append("bytes that do not verify")
        wanted = f"h2 TLSv1.3 {CIPHER}" if row.scheme == "https" else "http/1.1"
        if set(figures["negotiated"]) != {wanted}:
            found.append(f"negotiated {figures['negotiated']}, not {wanted}")
        fetches = figures["origin"]["fetches"]
        if row.kind == "hit" and fetches:
            found.append(f"{fetches} requests went to the origin")
        if row.kind == "miss" and fetches < self.misses:
            found.append(f"only {fetches} of {self.misses} requests went to the origin")
        return found

    @staticmethod
    def was_stolen_from(figures):
        return figures["steal_percent"] > STEAL_MAX_PERCENT
