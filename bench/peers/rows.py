"""The rows of the table: what is asked of each server, and in what unit its CPU is given."""

import dataclasses

from servers import MIB, Setup

GIB = 1 << 30
PER_GB, PER_REQUEST = "CPU-s/GB", "µs/request"


@dataclasses.dataclass(frozen=True)
class Row:
    id: str
    title: str
    setup: str
    unit: str
    files: tuple          # (count, size, prefix) of the objects it asks for.
    scheme: str
    arguments: tuple      # To headrace-bench.
    goal: float = 0       # Of headrace ÷ nginx, at most; 0: none.
    kind: str = "hit"     # "hit": the origin hears nothing; "miss"; "collapse".


H2 = ("--protocol", "h2")
H1 = ("--protocol", "h1")

# (count, size, prefix)
MANIFESTS = (256, 2048, "manifest-")
SEGMENTS = (64, MIB, "segment-")
FILMS = (8, 16 * MIB, "film-")
ONE_SLOW = (1, 4 * MIB, "slow-")


def setups(disk_limit):
    return {
        "ram": Setup("ram", memory_bytes=GIB, disk_bytes=3 * GIB),
        "sliced": Setup("sliced", memory_bytes=GIB, disk_bytes=3 * GIB, sliced=True),
        # Half of the limit is the server's own to cache in; the rest is for all else it needs,
        # the page cache included.
        "disk": Setup("disk", memory_bytes=disk_limit // 2, disk_bytes=6 * disk_limit,
                      limit_bytes=disk_limit, from_disk=True),
    }


def rows(disk_limit):
    library = (4 * disk_limit // MIB, MIB, "library-")
    return [
        Row("h2-1m", "h2 + TLS, 1 MiB RAM hits", "ram", PER_GB, SEGMENTS, "https",
            (*H2, "-c", "32"), 0.85),
        Row("h2-2k", "h2 + TLS, 2 KiB manifests", "ram", PER_REQUEST, MANIFESTS, "https",
            (*H2, "-c", "64", "-m", "8"), 0.6),
        Row("h1-1m", "h1, 1 MiB RAM hits", "ram", PER_GB, SEGMENTS, "http",
            (*H1, "-c", "32"), 0.9),
        Row("h1-2k", "h1, 2 KiB manifests", "ram", PER_REQUEST, MANIFESTS, "http",
            (*H1, "-c", "64")),
        Row("h2-range", "h2 + TLS, 64 KiB ranges of 16 MiB", "sliced", PER_REQUEST, FILMS, "https",
            (*H2, "-c", "32", "-m", "4", "--range", "64KiB", "--choose", "uniform"), 0.8),
        Row("disk-h2", "h2 + TLS, 1 MiB disk hits", "disk", PER_GB, library, "https",
            (*H2, "-c", "16", "--choose", "uniform"), 0.8),
        Row("disk-h1", "h1, 1 MiB disk hits", "disk", PER_GB, library, "http",
            (*H1, "-c", "16", "--choose", "uniform"), 1.2),
        Row("miss-h2", "h2 + TLS, 1 MiB misses", "ram", PER_GB, SEGMENTS, "https",
            (*H2, "-c", "16"), 0.9, "miss"),
        Row("collapse", "1,000 clients miss on one 4 MiB object: origin fetches", "ram",
            "fetches", ONE_SLOW, "https",
            (*H2, "-c", "1000", "-n", "1000", "--together", "--timeout", "60s"), 0, "collapse"),
    ]
