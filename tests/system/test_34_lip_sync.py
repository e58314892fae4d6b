"""Pictures and sound stay together, from the first second to beyond the fifth minute, in every rung.

Each picture carries its number, so that every one of them is a flash: when it is shown, by FFmpeg's HLS
demuxer, is held against when the source shows it. The right side of the sound has beeps, the left one a
steady tone, on which a step would be heard. The videos are ten units long, so that all seams are in it.
"""

import array
import dataclasses
import fractions
import math
import re
import subprocess

import pytest

import generated_media as media
import platform_harness

LADDER = '[ladder]\nrungs = ["144p", "360p"]\npreset = "ultrafast"\n'
RUNGS = ("144p", "180p")
SECONDS = 310
BEEPS = (1, 150, 301)
TONE, AMPLITUDE = 440, 0.25
HEARD = 48_000


@dataclasses.dataclass
class Source:
    rate: str
    hertz: int
    # Of the pictures, which are left out: from a constant rate to a variable one.
    select: str = "1"
    is_kept: object = lambda number: True
    off_max: float = 0.001  # Seconds between a picture and when the source shows it.

    def make(self, path):
        beeps = "+".join(f"between(t\\,{at}\\,{at + 0.05})" for at in BEEPS)
        media.ffmpeg(
            *media.numbered(seconds=SECONDS, rate=self.rate), "-f", "lavfi", "-i",
            f"aevalsrc={AMPLITUDE}*sin(2*PI*{TONE}*t)|0.8*cos(2*PI*1000*t)*({beeps}):s={self.hertz}:"
            f"d={SECONDS}", "-vf", f"select='{self.select}'", "-fps_mode", "vfr", *media.H264,
            "-c:a", "pcm_s16le", path)
        return path

    def shown_at(self):
        """{number: seconds}, of all pictures of the source."""
        rate = fractions.Fraction(self.rate)
        return {number: float(number / rate) for number in range(math.ceil(SECONDS * rate))
                if self.is_kept(number)}


# A screen recorder: a third of the pictures while nothing moves.
def is_moving(number):
    return number % 1000 < 700 or number % 3 == 0


SOURCES = {
    "30": Source("30", 48_000),
    "29.97": Source("30000/1001", 44_100),
    "variable": Source("30", 48_000, select="lt(mod(n\\,1000)\\,700)+not(mod(n\\,3))",
                       is_kept=is_moving, off_max=0.5 / 24 + 0.001),
}


@pytest.fixture(scope="module")
def theatre(tmp_path_factory):
    made = platform_harness.Theatre(tmp_path_factory.mktemp("lip-sync"), LADDER)
    yield made
    made.stop()


@pytest.fixture(scope="module", params=SOURCES)
def published(theatre, tmp_path_factory, request):
    """The source, and where its published media are."""
    source = SOURCES[request.param]
    path = source.make(tmp_path_factory.mktemp("source") / "clip.mov")
    video = theatre.platform.create(path.read_bytes(), request.param, url=theatre.edge.url)
    path.unlink()
    now = theatre.platform.wait(video, "ready", "failed", patience=300)
    assert now["state"] == "ready", now
    return source, lambda playlist: theatre.url(video, playlist)


def times_of(url, stream, kind):
    """Seconds of each frame or packet, as the demuxer gives them."""
    seen = platform_harness.probe(url, "-select_streams", stream, "-show_entries",
                                  f"{kind}=pts_time")
    return [float(one["pts_time"]) for one in seen[f"{kind}s"]]


@pytest.mark.parametrize("rung", RUNGS)
def test_every_picture_is_shown_when_the_source_shows_it(published, rung):
    source, url = published
    playlist = url(f"{rung}/video.m3u8")
    numbers = media.numbers_in(playlist)
    times = times_of(playlist, "v:0", "frame")
    assert len(numbers) == len(times)
    steps = [after - before for before, after in zip(times, times[1:])]
    assert max(steps) - min(steps) < 0.0001, "a frame is lost, doubled or late at a seam"
    first_shown = {}
    for number, at in zip(numbers, times):
        first_shown.setdefault(number, at)
    expected = source.shown_at()
    assert numbers == sorted(numbers) and set(numbers) <= set(expected)
    off = {number: at - expected[number] for number, at in first_shown.items()}
    worst = max(off, key=lambda number: abs(off[number]))
    assert abs(off[worst]) <= source.off_max, (worst, off[worst])
    if source.select == "1":
        assert numbers == list(expected), "a picture is lost or doubled"


def test_every_beep_is_heard_when_the_source_beeps(published):
    _, url = published
    playlist = url("audio/audio.m3u8")
    times = times_of(playlist, "a:0", "packet")
    assert times == pytest.approx([frame * 1024 / HEARD for frame in range(len(times))], abs=0.0001)
    right = array.array("f", media.ffmpeg("-i", playlist, "-af", "pan=mono|c0=c1", "-ar", HEARD,
                                          "-f", "f32le", "-"))
    for at in BEEPS:
        before = round((at - 0.5) * HEARD)
        heard = next(number for number in range(before, before + HEARD) if abs(right[number]) > 0.4)
        assert heard / HEARD == pytest.approx(at, abs=0.001)


def test_no_step_is_heard_in_a_steady_tone(published):
    """Its second difference is no more than a sine's, and what the coding adds."""
    _, url = published
    assert bend_of(url("audio/audio.m3u8")) < 1.5 * AMPLITUDE * (2 * math.pi * TONE / HEARD) ** 2


def bend_of(sound, *filters):
    """The largest second difference on the left side, but for the ends."""
    told = subprocess.run(
        ["ffmpeg", "-nostdin", "-i", str(sound), "-af", ",".join([
            "pan=mono|c0=c0", "aformat=sample_fmts=dbl", *filters,
            "biquad=b0=1:b1=-2:b2=1:a0=1:a1=0:a2=0", f"atrim=0.5:{SECONDS - 0.5}",
            "astats=measure_perchannel=none:measure_overall=Peak_level"]), "-f", "null", "-"],
        capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    level, = re.findall(r"Peak level dB: (\S+)", told.stderr)
    return 10 ** (float(level) / 20)
