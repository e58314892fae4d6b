"""kill -9 under load, broken files, full disks: never a wrong byte, and warm again at once.

The oracle is independent: every body is checked against the SHA-256 of what the origin has.
"""

import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import time

import pytest

from harness import body_of, ranged, wait_until

MIB = 1 << 20
ROUNDS = int(os.environ.get("HEADRACE_KILL_ROUNDS", "6"))
OBJECTS = {f"/o{i}": body_of(f"o{i}", 40_000 + i * 37_777) for i in range(40)}
DIGESTS = {name: hashlib.sha256(body).hexdigest() for name, body in OBJECTS.items()}


def wait_until_on_disk(edge, chunks):
    """Written, or dropped because the writer was too slow: a busy machine may do that to some."""
    def settled():
        disk = json.loads(edge.admin("/cache/stats")[1])["disk"]
        return disk["chunks_written"] + disk["chunks_dropped"] >= chunks

    wait_until(settled, "all is on disk")


def honest(request):
    return ranged(request, OBJECTS[request.target])


def hammer(edge, seed, stop):
    """Random objects and ranges until told to stop; the wrong ones are returned."""
    rng = random.Random(seed)
    wrong = []
    while not stop["now"]:
        name = rng.choice(list(OBJECTS))
        try:
            if rng.random() < 0.5:
                got = edge.get(name, timeout=10)
                if got.error is None and hashlib.sha256(got.body).hexdigest() != DIGESTS[name]:
                    wrong.append((name, got.status, len(got.body)))
            else:
                body = OBJECTS[name]
                first = rng.randrange(len(body))
                last = min(len(body) - 1, first + rng.randrange(200_000))
                got = edge.get(name, {"Range": f"bytes={first}-{last}"}, timeout=10)
                if got.error is None and got.body != body[first:last + 1]:
                    wrong.append((name, first, last, got.status, len(got.body)))
        except OSError:
            time.sleep(0.02)  # Killed just now.
    return wrong


def test_kill_9_under_load_never_gives_a_wrong_byte(origin, make_edge):
    origin.answer = honest
    edge = make_edge(origin, cache_options='memory_max = "64MiB"')
    rng = random.Random(1)
    for number in range(ROUNDS):
        stop = {"now": False}
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            clients = [pool.submit(hammer, edge, number * 10 + i, stop) for i in range(4)]
            time.sleep(0.2 + rng.random() * 0.6)
            edge.kill()
            stop["now"] = True
            wrong = sum((client.result() for client in clients), [])
        assert not wrong
        edge.start()
    for name, body in OBJECTS.items():
        assert edge.get(name).body == body


def test_it_ends_in_order_with_disk_reads_and_fills_under_way(origin, make_edge):
    """Asked twice to end, it ends at once, whatever is on its way to a client."""
    films = {f"/f{i}": body_of(f"f{i}", 6 * MIB) for i in range(24)}
    origin.answer = lambda request: ranged(request, films[request.target])
    edge = make_edge(origin, cache_options='memory_max = "64MiB"')
    for name in films:
        edge.get(name)
    rng = random.Random(7)

    def watch(seed, stop):
        names = random.Random(seed)
        while not stop["now"]:
            with contextlib.suppress(OSError, http.client.HTTPException):
                edge.get(names.choice(list(films)), timeout=10)

    for number in range(ROUNDS):
        stop = {"now": False}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(watch, number * 10 + i, stop) for i in range(8)]
            time.sleep(0.2 + rng.random() * 0.3)
            edge.daemon.signal(signal.SIGTERM)
            edge.daemon.signal(signal.SIGTERM)
            edge.daemon.process.wait(30)
            stop["now"] = True
            for client in clients:
                client.result()
        assert edge.daemon.process.returncode == 0, edge.daemon.text()[-4000:]
        edge.start()


def test_what_was_stored_is_still_there_after_kill_9(origin, make_edge):
    origin.answer = honest
    edge = make_edge(origin)
    for name in OBJECTS:
        edge.get(name)
    chunks = sum(len(body) // MIB + 1 for body in OBJECTS.values())
    wait_until_on_disk(edge, chunks)
    edge.kill()
    begun = time.monotonic()
    edge.start()
    serving_again = time.monotonic() - begun
    before = len(origin.requests())
    hits = 0
    for name, body in OBJECTS.items():
        got = edge.get(name)
        assert got.body == body
        hits += "hit" in got.cache_status
    assert hits >= len(OBJECTS) * 95 // 100, (hits, len(origin.requests()) - before)
    print(f"served again after {serving_again:.2f} s, {hits} of {len(OBJECTS)} still hit")


def test_flipped_bits_and_cut_files_are_never_served(origin, make_edge):
    origin.answer = honest
    edge = make_edge(origin)
    for name in OBJECTS:
        edge.get(name)
    wait_until_on_disk(edge, 40)
    edge.stop()
    rng = random.Random(3)
    files = [path for path in pathlib.Path(edge.cache_path).rglob("*")
             if path.is_file() and path.stat().st_size > 0]
    for round_number in range(4):
        for path in files:
            if not path.exists() or path.stat().st_size == 0:
                continue
            with open(path, "r+b") as file:
                size = path.stat().st_size
                for _ in range(200 if size > MIB else 3):
                    at = rng.randrange(min(size, 32 * MIB))
                    file.seek(at)
                    byte = file.read(1)
                    file.seek(at)
                    file.write(bytes([byte[0] ^ (1 << rng.randrange(8))]))
                if round_number == 3:
                    file.truncate(size // 2)
        edge.start()
        for name, body in OBJECTS.items():
            got = edge.get(name)
            assert got.status == 200 and got.body == body, (name, got.cache_status)
        edge.stop()


def test_a_directory_that_can_not_be_used_is_named(origin, make_edge):
    edge = make_edge(origin, start=False)
    edge.cache_path.write_text("a file, not a directory")
    edge.write_config()
    with pytest.raises(AssertionError, match=re.escape(str(edge.cache_path))):
        edge.start()
