"""A node serves: misses become hits, in memory and on disk, on every protocol."""

import hashlib
import json
import signal
import subprocess

import pytest

from harness import Answer, Edge, body_of, curl, ranged, wait_until

MIB = 1 << 20


def test_a_miss_becomes_a_hit(origin, make_edge):
    body = body_of("clip", 300_000)
    origin.answer = lambda request: ranged(request, body, fields={"Content-Type": "video/mp4"})
    edge = make_edge(origin)
    miss, hit = edge.get("/clip"), edge.get("/clip")
    assert miss.body == hit.body == body
    assert "fwd=uri-miss" in miss.cache_status and "stored" in miss.cache_status
    assert "edge-1; hit" in hit.cache_status and "detail=ram" in hit.cache_status
    assert "ttl=" in hit.cache_status and hit.fields["age"].isdigit()
    assert hit.fields["via"] == "1.1 edge-1" and hit.fields["content-type"] == "video/mp4"
    assert len(origin.requests()) == 1
    assert edge.metric("headrace_edge_requests_total", result="hit") == 1
    assert edge.metric("headrace_edge_requests_total", result="miss") == 1
    assert edge.metric("headrace_edge_body_bytes_total", source="ram") == len(body)


def test_a_restart_finds_the_disk_warm(origin, make_edge):
    body = body_of("warm", 3 * MIB + 12345)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin)
    edge.get("/warm")
    wait_until(lambda: json.loads(edge.admin("/cache/stats")[1])["disk"]["chunks_written"] >= 4,
               "the chunks are on disk")
    assert edge.stop() == 0
    edge.start()
    again = edge.get("/warm")
    assert again.body == body
    assert "hit" in again.cache_status and "detail=disk" in again.cache_status
    assert len(origin.requests()) == 1


@pytest.mark.parametrize("options", [["--http1.0"], ["--http1.1"], ["--http2-prior-knowledge"]])
def test_plain_protocols(origin, make_edge, options):
    body = body_of("p", 2 * MIB)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin, cache=False)
    for _ in range(2):
        assert curl(*options, edge.url + "/p").stdout == body
    assert len(origin.requests()) == 1


@pytest.mark.parametrize("options", [["--http1.1"], ["--http2"], ["--no-alpn"],
                                     ["--tls-max", "1.2", "--http2"]])
def test_tls_protocols(origin, make_edge, options):
    body = body_of("t", 2 * MIB + 7)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin, cache=False, tls=True)
    for _ in range(2):
        got = curl(*options, "--cacert", edge.directory / "cert.pem",
                   f"https://localhost:{edge.tls_port}/t")
        assert got.stdout == body


def test_certificates_are_reloaded_without_dropping_connections(origin, make_edge):
    origin.answer = lambda request: ranged(request, b"x" * 1000)
    edge = make_edge(origin, cache=False, tls=True)

    def serial():
        shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{edge.tls_port}"],
                               input=b"", capture_output=True, timeout=30)
        x509 = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown.stdout,
                              capture_output=True, check=True)
        return x509.stdout

    before = serial()
    edge._make_certificate()
    edge.reload()
    assert serial() != before


def test_head_gives_the_length_and_no_body(origin, make_edge):
    body = body_of("head", 5000)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin, cache=False)
    miss = edge.get("/head", method="HEAD")
    assert miss.fields["content-length"] == "5000" and miss.body == b""
    edge.get("/head")
    hit = edge.get("/head", method="HEAD")
    assert hit.fields["content-length"] == "5000" and "hit" in hit.cache_status


def test_the_config_says_what_is_wrong_in_one_line(origin, make_edge, tmp_path):
    edge = make_edge(origin, start=False)
    from harness import BIN
    for change, expected in [
        (dict(extra='lvel = "info"'), "log.lvel"),
        (dict(extra='level = "loud"'), "log.level"),
        (dict(extra="", site='origin_tries = "two"'), "origin_tries"),
        (dict(site='origin_tries = 0'), "origin_tries"),
        (dict(site="[[broken"), "edge.toml"),
    ]:
        edge.write_config(**{**dict(extra="", site=""), **change})
        for mode in (["-t"], []):
            done = subprocess.run([BIN / "headrace-edge", "--config", edge.config, *mode],
                                  capture_output=True, timeout=30)
            line = done.stderr.decode()
            assert done.returncode == 1 and expected in line, line
            assert line.count("\n") == 1 and str(edge.config) in line


def test_printed_config_is_the_same_config(origin, make_edge, tmp_path):
    from harness import BIN
    edge = make_edge(origin, start=False)
    printed = subprocess.run([BIN / "headrace-edge", "--config", edge.config, "--print-config"],
                             capture_output=True, check=True).stdout
    again = tmp_path / "printed.toml"
    again.write_bytes(printed)
    twice = subprocess.run([BIN / "headrace-edge", "--config", again, "--print-config"],
                           capture_output=True, check=True).stdout
    assert printed == twice


def test_a_busy_port_is_named(origin, make_edge):
    first = make_edge(origin, cache=False)
    from harness import BIN
    second = make_edge(origin, start=False, cache=False)
    second.port = first.port
    second.write_config()
    done = subprocess.run([BIN / "headrace-edge", "--config", second.config], capture_output=True,
                          timeout=30)
    assert done.returncode == 1
    assert f"127.0.0.1:{first.port}" in done.stderr.decode()


def test_a_cache_directory_in_use_is_named(origin, make_edge):
    first = make_edge(origin)
    from harness import BIN
    second = make_edge(origin, start=False)
    second.cache_path = first.cache_path
    second.write_config()
    done = subprocess.run([BIN / "headrace-edge", "--config", second.config], capture_output=True,
                          timeout=30)
    assert done.returncode == 1 and str(first.cache_path) in done.stderr.decode()


@pytest.mark.needs("h2load")
def test_h2load_finds_no_failure(origin, make_edge):
    body = body_of("load", 100_000)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin, cache=False, tls=True)
    done = subprocess.run(["h2load", "-n", "2000", "-c", "10", "-m", "10",
                           f"https://127.0.0.1:{edge.tls_port}/load"],
                          capture_output=True, timeout=120, check=True)
    text = done.stdout.decode()
    assert "2000 succeeded, 0 failed, 0 errored" in text, text
    assert len(origin.requests()) == 1


def test_the_access_log_is_json_off_the_loop(origin, make_edge):
    origin.answer = lambda request: ranged(request, b"x" * 10)
    edge = make_edge(origin, cache=False)
    edge.get("/log?a=1", {"User-Agent": 'evil"\\', "Range": "bytes=0-3"})
    line = wait_until(lambda: edge.log_lines(), "the log line is written")[0]
    assert (line["status"], line["bytes"], line["target"]) == (206, 4, "/log?a=1")
    assert line["user_agent"] == 'evil"\\' and line["range"] == "bytes=0-3"
    assert line["result"] == "miss" and line["ending"] == "complete"


def test_drain_finishes_and_exits(origin, make_edge):
    origin.answer = lambda request: ranged(request, b"x")
    edge = make_edge(origin, cache=False)
    edge.get("/x")
    edge.daemon.signal(signal.SIGQUIT)
    assert edge.daemon.process.wait(30) == 0


def test_a_bad_reload_keeps_the_old_config(origin, make_edge):
    origin.answer = lambda request: ranged(request, b"x")
    edge = make_edge(origin, cache=False)
    edge.write_config(site="origin_tries = 0")
    edge.daemon.signal(signal.SIGHUP)
    wait_until(lambda: "config.refused" in edge.daemon.text(), "the reload is refused")
    assert edge.get("/x").status == 200
    assert edge.metric("headrace_edge_config_revision") == 1
