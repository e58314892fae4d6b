"""hls.js, Shaka and dash.js, as they are, in Debian's Chromium: from a page of another origin.

The pictures carry their numbers (generated_media.py), and the page reads the one that is on the
screen: a player that shows another picture than the one it says it shows is found out.
"""

import json
import pathlib
import subprocess

import pytest

import generated_media as media
import platform_harness

PLAYERS = pathlib.Path(__file__).parent / "players"
RATE, SECONDS = 25, 32
RUNGS = {144: 256, 234: 416, 360: 640}
CAPTIONS = "1\n00:00:00,000 --> 00:00:30,000\nWasser auf die Mühle\n"

pytestmark = pytest.mark.needs("chromium")


class Cinema(platform_harness.Theatre):
    """That any page may read media is the default."""

    def __init__(self, directory):
        super().__init__(directory,
                         '[ladder]\nrungs = ["144p", "234p", "360p"]\npreset = "ultrafast"\n')

    def show(self, path, captions=None):
        video = self.platform.create(path.read_bytes(), url=self.edge.url)
        if captions:
            added = self.platform.call("PUT", f"/api/v1/videos/{video}/captions/de?label=Deutsch",
                                       captions.encode(), url=self.edge.url)
            assert added.status == 201, added.body
        self.platform.wait(video, "ready", patience=200)
        return video

    def play(self, modules, player, video, manifest, seeks=(), captions=None):
        asked = {"modules": str(modules), "player": player, "seeks": seeks, "captions": captions,
                 "url": self.url(video, manifest)}
        done = subprocess.run(["node", PLAYERS / "play.mjs"], input=json.dumps(asked), text=True,
                              capture_output=True, timeout=200)
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def cinema(modules, tmp_path_factory):
    made = Cinema(tmp_path_factory.mktemp("cinema"))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def film(cinema, tmp_path_factory):
    path = media.make_numbered(tmp_path_factory.mktemp("film") / "film.mp4", seconds=SECONDS,
                               size="640x360", rate=RATE)
    return cinema.show(path, CAPTIONS)


PAIRS = [("hls.js", "master.m3u8"), ("shaka", "manifest.mpd"), ("shaka", "master.m3u8"),
         ("dash.js", "manifest.mpd")]


@pytest.mark.parametrize("player, manifest", PAIRS)
def test_a_player_shows_the_right_pictures_and_changes_rungs(cinema, modules, film, player, manifest):
    # Forwards over a unit's end and backwards, in the middle of a group of pictures and at its start,
    # into the last two seconds.
    seeks = [13.3, 30.5, 4, 31.4]
    seen = cinema.play(modules, player, film, manifest, seeks, "de")
    assert not seen["complaints"] and not seen["faults"]
    assert seen["duration"] == pytest.approx(SECONDS, abs=0.05)
    assert {rung["height"]: rung["width"] for rung in seen["rungs"]} == RUNGS
    assert [one["to"] for one in seen["seeks"]] == seeks
    pictures = seen["seeks"] + [one["picture"] for one in seen["changes"]] + seen["wound"]
    for one in pictures:
        assert one["number"] == round(one["mediaTime"] * RATE), seen
    for one in seen["seeks"]:
        # The first picture that is shown may be some later than the asked one on a busy machine.
        assert -1 / RATE <= one["mediaTime"] - one["to"] + 1e-6 < 0.6, one
    assert [one["asked"] for one in seen["changes"]] == [360, 144, 360]
    for one in seen["changes"]:
        assert one["height"] == one["asked"] and one["stalls"] == 0, seen["changes"]
    assert bool(seen["wound"]) == (player == "shaka")
    if (player, manifest) == ("shaka", "master.m3u8"):
        # Fast forward by EXT-X-I-FRAME-STREAM-INF: only what opens a group of pictures is shown.
        assert seen["wound"][0]["number"] % (2 * RATE) == 0
    assert seen["heard"] > 0, "no sound was decoded"
    assert seen["languages"] == ["de"] and seen["text"] == "Wasser auf die Mühle"


@pytest.mark.parametrize("player, manifest", PAIRS)
def test_sound_alone_plays(cinema, modules, song, player, manifest):
    seen = cinema.play(modules, player, song, manifest, [3.5])
    assert not seen["complaints"] and not seen["faults"] and seen["heard"] > 0
    assert seen["duration"] == pytest.approx(5, abs=0.05)


@pytest.fixture(scope="module")
def song(cinema, tmp_path_factory):
    path = tmp_path_factory.mktemp("song") / "song.m4a"
    media.sound_only("aac")(path)
    return cinema.show(path)
