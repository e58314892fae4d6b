"""Files as cameras, editors and muxers make them, sound and broken ones, from upload to playback.

Each is uploaded through the edge and read back from there by FFmpeg's HLS and DASH demuxers, some by
mpv. What is expected of a file was found by ffprobe and by thinking, not by asking Headrace.
"""

import dataclasses
import os
import pathlib
import re
import subprocess

import pytest

import generated_media as media
import platform_harness
from generated_media import numbers_in
from platform_harness import probe

SHARED = pathlib.Path(os.environ.get("HEADRACE_SHARED", pathlib.Path(__file__).parents[3] / "shared"))
CORPUS = SHARED / "media"
LADDER = '[ladder]\nrungs = ["144p", "360p"]\npreset = "ultrafast"\n'


@dataclasses.dataclass
class Plays:
    """What is to become of a file: pictures on the output's grid, rungs low to high as
    {name: size}, and seconds of the whole. Without rungs: sound alone."""
    seconds: float
    frames: int = 0
    rungs: dict = dataclasses.field(default_factory=dict)
    sound: bool = True
    # The numbers that the pictures carry, in order; and where the columns' order goes.
    numbers: list = None
    towards: str = "right"
    # Frames that may be missing or too many: where a file's own times are not on a grid.
    slack: int = 0
    seeks: tuple = ()


@dataclasses.dataclass
class Fails:
    sentence: str


WIDE = {"144p": (256, 144), "180p": (320, 180)}
UPRIGHT = {"144p": (144, 256), "180p": (180, 320)}
TALL = {"144p": (144, 256), "360p": (360, 640)}
SMALL = {"90p": (160, 90)}
MP4_SAMPLE = {"144p": (216, 144), "360p": (540, 360)}
FULL_HD = {"144p": (256, 144), "360p": (640, 360)}

FILES = {
    "bbb_1ch_16kHz_aac.mp4": Plays(seconds=1.0),
    "bbb_2500ms.ts": Plays(seconds=2.5, frames=60, rungs=FULL_HD, slack=2),
    "bear-vp9-odd-dimensions.webm": Plays(seconds=1.0, frames=30, rungs={
        "120p": (160, 120)}, sound=False),
    "car-detection.mp4": Plays(seconds=30.16, frames=377, rungs=FULL_HD, seeks=(7.0, 29.5)),
    "edit_list_positive_shift.mp4": Plays(seconds=10.0, frames=300, rungs=FULL_HD),
    "hdr10-av1.mp4": Plays(seconds=4.24, frames=127, rungs=TALL),
    "invalid-bitstream.webm": Fails("could not be decoded"),
    "long_1080p_lowbitrate.mp4": Plays(seconds=80, frames=2400, rungs=FULL_HD,
                                       seeks=(31.9, 33.0, 79.0)),
    "opus-5.1.mka": Plays(seconds=2.76),
    "portrait_4k60.mp4": Plays(seconds=0.31, frames=19, rungs=TALL),
    "sample.avi": Plays(seconds=4.09, frames=98, rungs={
        "144p": (346, 144), "360p": (864, 360)}, slack=2),
    "sample.mkv": Plays(seconds=1.07, frames=30, rungs=MP4_SAMPLE, slack=2),
    "sample_audio_only.mp4": Plays(seconds=1.04),
    "sample_fragmented.mp4": Plays(seconds=1.07, frames=32, rungs=MP4_SAMPLE, slack=1),
    "sample_malformed_free_box.mp4": Fails("could not be decoded"),
    "sample_mdat_too_long.mp4": Plays(seconds=1.09, frames=33, rungs=MP4_SAMPLE),
    "sample_video_only.mp4": Plays(seconds=1.0, frames=30, rungs=MP4_SAMPLE, sound=False),
    "sample_with_invalid_nalu.mp4": Plays(seconds=1.0, frames=30, rungs=MP4_SAMPLE, sound=False),
    "sowt-with-video.mov": Plays(seconds=2.0, frames=100, rungs=FULL_HD),
}


def counted(seconds, rate=25):
    return list(range(seconds * rate))


def held():
    """variable_rate() on its grid: 117 pictures in 6 s are nearest to 23.976 a second, and each is
    the last that has begun by half a frame later."""
    kept = [n for n in range(150) if n < 50 or n >= 100 or n % 3 == 0]
    return [max(n for n in kept if n / 25 <= (frame + 0.5) * 1001 / 24_000) for frame in range(144)]


GENERATED = {
    "rotated-90.mp4": (media.rotated(90), Plays(3, 75, UPRIGHT, numbers=counted(3), towards="up")),
    "rotated-180.mp4": (media.rotated(180), Plays(3, 75, WIDE, numbers=counted(3), towards="left")),
    "rotated-270.mp4": (media.rotated(270), Plays(3, 75, UPRIGHT, numbers=counted(3), towards="down")),
    "variable-rate.mp4": (media.variable_rate, Plays(6, 144, WIDE, numbers=held())),
    "long-gop.mp4": (media.long_gop, Plays(40, 1000, SMALL, numbers=counted(40),
                                           seeks=(3.0, 31.96, 32.0, 39.5))),
    "open-gop-h264.mp4": (media.open_gop_h264, Plays(40, 1000, SMALL,
                                                     numbers=counted(40), seeks=(32.04, 39.5))),
    "open-gop-hevc.mp4": (media.open_gop_hevc, Plays(36, 900, SMALL,
                                                     numbers=counted(36), seeks=(32.04, 35.5))),
    "open-gop-mpeg2.ts": (media.open_gop_mpeg2, Plays(36, 900, SMALL,
                                                      numbers=counted(36), seeks=(32.04, 35.5))),
    "ten-bits.mp4": (media.ten_bits, Plays(3, 75, WIDE, numbers=counted(3))),
    "hdr-pq.mp4": (media.hdr_pq, Plays(2, 50, WIDE, numbers=counted(2))),
    "surround.mkv": (media.surround, Plays(3, 75, WIDE, numbers=counted(3))),
    "interlaced.mp4": (media.interlaced, Plays(3, 75, WIDE, numbers=counted(3))),
    "odd-size.mp4": (media.odd_size, Plays(3, 75, {
        "144p": (256, 144), "180p": (322, 180)}, numbers=counted(3))),
    "two-pixels.mp4": (media.two_pixels, Plays(3, 75, {"2p": (2, 2)})),
    "many-tracks.mp4": (media.many_tracks, Fails(
        "The file could not be decoded: it has 70 tracks; up to 64 can be taken.")),
    "slow-sound.wav": (media.slow_sound, Fails(
        "The file could not be decoded: its sound is said to have a rate of 1 Hz; "
        "from 1000 Hz on it can be taken.")),
    "wide-pixels.mp4": (media.wide_pixels, Plays(3, 75, {
        "144p": (256, 144), "288p": (512, 288)}, numbers=counted(3))),
    "video-only.mp4": (media.video_only, Plays(3, 75, WIDE, sound=False, numbers=counted(3))),
    "sound.m4a": (media.sound_only("aac"), Plays(5)),
    "sound.flac": (media.sound_only("flac"), Plays(5)),
    "sound.ogg": (media.sound_only("libopus"), Plays(5)),
    "sound.wav": (media.sound_only("pcm_s16le"), Plays(5)),
    "song-with-cover.mp3": (media.song_with_cover, Plays(5)),
    "b-frames-h264.avi": (media.avi_of_b_frames("-preset", "veryfast", "-bf", "3"),
                          Plays(36, 900, SMALL, numbers=counted(36), seeks=(32.04, 35.5))),
    "b-frames-mpeg4.avi": (media.avi_of_b_frames("-c:v", "mpeg4", "-q:v", "2", "-bf", "2"),
                           Plays(36, 900, SMALL, numbers=counted(36), seeks=(32.04, 35.5))),
    "no-rate.avi": (media.no_rate, Plays(3, 75, WIDE, sound=False, numbers=counted(3))),
    "lying-length.mp4": (media.lying_length, Plays(3, 75, WIDE, numbers=counted(3))),
}

# Seconds of the long file: more than two units of work.
LONG_SECONDS = 80


class Show(platform_harness.Theatre):
    """Each file is uploaded once, all of them first."""

    def __init__(self, directory):
        super().__init__(directory, LADDER)
        self.videos = {}

    def upload(self, name, path):
        self.videos[name] = self.platform.create(path.read_bytes(), name, url=self.edge.url)


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    directory = tmp_path_factory.mktemp("corpus")
    made = Show(directory)
    try:
        for name in FILES:
            if not (CORPUS / name).exists():
                continue
            path = CORPUS / name
            if name.startswith("long_"):
                path = directory / name
                media.ffmpeg("-i", CORPUS / name, "-t", LONG_SECONDS, "-c", "copy", path)
            made.upload(name, path)
        for name, (generator, _) in GENERATED.items():
            made.upload(name, media.make(generator, directory, name))
        yield made
    finally:
        made.stop()


def check(show, name, expected):
    video = show.videos[name]
    now = show.platform.wait(video, "ready", "failed", patience=300)
    if isinstance(expected, Fails):
        assert now["state"] == "failed" and expected.sentence in now["failure"], now
        return
    assert now["state"] == "ready", now
    frame = expected.seconds / expected.frames if expected.frames else 1024 / 48_000
    # The grid and the frames of sound round up what the file says.
    near = pytest.approx(expected.seconds, abs=(expected.slack + 2) * frame + 0.03)
    assert now["duration_us"] / 1e6 == near
    for manifest in ("master.m3u8", "manifest.mpd"):
        seen = probe(show.url(video, manifest))
        pictures = [one for one in seen["streams"] if one["codec_type"] == "video"]
        sizes = sorted((one["width"], one["height"]) for one in pictures)
        assert sizes == sorted(expected.rungs.values()), manifest
        for one in pictures:
            assert abs(int(one["nb_read_frames"]) - expected.frames) <= expected.slack, manifest
            assert one["pix_fmt"] == "yuv420p" and one["sample_aspect_ratio"] == "1:1"
            assert one["color_transfer"] not in ("smpte2084", "arib-std-b67")
            assert abs(float(one["start_time"])) < 0.001
            assert not one.get("side_data_list"), "a picture that is to be turned"
        sounds = [one for one in seen["streams"] if one["codec_type"] == "audio"]
        assert bool(sounds) == expected.sound, manifest
        for one in sounds:
            assert one["codec_name"] == "aac" and one["channels"] == 2
            assert int(one["nb_read_frames"]) * 1024 / 48_000 == near
    master = show.edge.get(f"/media/{video}/master.m3u8").body.decode()
    listed = re.findall(r"RESOLUTION=(\d+)x(\d+).*\n([^/#]+)/", master)
    assert {rung: (int(width), int(height)) for width, height, rung in listed} == expected.rungs
    for top in list(expected.rungs)[-1:]:
        check_pictures(show, video, expected, f"{top}/video.m3u8")


def check_pictures(show, video, expected, playlist):
    """The top rung's pictures: each in its place, the same by DASH, and found by seeking."""
    if expected.numbers is not None:
        for manifest in (playlist, "manifest.mpd"):
            assert numbers_in(show.url(video, manifest), towards=expected.towards) == expected.numbers
    # By DASH alone: FFmpeg 5.1 can't seek in HLS of fragmented MP4, its own included (it goes on at a
    # byte offset of the segment before). Players in a browser seek in HLS: test_26.
    for at in expected.seeks:
        wanted = round(at * expected.frames / expected.seconds)
        url = show.url(video, "manifest.mpd")
        if expected.numbers is not None:
            assert numbers_in(url, seek=at, count=1) == [wanted]
        else:
            left = media.ffmpeg("-ss", at, "-i", url, "-map", "0:v:0", "-f", "framemd5", "-")
            pictures = [line for line in left.splitlines() if not line.startswith(b"#")]
            assert abs(len(pictures) - (expected.frames - wanted)) <= 1, at


@pytest.mark.parametrize("name", FILES)
def test_a_real_file(show, name):
    if name not in show.videos:
        pytest.skip(f"no {name} in {CORPUS}")
    check(show, name, FILES[name])


@pytest.mark.parametrize("name", GENERATED)
def test_a_made_file(show, name):
    check(show, name, GENERATED[name][1])


def test_every_file_of_the_corpus_is_in_the_table():
    if not CORPUS.is_dir():
        pytest.skip("no shared media")
    assert {path.name for path in CORPUS.iterdir() if path.suffix != ".md"} == set(FILES)


def mpv(url, *options):
    """Plays it to the end without showing it. What mpv says: its length, and its complaints."""
    return subprocess.run(
        ["mpv", "--no-config", "--vo=null", "--ao=null", "--ao-null-untimed", "--untimed", "--quiet",
         "--msg-level=all=warn,term-msg=info", "--term-playing-msg=length=${=duration}", *options, url],
        capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


@pytest.mark.needs("mpv")
@pytest.mark.parametrize("manifest, options", [
    ("master.m3u8", []), ("manifest.mpd", []), ("manifest.mpd", ["--start=70%"])])
@pytest.mark.parametrize("name", ["long-gop.mp4", "rotated-90.mp4", "sound.flac"])
def test_mpv_plays_it_to_the_end(show, name, manifest, options):
    video, expected = show.videos[name], GENERATED[name][1]
    show.platform.wait(video, "ready", patience=300)
    played = mpv(show.url(video, manifest), *options)
    assert played.returncode == 0, played.stderr + played.stdout
    length, = re.findall(r"length=([0-9.]+)", played.stdout)
    assert float(length) == pytest.approx(expected.seconds, abs=0.1)
    told = [line for line in (played.stdout + played.stderr).splitlines()
            if re.search(r"error|invalid|corrupt", line, re.IGNORECASE)]
    assert not told, told
