"""Captions, poster and storyboard, from upload to playback."""

import base64
import hashlib
import json
import pathlib
import re
import subprocess
import urllib.parse
import xml.etree.ElementTree as xml

import pytest

import platform_harness
from harness import wait_until
from platform_harness import make_clip, probe

SUBRIP = "1\n00:00:00,500 --> 00:00:02,000\nHello <script>alert(1)</script> & \"you\"\n\n" \
         "2\n00:00:02,000 --> 00:00:03,000\n<i>Bye</i>\n"
COLORS = [("red", (255, 0, 0)), ("lime", (0, 255, 0)), ("blue", (0, 0, 255)),
          ("yellow", (255, 255, 0)), ("magenta", (255, 0, 255)), ("white", (255, 255, 255))]


@pytest.fixture
def platform(tmp_path):
    made = platform_harness.Platform(tmp_path / "platform").start()
    yield made
    made.stop()


def ffmpeg(*arguments):
    done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)],
                          capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def seconds_of_color(path):
    """A second of each colour."""
    inputs = []
    for name, _ in COLORS:
        inputs += ["-f", "lavfi", "-i", f"color={name}:size=320x180:rate=25:duration=1"]
    ffmpeg(*inputs, "-lavfi", f"concat=n={len(COLORS)},scale=out_color_matrix=bt709", "-pix_fmt",
           "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
           "-c:v", "libx264", "-preset", "ultrafast", path)
    return pathlib.Path(path)


def pixels(image, path):
    """Width, height and RGB bytes of a JPEG file."""
    path.write_bytes(image)
    stream = probe(path)["streams"][0]
    assert stream["codec_name"] == "mjpeg"
    return stream["width"], stream["height"], ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt",
                                                     "rgb24", "-")


def near(seen, wanted):
    return all(abs(a - b) <= 30 for a, b in zip(seen, wanted))


def at(image, x, y):
    width, _, bytes_ = image
    return tuple(bytes_[(y * width + x) * 3:][:3])


def images_of(platform, video):
    return wait_until(lambda: (now := platform.video(video)).get("poster") and now,
                      f"{video} has its images", 120)


def captions(platform, video, language, body=SUBRIP, query="", token=None):
    return platform.call("PUT", f"/api/v1/videos/{video}/captions/{language}{query}", body.encode(),
                         token)


def playable_captions(edge, master, language):
    """The cues' times, as a player of HLS finds them. (libavformat's has no subtitles.)"""
    text = edge.get(master).body.decode()
    media = [line for line in text.splitlines()
             if "TYPE=SUBTITLES" in line and f'LANGUAGE="{language}"' in line]
    group = re.search('GROUP-ID="([^"]+)"', media[0])[1]
    variants = [line for line in text.splitlines() if line.startswith("#EXT-X-STREAM-INF")]
    assert variants and all(f'SUBTITLES="{group}"' in line for line in variants)
    playlist = urllib.parse.urljoin(master, re.search('URI="([^"]+)"', media[0])[1])
    (file,) = [line for line in edge.get(playlist).body.decode().splitlines()
               if line and not line.startswith("#")]
    packets = probe(edge.url + urllib.parse.urljoin(playlist, file), "-show_packets")["packets"]
    return [float(one["pts_time"]) for one in packets]


def test_captions_come_through_the_edge_to_players(platform, make_edge, tmp_path):
    edge = make_edge(platform.url)
    video = platform.create(make_clip(tmp_path / "clip.mp4").read_bytes())
    early = captions(platform, video, "EN", query="?label=English%20%3Cb%3E")
    assert early.status == 201, early.body
    assert early.json["language"] == "en" and early.json["cues"] == 2
    platform.start_worker()
    ready = platform.wait(video, "ready")
    assert ready["captions"] == [{key: early.json[key] for key in ("language", "label", "url", "bytes")}]
    # Once more, when it is ready: manifests follow at once.
    assert captions(platform, video, "pt-br").status == 201
    seen = probe(edge.url + ready["dash"], "-show_packets", "-select_streams", "s")
    assert [one["codec_name"] for one in seen["streams"]] == ["webvtt", "webvtt"]
    for stream in seen["streams"]:
        times = [float(one["pts_time"]) for one in seen["packets"]
                 if one["stream_index"] == stream["index"]]
        assert times == [0.5, 2.0]
    assert [playable_captions(edge, ready["hls"], language) for language in ("en", "pt-BR")] == \
        [[0.5, 2.0], [0.5, 2.0]]
    master = edge.get(ready["hls"]).body.decode()
    assert 'NAME="English <b>"' in master
    mpd = xml.fromstring(edge.get(ready["dash"]).body)
    texts = mpd.findall(".//{*}AdaptationSet[@contentType='text']")
    assert [one.get("lang") for one in texts] == ["en", "pt-BR"]
    assert texts[0].find("{*}Label").text == "English <b>"
    # What is served was written here, and text is text.
    served = edge.get(early.json["url"])
    assert served.fields["content-type"].startswith("text/vtt")
    assert "immutable" in served.fields["cache-control"]
    text = served.body.decode()
    assert text.startswith("WEBVTT\n") and "<script" not in text
    assert "Hello &lt;script&gt;alert(1)&lt;/script&gt; &amp; \"you\"" in text and "<i>Bye</i>" in text
    # Removed: from the manifests, at once, and from the disk.
    assert platform.call("DELETE", f"/api/v1/videos/{video}/captions/en").status == 204
    left = platform.call("GET", ready["hls"], token="").body.decode()
    assert 'LANGUAGE="en"' not in left and 'LANGUAGE="pt-BR"' in left
    assert platform.call("GET", early.json["url"], token="").status == 404
    assert platform.call("DELETE", f"/api/v1/videos/{video}/captions/en").status == 404


def test_captions_that_can_not_be_taken_are_refused_in_words(platform, tmp_path):
    video = platform.create(make_clip(tmp_path / "clip.mp4", seconds=1).read_bytes())
    broken = captions(platform, video, "en", "1\n00:00:61,000 --> 00:01:02,000\nx\n")
    assert broken.status == 422 and broken.json["detail"].startswith("line 2: "), broken.body
    assert captions(platform, video, "en_US").status == 422
    assert captions(platform, video, "en", SUBRIP + "\n" * (1 << 20)).status == 413
    assert captions(platform, video, "en", "WEBVTT\n").status == 422
    assert captions(platform, video, "en", token=platform.token("other")).status == 404
    assert captions(platform, video, "en", token="").status == 401
    assert platform.call("GET", f"/api/v1/videos/{video}/captions").json == {"data": []}


def test_the_command_line_adds_lists_and_removes_captions(platform, tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", seconds=1)
    srt = tmp_path / "a.srt"
    srt.write_text(SUBRIP)
    made = platform.cli("upload", clip, "--captions", f"en={srt}", "--captions", f"de={srt}", "--json")
    assert made.returncode == 0, made.stderr
    video = json.loads(made.stdout)
    assert [one["language"] for one in video["captions"]] == ["de", "en"]
    added = platform.cli("captions", video["id"], "add", "fr", srt, "--label", "Français", "--json")
    assert added.returncode == 0 and json.loads(added.stdout)["label"] == "Français", added.stderr
    assert platform.cli("captions", video["id"], "remove", "de").returncode == 0
    listed = platform.cli("captions", video["id"], "list")
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [["en", "en"], ["fr", "Français"]]
    assert platform.cli("captions", video["id"], "remove", "de").returncode == 4
    assert platform.cli("captions", video["id"], "add", "de", tmp_path / "none").returncode == 4
    assert platform.cli("upload", clip, "--captions", "en").returncode == 5
    srt.write_text("nothing")
    refused = platform.cli("captions", video["id"], "add", "de", srt)
    assert refused.returncode == 5 and "line 1" in refused.stderr
    half = platform.cli("upload", clip, "--again", "--captions", f"en={srt}")
    assert half.returncode == 5 and "is made, but" in half.stderr
    half = json.loads(platform.cli("--json", "upload", clip, "--again", "--captions", f"en={srt}").stdout)
    assert half["error"] == "invalid" and platform.video(half["id"])["captions"] == []
    again = platform.cli("upload", clip, "--captions", f"en={srt}")
    assert again.returncode == 5 and f"the video {half['id']} is there, but" in again.stderr
    srt.write_text(SUBRIP)
    again = json.loads(platform.cli("--json", "upload", clip, "--captions", f"en={srt}").stdout)
    assert again["id"] == half["id"] and not again["created"]
    assert [one["language"] for one in again["captions"]] == ["en"]
    script = platform.cli("completion", "bash").stdout
    assert "captions) COMPREPLY=($(compgen -f -W 'add list remove " in script


def test_a_storyboard_shows_the_right_times(platform, make_edge, tmp_path):
    edge = make_edge(platform.url)
    platform.start_worker()
    video = platform.create(seconds_of_color(tmp_path / "clip.mp4").read_bytes())
    platform.wait(video, "ready")
    ready = images_of(platform, video)
    track = edge.get(ready["storyboard"])
    assert track.fields["cache-control"] == "public, max-age=2"
    cues = re.findall(r"(\S+) --> (\S+)\n(images/\S+)#xywh=(\d+),(\d+),(\d+),(\d+)", track.body.decode())
    assert len(cues) == len(COLORS)
    sheets = {}
    for number, (start, end, name, *box) in enumerate(cues):
        assert (start, end) == (f"00:00:0{number}.000", f"00:00:0{number + 1}.000")
        if name not in sheets:
            answer = edge.get(f"/media/{video}/{name}")
            assert "immutable" in answer.fields["cache-control"]
            assert answer.fields["content-type"] == "image/jpeg"
            sheets[name] = pixels(answer.body, tmp_path / "sheet.jpg")
        x, y, width, height = map(int, box)
        assert x + width <= sheets[name][0] and y + height <= sheets[name][1]
        seen = at(sheets[name], x + width // 2, y + height // 2)
        assert near(seen, COLORS[number][1]), (COLORS[number], seen)
    tiles = xml.fromstring(edge.get(ready["dash"]).body).find(
        ".//{*}AdaptationSet[@contentType='image']/{*}Representation")
    grid = tiles.find("{*}EssentialProperty")
    assert grid.get("schemeIdUri").endswith("thumbnail_tile") and grid.get("value") == "6x1"
    assert [one.get("media") for one in tiles.findall(".//{*}SegmentURL")] == list(sheets)
    assert (int(tiles.get("width")), int(tiles.get("height"))) == next(iter(sheets.values()))[:2]
    # And with all of this, players still play.
    assert int(probe(edge.url + ready["hls"])["streams"][0]["nb_read_frames"]) == 150


def test_the_poster_of_a_turned_clip_is_upright(platform, tmp_path):
    coded = tmp_path / "coded.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:size=320x180:rate=25:duration=2", "-vf",
           "drawbox=y=90:h=90:color=blue:t=fill", "-c:v", "libx264", "-pix_fmt", "yuv420p", coded)
    clip = tmp_path / "clip.mp4"
    ffmpeg("-i", coded, "-c", "copy", "-metadata:s:v", "rotate=90", clip)
    platform.start_worker()
    video = platform.create(clip.read_bytes())
    poster = images_of(platform, video)["poster"]
    answer = platform.call("GET", poster, token="")
    assert answer.getheader("Cache-Control") == "public, max-age=2" and answer.getheader("ETag")
    image = pixels(answer.body, tmp_path / "poster.jpg")
    assert image[:2] == (180, 320)
    # As ffmpeg turns it.
    shown = tmp_path / "shown.png"
    ffmpeg("-i", clip, "-frames:v", "1", shown)
    wanted = (180, 320, ffmpeg("-i", shown, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"))
    for place in ((10, 160), (170, 160)):
        assert near(at(image, *place), at(wanted, *place)), place


def test_sound_alone_has_captions_and_no_images(platform, make_edge, tmp_path):
    clip = tmp_path / "sound.m4a"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=3", "-c:a", "aac", clip)
    platform.start_worker()
    video = platform.create(clip.read_bytes())
    assert captions(platform, video, "en").status == 201
    ready = platform.wait(video, "ready")
    assert "poster" not in ready and "storyboard" not in ready
    assert platform.call("GET", f"/media/{video}/poster.jpg", token="").status == 404
    kinds = {one["kind"] for one in platform.call("GET", f"/api/v1/tasks?video={video}").json["data"]}
    assert kinds == {"probe", "audio"}
    assert playable_captions(make_edge(platform.url), ready["hls"], "en") == [0.5, 2.0]
    for manifest in (ready["hls"], ready["dash"]):
        assert "audio" in {one["codec_type"] for one in probe(platform.url + manifest)["streams"]}


def test_a_video_is_ready_without_its_images_and_gets_them_later(platform, tmp_path):
    """A worker that makes bad images (the protocol, by hand) parks the task and nothing else."""
    video = platform.create(make_clip(tmp_path / "clip.mp4", sound=False, seconds=2).read_bytes())
    worker = platform.start_worker()
    platform.wait(video, "ready")
    images_of(platform, video)
    worker.terminate()
    worker.wait(60)
    # The next one, whose images fail.
    second = platform.create(make_clip(tmp_path / "other.mp4", sound=False, seconds=3).read_bytes())
    token = platform.token("by-hand", "--worker")

    def lease(kind):
        answer = platform.call("POST", "/api/v1/worker/lease",
                               {"worker": "w", "kinds": [kind], "protocol": 2}, token)
        return answer.json if answer.status == 200 else None

    def say(task, what, **more):
        return platform.call("POST", f"/api/v1/worker/tasks/{task['id']}/{what}",
                             {"lease": task["lease"], **more}, token)

    probe_task = lease("probe")
    result = {"container": "mov", "duration_us": 3_000_000,
              "video": {"stream": 0, "codec": "h264", "width": 320, "height": 180, "sar": [1, 1],
                        "rotation": 0, "interlaced": False, "hdr": False, "color": [1, 1, 1],
                        "rate": [25, 1], "variable": False, "pictures": 75, "keyframes": 1,
                        "timed_by_decoding": False, "first_us": 0, "start_us": 0}}
    assert say(probe_task, "complete", result=result).status == 200
    task = lease("images")
    assert task["spec"]["tiles"] == 3
    outputs = f"/api/v1/worker/tasks/{task['id']}/outputs?lease={task['lease']}&key="
    for content, why in ((b"<script>", "no JPEG"), (b"\xff\xd8\xff\xd9", "malformed")):
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        refused = platform.call("PUT", outputs + "images/0/poster", content, token,
                                {"Repr-Digest": f"sha-256=:{digest}:"})
        assert refused.status == 422 and why in refused.json["detail"], refused.body
    assert say(task, "complete", result={}).status == 422
    assert say(task, "fail", reason="it has no face", final=True).status == 204
    platform.start_worker()
    ready = platform.wait(second, "ready")
    assert "poster" not in ready and "failure" not in ready
    parked = [one for one in platform.call("GET", f"/api/v1/tasks?video={second}").json["data"]
              if one["kind"] == "images"]
    assert parked[0]["state"] == "parked" and parked[0]["reason"] == "it has no face"
    assert platform.cli("tasks", "retry", task["id"]).returncode == 0
    later = images_of(platform, second)
    assert later["state"] == "ready"
    assert "#xywh" in platform.call("GET", later["storyboard"], token="").body.decode()


def test_a_video_takes_all_with_it(platform, tmp_path):
    platform.start_worker()
    video = platform.create(make_clip(tmp_path / "clip.mp4", seconds=2).read_bytes())
    assert captions(platform, video, "en").status == 201
    platform.wait(video, "ready")
    images_of(platform, video)
    assert platform.call("DELETE", f"/api/v1/videos/{video}").status == 204
    assert not (platform.data / "objects" / "media" / video).exists()
    for name in ("poster.jpg", "storyboard.vtt", "master.m3u8"):
        assert platform.call("GET", f"/media/{video}/{name}", token="").status == 404
    assert captions(platform, video, "en").status == 404
    assert not (platform.data / "objects" / "media" / video).exists()


def test_captions_outlive_a_crash(platform, tmp_path):
    platform.start_worker()
    video = platform.create(make_clip(tmp_path / "clip.mp4", seconds=2).read_bytes())
    ready = platform.wait(video, "ready")
    for round_ in range(3):
        language = f"x-{round_}"
        assert captions(platform, video, language).status == 201
        platform.kill_origin()
        platform.start()
        assert f'LANGUAGE="{language}"' in platform.call("GET", ready["hls"], token="").body.decode()
