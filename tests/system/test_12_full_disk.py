"""A disk that others have filled: served from memory and the origin, with an alert and no error."""

import os

from harness import body_of, ranged, wait_until

MIB = 1 << 20


def test_a_full_disk_costs_hits_and_nothing_else(origin, make_edge, small_disk):
    films = {f"/f{i}": body_of(f"f{i}", 4 * MIB) for i in range(40)}
    origin.answer = lambda request: ranged(request, films[request.target])
    edge = make_edge(origin, start=False, cache_options="direct_io = false")
    edge.cache_path = small_disk / "cache"
    edge.write_config()
    edge.start()
    free = os.statvfs(small_disk)
    ballast = free.f_bavail * free.f_frsize - 4 * MIB
    with open(small_disk / "ballast", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, ballast)
    for _ in range(2):
        for name, body in films.items():
            answer = edge.get(name)
            assert answer.status == 200 and answer.body == body
    wait_until(lambda: edge.metric("headrace_cache_disk_full") == 1, "the alert")
    assert edge.metric("headrace_edge_requests_total", result="error") == 0
    assert edge.metric("headrace_edge_bodies_cut_total") == 0
    os.unlink(small_disk / "ballast")
    for name, body in films.items():
        assert edge.get(name).body == body
    edge.kill()  # Nothing of it lies about what is there.
    edge.start()
    for name, body in films.items():
        assert edge.get(name).body == body
