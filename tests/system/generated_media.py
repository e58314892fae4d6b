"""Videos for tests, made by ffmpeg: each is one thing that real cameras, editors and muxers do.

A *numbered* picture carries its frame number as 16 black or white columns, lowest bit left, that
survive scaling and encoding: who decodes a picture can tell which one it is, and whether it is upright.
"""

import pathlib
import struct
import subprocess

COLUMNS = 16


def ffmpeg(*arguments, timeout=120):
    done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)],
                          capture_output=True, timeout=timeout)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


def numbered(*, seconds, size="320x180", rate=25):
    return ["-f", "lavfi", "-i",
            f"color=black:size={COLUMNS}x2:rate={rate}:duration={seconds},format=gray,"
            f"geq=lum='255*mod(floor(N/pow(2\\,X))\\,2)',scale={size.replace('x', ':')}:"
            "flags=neighbor,setsar=1,format=yuv420p"]


def tone(seconds, layout="stereo"):
    return ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds},"
            f"aformat=channel_layouts={layout}"]


H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p"]
AAC = ["-c:a", "aac"]


def make_numbered(path, *, seconds, size="320x180", rate=25, video=(), sound=AAC, layout="stereo"):
    heard = tone(seconds, layout) if sound else []
    ffmpeg(*numbered(seconds=seconds, size=size, rate=rate), *heard, *H264, *video, *sound, path)
    return path


def numbers_in(url, *, seek=None, count=None, towards="right"):
    """The numbers of the pictures that ffmpeg decodes at `url`, as they come. `towards`: where the
    columns' order goes, after a turn."""
    lies = towards in ("down", "up")
    before = ["-ss", seek] if seek is not None else []
    after = ["-frames:v", count] if count else []
    raw = ffmpeg(*before, "-i", url, "-map", "0:v:0", *after, "-vf",
                 f"scale={'1:16' if lies else '16:1'}:flags=area:in_range=tv:out_range=pc,format=gray",
                 "-fps_mode", "passthrough", "-f", "rawvideo", "-")
    pictures = [raw[at:at + COLUMNS] for at in range(0, len(raw), COLUMNS)]
    if towards in ("left", "up"):
        pictures = [picture[::-1] for picture in pictures]
    return [sum(1 << bit for bit, light in enumerate(picture) if light > 127)
            for picture in pictures]


# --- One function a file; the argument is where to put it ----------------------------------------

def rotated(degrees):
    def make(path):
        flat = path.with_name("flat-" + path.name)
        make_numbered(flat, seconds=3)
        ffmpeg("-i", flat, "-c", "copy", "-metadata:s:v", f"rotate={degrees}", path)
        flat.unlink()
    return make


def variable_rate(path):
    """25 pictures a second, then every third of them, then 25 again."""
    ffmpeg(*numbered(seconds=6), *tone(6), "-vf", "select='lt(n,50)+gte(n,100)+not(mod(n,3))'",
           "-fps_mode", "vfr", *H264, *AAC, path)


def long_gop(path):
    make_numbered(path, seconds=40, size="160x90", video=["-g", "10000", "-sc_threshold", "0"])


def open_gop_h264(path):
    make_numbered(path, seconds=40, size="160x90", video=[
        "-preset", "veryfast", "-bf", "3", "-x264-params",
        "open-gop=1:keyint=40:min-keyint=40:scenecut=0:b-adapt=0"])


def open_gop_hevc(path):
    make_numbered(path, seconds=36, size="160x90", video=[
        "-c:v", "libx265", "-x265-params",
        "open-gop=1:keyint=40:min-keyint=40:scenecut=0:bframes=3:log-level=error", "-tag:v", "hvc1"])


def open_gop_mpeg2(path):
    make_numbered(path, seconds=36, size="160x90",
                  video=["-c:v", "mpeg2video", "-b:v", "1M", "-g", "15", "-bf", "2"],
                  sound=["-c:a", "mp2"])


def ten_bits(path):
    make_numbered(path, seconds=3, video=["-pix_fmt", "yuv420p10le", "-profile:v", "high10"])


def hdr_pq(path):
    make_numbered(path, seconds=2, video=[
        "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params",
        "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
        "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"])


def surround(path):
    make_numbered(path, seconds=3, sound=["-c:a", "ac3"], layout="5.1")


def interlaced(path):
    make_numbered(path, seconds=3, video=["-vf", "setfield=tff", "-flags", "+ilme+ildct",
                                          "-x264-params", "tff=1"])


def odd_size(path):
    make_numbered(path, seconds=3, size="323x181", video=["-pix_fmt", "yuv444p"])


def two_pixels(path):
    """The smallest picture that encoders take."""
    make_numbered(path, seconds=3, size="2x2")


def many_tracks(path):
    one = path.with_name("one-" + path.name)
    make_numbered(one, seconds=1)
    ffmpeg("-i", one, *["-map", "0"] * 35, "-c", "copy", path)
    one.unlink()


def slow_sound(path):
    """A WAV file whose header claims a sample a second."""
    ffmpeg(*tone(1), "-c:a", "pcm_s16le", path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"fmt ") + 12, 1)
    path.write_bytes(content)


def wide_pixels(path):
    make_numbered(path, seconds=3, size="352x288", video=["-aspect", "16:9"])


def video_only(path):
    make_numbered(path, seconds=3, sound=())


def sound_only(codec):
    def make(path):
        ffmpeg(*tone(5), "-c:a", codec, *(["-strict", "-2"] if codec == "opus" else []), path)
    return make


def song_with_cover(path):
    ffmpeg(*tone(5), "-f", "lavfi", "-i", "testsrc=size=600x600:rate=1:duration=1", "-map", "0:a",
           "-map", "1:v", "-c:a", "libmp3lame", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p",
           "-disposition:v", "attached_pic", path)


def avi_of_b_frames(*coding):
    """AVI has no presentation times. Sound that begins at once, so that nothing is shifted by ffmpeg."""
    def make(path):
        make_numbered(path, seconds=36, size="160x90", video=coding, sound=["-c:a", "pcm_s16le"])
    return make


def no_rate(path):
    """An AVI whose headers claim 0 pictures a second."""
    plain = path.with_name("plain-" + path.name)
    make_numbered(plain, seconds=3, video=["-c:v", "mpeg4", "-bf", "0"], sound=())
    content = bytearray(plain.read_bytes())
    main = content.index(b"avih") + 8
    content[main:main + 4] = struct.pack("<I", 0)  # Microseconds a picture.
    stream = content.index(b"strh") + 8
    content[stream + 24:stream + 28] = struct.pack("<I", 0)  # Rate over scale.
    path.write_bytes(content)
    plain.unlink()


def lying_length(path):
    """An MP4 whose headers claim 12 days."""
    plain = path.with_name("plain-" + path.name)
    make_numbered(plain, seconds=3)
    content = bytearray(plain.read_bytes())
    moov = content.rindex(b"moov")
    for box, scale_at in ((b"mvhd", 16), (b"mdhd", 16)):
        at = moov
        while (at := content.find(box, at)) >= 0:
            scale, = struct.unpack_from(">I", content, at + scale_at)
            struct.pack_into(">I", content, at + scale_at + 4, min(0xFFFFFFF0, scale * 1_036_800))
            at += 4
    path.write_bytes(content)
    plain.unlink()


def make(generator, directory, name):
    path = pathlib.Path(directory) / name
    generator(path)
    return path
