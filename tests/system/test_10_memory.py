"""What the edge promises about its memory, held against /proc while everything happens at once.

Resident memory stays within memory_max + 64 MiB + 48 KiB for each idle connection.
"""

import concurrent.futures
import contextlib
import http.client
import pathlib
import random
import resource
import socket
import ssl
import time

import pytest

import harness
from harness import Answer, body_of, ranged

KIB, MIB = 1 << 10, 1 << 20
MEMORY_MAX = 256 * MIB
IDLE = 2000
STALLED = 150  # Of each kind: passed, private, cached over TLS.
SECONDS = 15


def is_sanitized():
    binary = (harness.BIN / "headrace-edge").read_bytes()
    return b"__asan_init" in binary or b"__tsan_init" in binary


def resident(edge, what):
    """A line of /proc/PID/status, in bytes."""
    for line in pathlib.Path(f"/proc/{edge.daemon.process.pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {what}")


def connect(edge, context=None):
    made = socket.socket()
    made.settimeout(harness.PATIENCE)
    # Small, so that what a reader leaves lies in the edge and not in the kernel.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", edge.tls_port if context else edge.port))
    return context.wrap_socket(made) if context else made


def stall(edge, method, target, context=None):
    """Asks, reads the head's first byte and nothing more."""
    made = connect(edge, context)
    made.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    assert made.recv(1) == b"H"
    return made


def raise_file_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * IDLE
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            pytest.skip(f"needs {wanted} open files")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer's shadow is no memory of ours")
def test_it_keeps_to_its_memory_whatever_happens_at_once(origin, make_edge):
    raise_file_limit()
    films = {f"/film/{i}": body_of(f"film {i}", MIB) for i in range(320)}
    huge = body_of("huge", 24 * MIB)

    def answer(request):
        if request.target in films:
            return ranged(request, films[request.target])
        if request.target.startswith("/long"):  # No validator: kept whole or not at all.
            return Answer(200, {"Cache-Control": "max-age=60"}, huge)
        return Answer(200, {"Cache-Control": "no-store"}, huge)

    origin.answer = answer
    edge = make_edge(origin, tls=True, cache_options='memory_max = "256MiB"\n', site="origin_connections_max = 1000\n",
                     extra="[limits]\nconnections_max = 20000\nconnections_per_address_max = 20000\n"
                           'send_stall_max = "600s"\nsend_rate_min = "0B"\n')
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    before = resident(edge, "VmRSS")

    with contextlib.ExitStack() as kept:
        pool = kept.enter_context(concurrent.futures.ThreadPoolExecutor(64))
        idle = list(pool.map(lambda _: connect(edge, context), range(IDLE)))
        kept.callback(lambda: [one.close() for one in idle])
        with_idle = resident(edge, "VmRSS")

        for name, body in films.items():
            assert edge.get(name).body == body
        filled = resident(edge, "VmRSS")

        stalled = list(pool.map(lambda i: stall(edge, "POST", f"/post/{i}"), range(STALLED)))
        posts = resident(edge, "VmRSS")
        stalled += pool.map(lambda i: stall(edge, "GET", f"/private/{i}"), range(STALLED))
        private = resident(edge, "VmRSS")
        stalled += pool.map(lambda i: stall(edge, "GET", f"/film/{i}", context), range(STALLED))
        kept.callback(lambda: [one.close() for one in stalled])
        hits = resident(edge, "VmRSS")

        end = time.monotonic() + SECONDS
        wrong = []

        def watch(seed):
            rng = random.Random(seed)
            while time.monotonic() < end:
                name = rng.choice([*films, "/passed", "/long/" + str(rng.random())])
                with contextlib.suppress(http.client.HTTPException):
                    got = edge.get(name)
                    if got.status != 200 or got.body != films.get(name, huge):
                        wrong.append((name, got.status, got.body[:200] if got.status != 200 else len(got.body), got.error))

        list(pool.map(watch, range(16)))
        loaded = resident(edge, "VmRSS")
        peak = resident(edge, "VmHWM")
    # What idle connections don't take of theirs is not for the others.
    allowed = MEMORY_MAX + 64 * MIB + min(IDLE * 48 * KIB, with_idle - before)
    figures = {"before": before, "idle": with_idle, "filled": filled, "posts": posts,
               "private": private, "hits": hits, "loaded": loaded, "peak": peak, "allowed": allowed}
    figures = {name: f"{bytes_ / MIB:.1f} MiB" for name, bytes_ in figures.items()}
    print(figures)
    assert not wrong, wrong[:5]
    assert with_idle - before <= IDLE * 48 * KIB, figures
    assert peak <= allowed, figures
    assert edge.metric("headrace_edge_buffer_bytes") < MEMORY_MAX / 16
