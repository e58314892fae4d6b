"""What an operator does: checks a config, reloads, purges, runs as a user of its own."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pwd
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import BIN, Answer, body_of, ranged, wait_until


def run(*arguments):
    return subprocess.run([BIN / "headrace-edge", *map(str, arguments)], capture_output=True,
                          text=True, timeout=60)


def test_t_says_what_starting_would_stumble_over(make_edge):
    edge = make_edge("http://127.0.0.1:1", start=False)
    good = run("-t", "--config", edge.config)
    assert good.returncode == 0 and "good" in good.stdout
    assert not edge.cache_path.exists()
    edge.write_config(extra='[tls]\ncertificate = "none.pem"\nprivate_key = "none.key"')
    bad = run("-t", "--config", edge.config)
    assert bad.returncode == 1 and bad.stderr.count("\n") == 1
    assert "tls.certificate: expected a certificate and its key" in bad.stderr
    assert "none.pem: No such file" in bad.stderr
    edge.write_config(extra="")
    edge.cache_path.mkdir()
    (edge.cache_path / "precious.txt").write_text("mine")
    bad = run("-t", "--config", edge.config)
    assert bad.returncode == 1 and "cache.path" in bad.stderr and "other files" in bad.stderr
    edge.config.write_text(edge.config.read_text().replace(str(edge.admin_port), str(edge.port)))
    bad = run("-t", "--config", edge.config)
    assert bad.returncode == 1 and "given twice" in bad.stderr


@pytest.mark.parametrize("host", ["c.test:80", "http://d.test", "e.*.test", "a test", "**.a.test",
                                  "*a.test", "a.test/x"])
def test_a_host_that_can_never_match_is_refused(make_edge, host):
    edge = make_edge("http://127.0.0.1:1", start=False)
    edge.config.write_text(edge.config.read_text().replace('hosts = ["*"]', f'hosts = ["{host}"]'))
    bad = run("-t", "--config", edge.config)
    assert bad.returncode == 1 and "site[0].hosts" in bad.stderr and "without scheme" in bad.stderr


def test_each_program_tells_its_version():
    for name in ("headrace-edge", "headrace-origin"):
        done = subprocess.run([BIN / name, "--version"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout.startswith(f"{name} 0.")


def test_a_reload_names_what_waits_for_a_restart(origin, make_edge):
    edge = make_edge(origin)
    edge.reload(cache_options='memory_max = "96MiB"\nchunk_size = "2MiB"')
    for option in ("cache.memory_max", "cache.chunk_size"):
        assert f"option={option}" in edge.daemon.text() or f'"{option}"' in edge.daemon.text()
    config = edge.admin("/config")[1]
    assert 'memory_max = "64MiB"' in config and '# cache.memory_max = "96MiB"' in config


def test_a_reload_keeps_what_is_known_of_the_origins(origin, make_edge):
    edge = make_edge("http://127.0.0.1:1", origin)
    for i in range(3):
        edge.get(f"/{i}")
    wait_until(lambda: edge.metric("headrace_edge_origin_up", origin="http://127.0.0.1:1") == 0,
               "the dead origin is down")
    edge.reload()
    assert edge.metric("headrace_edge_origin_up", origin="http://127.0.0.1:1") == 0
    assert edge.metric("headrace_edge_origin_up", origin=origin.url) == 1
    assert edge.metric("headrace_edge_site_requests_total", site="site") == 3


def test_purge_as_a_method(origin, make_edge):
    body = body_of("purged", 1000)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin)

    def purge(fields):
        connection = http.client.HTTPConnection("127.0.0.1", edge.admin_port, timeout=30)
        connection.request("PURGE", "/p", headers={"Host": "video.example", **fields})
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    edge.get("/p", host="video.example")
    assert "hit" in edge.get("/p", host="video.example").cache_status
    assert purge({"Fastly-Soft-Purge": "1"})[1]["purged"]
    assert "fwd=stale" in edge.get("/p", host="video.example").cache_status
    assert purge({})[0] == 200
    assert "fwd=uri-miss" in edge.get("/p", host="video.example").cache_status


@pytest.mark.parametrize("query", [
    "site=site&prefix=/&tag=none", "site=site&tag=none&everything=1", "url={url}/p&sotf=1",
    "url={url}/p&soft=yes", "site=none&prefix=/", "site=site", "url={url}/p&site=site",
    "site=site&everything=yes", ""])
def test_a_purge_that_is_not_understood_whole_is_not_done(origin, make_edge, query):
    origin.answer = lambda request: Answer(200, {"Cache-Control": "max-age=60"}, b"x")
    edge = make_edge(origin)
    edge.get("/p")
    status, body = edge.admin("/purge?" + query.format(url=edge.url), method="POST")
    assert status == 400 and json.loads(body)["detail"]
    assert "hit" in edge.get("/p").cache_status


def test_the_log_says_why_and_what_was_stale(origin, make_edge):
    state = {"down": False}
    origin.answer = lambda request: (
        Answer(503, {}, b"down") if state["down"] else
        Answer(200, {"Cache-Control": "max-age=0, stale-if-error=600", "ETag": '"1"'}, b"x"))
    edge = make_edge(origin)
    edge.get("/s")
    state["down"] = True
    assert edge.get("/s").status == 200
    assert edge.get("/a%2fb").status == 400
    lines = wait_until(lambda: len(edge.log_lines()) >= 3 and edge.log_lines(), "three lines")
    assert [line["result"] for line in lines] == ["miss", "stale", "refused"]
    assert "path" in lines[2]["error"]
    assert edge.metric("headrace_edge_requests_total", result="stale") == 1


def test_an_origins_path_goes_before_the_clients(origin, make_edge):
    origin.answer = lambda request: Answer(200, {"Cache-Control": "max-age=60"}, b"x")
    edge = make_edge(origin.url + "/bucket/")
    edge.get("/v/1.ts")
    assert origin.requests()[0].target == "/bucket/v/1.ts"
    edge.purge(url=edge.url + "/v/1.ts")
    assert "uri-miss" in edge.get("/v/1.ts").cache_status


def test_an_origin_that_is_busy_is_not_taken_for_a_dead_one(origin, make_edge):
    origin.answer = lambda request: Answer(200, {"Cache-Control": "no-store"}, b"slow", delay=1.5)
    edge = make_edge(origin, node="fill_threads = 1",
                     site='origin_connections_max = 1\ntimeouts.place = "100ms"\n'
                          'timeouts.connect = "100ms"')
    clients = [http.client.HTTPConnection("127.0.0.1", edge.port, timeout=30) for _ in range(8)]
    for number, client in enumerate(clients):
        client.request("GET", f"/{number}")
    answers = [client.getresponse() for client in clients]
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {200, 503}
    assert all(answer.getheader("Retry-After") for answer in answers if answer.status == 503)
    assert edge.metric("headrace_edge_overloaded_total") == statuses.count(503)
    assert edge.metric("headrace_edge_origin_up") == 1
    assert edge.metric("headrace_edge_origin_failures") == 0


def test_an_origin_that_hangs_up_is_a_failing_one(origin, make_edge):
    origin.answer = lambda request: Answer(200, {"Cache-Control": "no-store"}, b"x")
    with socket.create_server(("127.0.0.1", 0)) as broken:
        def hang_up():
            with contextlib.suppress(OSError):
                while True:
                    broken.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        url = f"http://127.0.0.1:{broken.getsockname()[1]}"
        edge = make_edge(url, origin)
        assert [edge.get(f"/{i}").status for i in range(4)] == [200] * 4
        assert edge.metric("headrace_edge_origin_failures", origin=url) >= 3
        assert edge.metric("headrace_edge_origin_up", origin=url) == 0
        # A body that an origin does not want is another thing: it may hang up on that.
        edge = make_edge(url)
        for _ in range(4):
            assert edge.get("/u", method="POST", body=b"x" * 10).status == 502
        assert edge.metric("headrace_edge_origin_up", origin=url) == 1
        broken.shutdown(socket.SHUT_RDWR)


def test_certificates_that_come_and_go_with_a_reload_are_watched(origin, make_edge):
    edge = make_edge(origin, tls=True)
    pair = (f'certificate = "{edge.directory}/cert.pem"\n'
            f'private_key = "{edge.directory}/key.pem"\n')

    def expiry(host):
        return edge.metric("headrace_tls_certificate_expiry_seconds", host=host)

    edge.reload(extra=f'[[tls.sni]]\nhosts = ["new.example"]\n{pair}')
    assert expiry("new.example") > time.time()
    edge.reload(extra="")
    assert 'host="new.example"' not in edge.admin("/metrics")[1]


def test_a_reload_while_draining_is_not_taken_for_a_start(origin, make_edge):
    pause = threading.Event()
    origin.answer = lambda request: Answer(200, {"Cache-Control": "no-store"}, b"x" * 100_000,
                                           pause_at=1000, pause=pause)
    edge = make_edge(origin)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(edge.get, "/slow")
        wait_until(origin.requests, "the origin is asked")
        edge.daemon.signal(signal.SIGQUIT)
        wait_until(lambda: "node.draining" in edge.daemon.text(), "it drains")
        edge.daemon.signal(signal.SIGHUP)
        wait_until(lambda: "config.not_read" in edge.daemon.text(), "it says so")
        pause.set()
        assert len(waiting.result().body) == 100_000
    assert "config.applied" not in edge.daemon.text()


def test_error_documents_do_not_name_the_origin_and_the_log_does(make_edge):
    edge = make_edge("http://127.0.0.1:1")
    answer = edge.get("/x")
    assert answer.status == 502 and b"127.0.0.1:1" not in answer.body
    line = wait_until(lambda: [one for one in edge.log_lines() if one["target"] == "/x"],
                      "the access line")[0]
    assert "127.0.0.1:1" in line["error"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_t_looks_with_the_eyes_of_the_user_that_it_will_be(make_edge):
    edge = make_edge("http://127.0.0.1:1", node='user = "nobody"', start=False)
    edge.cache_path.mkdir(mode=0o700)
    bad = run("-t", "--config", edge.config)
    assert bad.returncode == 1 and "cache.path" in bad.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_as_another_user_it_writes_its_cache_and_log(origin, make_edge, tmp_path):
    body = body_of("owned", 100_000)
    origin.answer = lambda request: ranged(request, body)
    edge = make_edge(origin, node='user = "nobody"', start=False)
    nobody = pwd.getpwnam("nobody")
    for directory in [edge.directory, *edge.directory.parents]:
        if directory.stat().st_mode & 0o001 == 0:
            with contextlib.suppress(PermissionError):
                directory.chmod(directory.stat().st_mode | 0o011)
    os.chown(edge.directory, nobody.pw_uid, nobody.pw_gid)
    edge.start()
    assert edge.get("/o").body == body
    wait_until(lambda: json.loads(edge.admin("/cache/stats")[1])["disk"]["chunks_written"] == 1,
               "it is on disk")
    for path in (edge.cache_path, edge.access_log, *edge.cache_path.rglob("*")):
        assert path.stat().st_uid == nobody.pw_uid, path
    edge.access_log.rename(edge.directory / "rotated.log")
    edge.daemon.signal(signal.SIGHUP)
    wait_until(edge.access_log.exists, "the log is opened again")
    status = open(f"/proc/{edge.daemon.process.pid}/status").read()
    assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}" in status
    edge.stop()
    edge.start()
    assert "hit" in edge.get("/o").cache_status
