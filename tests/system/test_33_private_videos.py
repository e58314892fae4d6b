"""Private videos, from upload to playback: an origin, a worker and an edge. What the edge does with tokens is
test_23's. docs/media-tokens.md."""

import base64
import json
import subprocess
import time

import pytest

import platform_harness
from harness import BIN, wait_until
from media_keys import MediaKey, refused
from platform_harness import make_clip, probe


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform",
                                     '[media]\ntrusted_edges = ["127.0.0.1"]').start()
    yield made
    made.stop()


def media_key_of(platform):
    return subprocess.run([BIN / "headrace-origin", "--config", platform.config, "media-key"],
                          check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.fixture
def gateway(platform, make_edge):
    return make_edge(platform.url, site=f'media_keys = ["{media_key_of(platform)}"]')


def upload_private(platform, gateway, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4")
    platform.start_worker()
    done = platform.cli("upload", clip, "--private", "--wait", "--json", server=gateway.url)
    assert done.returncode == 0, done.stderr + done.stdout
    video = json.loads(done.stdout)
    assert video["access"] == "private" and "/media/" not in done.stdout, "no URL without a token"
    return video["id"]


def test_a_private_video_is_watched_by_who_has_its_link(platform, gateway, tmp_path):
    video = upload_private(platform, gateway, tmp_path)
    shown = platform.cli("link", video, "--for", "10m", server=gateway.url)
    assert shown.returncode == 0, shown.stderr
    for url in shown.stdout.split():
        assert url.startswith(gateway.url + "/media/~k1.")
        for _ in range(2):
            seen = probe(url)
            kinds = {one["codec_type"]: one for one in seen["streams"]}
            assert int(kinds["video"]["nb_read_frames"]) == 100
            assert kinds["audio"]["codec_name"] == "aac"
    assert gateway.metric("headrace_edge_requests_total", result="hit") > 3
    link = json.loads(platform.cli("--json", "link", video, server=gateway.url).stdout)
    assert abs(link["expires_at"] - time.time() - 6 * 3600) < 60
    text = gateway.access_log.read_text() + platform.origin.text() + gateway.daemon.text()
    assert link["token"].split(".")[3] not in text and "/media/~k1." not in text

    # Each object, with and without a token, by the edge and by the origin itself.
    objects = [str(path.relative_to(platform.data / "objects"))
               for path in (platform.data / "objects").rglob("*") if path.is_file()]
    assert len(objects) > 6
    prefix = f"/media/~{link['token']}/"
    for name in objects:
        bytes_ = (platform.data / "objects" / name).read_bytes()
        url = prefix + name.removeprefix("media/")
        through = gateway.get(url)
        assert through.status == 200 and through.body == bytes_, name
        assert through.fields["cache-control"].startswith("private"), through.fields
        assert "surrogate-control" not in through.fields, "the next cache is not to keep it"
        refused(gateway.get("/" + name))
        direct = platform.call("GET", url, token="")
        assert direct.status == 200 and direct.body == bytes_
        assert direct.getheader("Cache-Control") == "private, no-store"
        assert platform.call("GET", "/" + name, token="").status == 403
    # Segments come from the cache, for whoever has a token.
    again = gateway.get(prefix + objects[0].removeprefix("media/"))
    assert "hit" in again.cache_status, again.cache_status


def test_what_the_api_tells_of_private_media_can_be_fetched(platform, gateway, tmp_path):
    video = upload_private(platform, gateway, tmp_path)
    path = f"/api/v1/videos/{video}"
    sent = platform.call("PUT", f"{path}/captions/de?label=Deutsch",
                         b"1\n00:00:01,000 --> 00:00:02,000\nHallo\n")
    assert sent.status == 201 and "url" not in sent.json
    told = platform.call("GET", path).json
    listed = platform.call("GET", "/api/v1/videos").json["data"]
    texts = platform.call("GET", f"{path}/captions").json["data"]
    assert told["captions"] == texts and [one["language"] for one in texts] == ["de"]
    assert told["media_token"] == f"{path}/media-token"
    for said in (told, listed, texts):
        assert "/media/" not in json.dumps(said)

    def link_with_images():
        made = platform.call("POST", told["media_token"], {}).json
        return made if "storyboard" in made else None

    link = wait_until(link_with_images, "its images are there", 120)
    text, = link["captions"]
    assert {**texts[0], "url": text["url"]} == text
    for url, start in ((link["master"], b"#EXTM3U"), (link["manifest"], b"<?xml"),
                       (link["poster"], b"\xff\xd8"), (link["storyboard"], b"WEBVTT"),
                       (text["url"], b"WEBVTT")):
        answer = gateway.get(url)
        assert answer.status == 200 and answer.body.startswith(start), url
    shown = json.loads(platform.cli("--json", "link", video, server=gateway.url).stdout)
    for url in (shown["poster"], shown["storyboard"], shown["captions"][0]["url"]):
        assert url.startswith(gateway.url + "/media/~")


def test_no_way_around(platform, gateway, make_edge, tmp_path):
    video = upload_private(platform, gateway, tmp_path)
    path = f"/media/{video}/master.m3u8"
    token = platform.call("POST", f"/api/v1/videos/{video}/media-token", {}).json["token"]
    assert gateway.get(f"/media/~{token}/{video}/master.m3u8").status == 200
    spellings = [path, path + "?x=1", f"/media/%{ord(video[0]):02x}{video[1:]}/master.m3u8",
                 f"/medi%61/{video}/master.m3u8", f"/media/{video}/maste%72.m3u8",
                 f"//media/{video}/master.m3u8", f"/media//{video}/master.m3u8",
                 f"/media/./{video}/master.m3u8", f"/x/../media/{video}/master.m3u8",
                 f"/medi%61/~{token}/{video}/master.m3u8", f"/media/{video}%2Fmaster.m3u8",
                 f"/media/~{token}/x/../{video}/master.m3u8", f"/media/{video}/master.m3u8/"]
    claims = {"Headrace-Media-Access": "enforced"}
    keyless = make_edge(platform.url)
    for spelling in spellings:
        for fields in ({}, claims, {"Range": "bytes=0-9"}, {"If-None-Match": "*"}):
            for one in (gateway, keyless):
                answer = one.get(spelling, fields)
                assert answer.status in (400, 403, 404), (spelling, fields, answer.status)
                assert b"EXTM3U" not in answer.body
            answer = platform.call("GET", spelling, token="",
                                   fields={k: v for k, v in fields.items() if k not in claims})
            assert answer.status in (400, 403, 404), (spelling, answer.status)
    # An edge without keys passes tokens on, and keeps nothing of what they open.
    for _ in range(2):
        answer = keyless.get(f"/media/~{token}/{video}/master.m3u8")
        assert answer.status == 200 and "hit" not in answer.cache_status
    # Once removed, it is gone, for whoever has a token too.
    assert platform.call("DELETE", f"/api/v1/videos/{video}").status == 204
    assert platform.call("GET", f"/media/~{token}/{video}/master.m3u8", token="").status == 404
    gateway.purge(site="site", tag=video)
    assert gateway.get(f"/media/~{token}/{video}/master.m3u8").status == 404


def test_an_origin_believes_only_the_edges_it_trusts(tmp_path, make_edge):
    platform = platform_harness.Platform(tmp_path / "distrusting").start()
    try:
        edge = make_edge(platform.url, site=f'media_keys = ["{media_key_of(platform)}"]')
        video = upload_private(platform, edge, tmp_path)
        path = f"/media/{video}/master.m3u8"
        claims = {"Headrace-Media-Access": "enforced"}
        answer = platform.call("GET", path, token="", fields=claims)
        assert answer.status == 403 and answer.json["status"] == 403
        assert answer.getheader("Cache-Control") == "no-store"
        assert answer.getheader("Access-Control-Allow-Origin") == "*"
        assert edge.get(path).status == 403
        token = platform.call("POST", f"/api/v1/videos/{video}/media-token").json["token"]
        assert platform.call("GET", f"/media/~{token}/{video}/master.m3u8", token="").status == 200
    finally:
        platform.stop()


def test_the_api_tells_nobody_else_of_a_private_video(platform):
    content = make_clip(platform.directory / "c.mp4", seconds=1).read_bytes()
    video = platform.create(content, access="private")
    other = platform.token("other")
    for path in (f"/api/v1/videos/{video}", f"/api/v1/videos/{video}/progress"):
        assert platform.call("GET", path, token=other).status == 404, path
    assert platform.call("GET", f"/api/v1/videos/{video}").json["access"] == "private"
    tokens = f"/api/v1/videos/{video}/media-token"
    assert platform.call("POST", tokens, {}, other).status == 404
    assert platform.call("POST", tokens, {}, "").status == 401
    assert platform.call("POST", "/api/v1/videos/nothing/media-token", {}).status == 404
    for time_, status in ((60, 200), (604_800, 200), (59, 422), (604_801, 422), (0, 422), (-1, 422),
                          (1 << 40, 422), ("60", 422), (60.5, 422), (None, 422)):
        answer = platform.call("POST", tokens, {"ttl_s": time_})
        assert answer.status == status, (time_, answer.body)
    made = platform.call("POST", tokens, {"ttl_s": 60}).json
    assert made["master"] == f"/media/~{made['token']}/{video}/master.m3u8"
    assert made["manifest"] == f"/media/~{made['token']}/{video}/manifest.mpd"
    assert 55 <= made["expires_at"] - time.time() <= 60
    refused_ = platform.call("POST", "/api/v1/videos",
                             {"access": "secret", "chunks": platform.send_chunks(content)})
    assert refused_.status == 422 and "private" in refused_.json["detail"]
    assert platform.cli("link", video, "--for", "8d").returncode == 2
    assert platform.cli("link", video, "--for", "soon").returncode == 2
    assert platform.cli("link", "nothing").returncode == 4


def test_the_key_outlives_the_origin_and_is_its_own(platform):
    file = platform.data / "media-key.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    line = media_key_of(platform)
    assert line == MediaKey("k1", file).line, "as openssl reads it"
    platform.kill_origin()
    platform.start()
    assert media_key_of(platform) == line


def test_the_origin_changes_its_key_while_links_are_out(platform, gateway, tmp_path):
    video = upload_private(platform, gateway, tmp_path)
    link = lambda: platform.call("POST", f"/api/v1/videos/{video}/media-token", {}).json["master"]
    before = link()
    former = media_key_of(platform)
    new = MediaKey("k2", tmp_path / "k2.pem")
    gateway.reload(site=f'media_keys = ["{former}", "{new.line}"]')
    platform.origin.stop()
    platform.config.write_text(platform.config.read_text() +
                               f'key_id = "k2"\nkey_file = "{new.file}"\nformer_keys = ["{former}"]\n')
    platform.start()
    after = link()
    assert after.startswith("/media/~k2.")
    for url in (before, after):
        assert gateway.get(url).status == 200
        assert platform.call("GET", url, token="").status == 200


def test_a_private_upload_by_tus_is_private(platform):
    content = make_clip(platform.directory / "c.mp4", seconds=1).read_bytes()

    def create(access):
        return platform.call("POST", "/api/v1/uploads", content, fields={
            "Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)),
            "Content-Type": "application/offset+octet-stream",
            "Upload-Metadata": "access " + base64.b64encode(access.encode()).decode()})

    assert create("secret").status == 400
    made = create("private")
    assert made.status == 201, made.body
    assert platform.video(made.getheader("Headrace-Video"))["access"] == "private"
