// VP9, AV1 and Opus: the same table, the same segments, other bytes.
#include <gtest/gtest.h>

#include <string>

#include "media/picture_encoder.h"
#include "media/probe.h"
#include "media/sound.h"
#include "media/transcode.h"
#include "package/init_segment.h"
#include "package/media_segment.h"
#include "tests/media/clip.h"

namespace media {
namespace {

using nlohmann::json;

struct Codec {
  const char* name;
  const char* entry;  // Of its codec string.
};

class PictureCodecs : public testing::TestWithParam<Codec> {};

// Two units, each of its own encoder, of two segments with two groups of 24 pictures; the last of all
// has 10.
TEST_P(PictureCodecs, UnitsMadeApartJoinAndBeginTheirGroupsWherePlanned) {
  const Clip clip(
      "-f lavfi -i testsrc2=size=320x180:rate=24000/1001 -frames:v 178 -c:v libx264 -g 100 -bf 3 "
      "-preset ultrafast -crf 10");
  auto source = clip.open();
  const auto found = probe(*source, "mov", Collected().taker());
  ASSERT_TRUE(found) << found.error().context;
  Collected made;
  for (int unit = 0; unit < 2; ++unit) {
    const json spec{{"container", "mov"},
                    {"video", found->at("video")},
                    {"rate", {24'000, 1'001}},
                    {"gop", 24},
                    {"segment", 48},
                    {"unit", unit},
                    {"first", unit * 96},
                    {"frames", unit == 0 ? 96 : 82},
                    {"preset", "ultrafast"},
                    {"crf", 18},
                    {"rungs", json::array({{{"name", "180p-x"},
                                            {"codec", GetParam().name},
                                            {"width", 320},
                                            {"height", 180},
                                            {"rate_max_kbps", 5'000}}})}};
    auto again = clip.open();
    const auto done = transcode(*again, spec, 2, made.taker());
    ASSERT_TRUE(done) << done.error().context;
  }
  const std::string init = made.products.at("180p-x/0/init").bytes;
  EXPECT_EQ(init, made.products.at("180p-x/1/init").bytes);
  const auto read = package::read_init_segment(init);
  ASSERT_TRUE(read) << read.error().context;
  EXPECT_TRUE(read->codec.starts_with(GetParam().entry)) << read->codec;
  EXPECT_EQ(read->width, 320);
  EXPECT_EQ(read->timescale, 24'000);
  std::string whole = init;
  for (int number = 0; number < 4; ++number) {
    const std::string key =
        "180p-x/" + std::to_string(number / 2) + "/seg/" + std::to_string(number);
    const std::string& bytes = made.products.at(key).bytes;
    const auto segment = package::read_media_segment(bytes, *read);
    ASSERT_TRUE(segment) << key << ": " << segment.error().context;
    EXPECT_EQ(segment->decode_time, number * 48 * 1'001);
    EXPECT_EQ(segment->duration, (number < 3 ? 48 : 34) * 1'001);
    ASSERT_EQ(segment->i_frames.size(), 2u) << key;
    EXPECT_EQ(segment->i_frames[1].start, 24 * 1'001);
    whole += bytes;
    // Any of them can be begun with.
    EXPECT_EQ(Clip::ffprobe_bytes(init + bytes, "v:0").at("nb_read_frames"),
              number < 3 ? "48" : "34");
  }
  const json stream = Clip::ffprobe_bytes(whole, "v:0");
  EXPECT_EQ(stream.at("codec_name"), GetParam().name);
  EXPECT_EQ(stream.at("nb_read_frames"), "178");
  EXPECT_EQ(stream.at("start_time"), "0.000000");
  // Each picture is the source's at the same number: one late costs far more than the encoding.
  EXPECT_GT(clip.psnr_of(whole), 33);
}

INSTANTIATE_TEST_SUITE_P(All, PictureCodecs,
                         testing::Values(Codec{"h264", "avc1."}, Codec{"vp9", "vp09.00."},
                                         Codec{"av1", "av01.0."}),
                         [](const auto& info) { return info.param.name; });

TEST(PictureCodec, OneThatIsUnknownIsRefused) {
  const Clip clip("-f lavfi -i testsrc2=size=64x64 -t 0.2 -c:v libx264");
  auto source = clip.open();
  const json spec{{"container", "mov"},
                  {"video", {{"stream", 0}}},
                  {"rate", {25, 1}},
                  {"gop", 50},
                  {"segment", 100},
                  {"unit", 0},
                  {"first", 0},
                  {"frames", 5},
                  {"preset", "ultrafast"},
                  {"crf", 23},
                  {"rungs", json::array({{{"name", "x"}, {"codec", "theora"}}})}};
  const auto done = transcode(*source, spec, 1, Collected().taker());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().context, "a task's spec: a rung of the codec \"theora\"");
}

TEST(Opus, BeginsWhereTheSourceBegins) {
  // A click at one second exactly.
  const Clip clip("-f lavfi -i 'aevalsrc=0.9*gte(t\\,1)*lt(t\\,1.001):s=48000:d=5' -c:a pcm_s16le",
                  "mov");
  auto source = clip.open();
  const auto found = probe(*source, "mov", Collected().taker());
  ASSERT_TRUE(found) << found.error().context;
  const json spec{{"container", "mov"},   {"audio", found->at("audio")},
                  {"name", "audio-opus"}, {"codec", "opus"},
                  {"frame", 960},         {"lead", 312},
                  {"frames", 251},        {"boundaries", {0, 200}}};
  Collected made;
  auto again = clip.open();
  const auto done = encode_sound(*again, spec, made.taker());
  ASSERT_TRUE(done) << done.error().context;
  const auto init = package::read_init_segment(made.products.at("audio-opus/0/init").bytes);
  ASSERT_TRUE(init) << init.error().context;
  EXPECT_EQ(init->codec, "opus");
  const auto last =
      package::read_media_segment(made.products.at("audio-opus/0/seg/1").bytes, *init);
  ASSERT_TRUE(last) << last.error().context;
  EXPECT_EQ(last->decode_time, 200 * 960);
  EXPECT_EQ(last->duration, 51 * 960);
  const std::string whole = made.joined("audio-opus/0");
  const json stream = Clip::ffprobe_bytes(whole, "a:0");
  EXPECT_EQ(stream.at("codec_name"), "opus");
  EXPECT_EQ(stream.at("nb_read_frames"), "251");
  EXPECT_NEAR(Clip::loudest_at(whole), 1.0005, 0.001);
}

TEST(Opus, AnEncoderThatBeginsElsewhereIsRefused) {
  const Clip clip("-f lavfi -i sine=d=1 -c:a pcm_s16le", "mov");
  auto source = clip.open();
  const json spec{{"container", "mov"},   {"audio", {{"stream", 0}}},
                  {"name", "audio-opus"}, {"codec", "opus"},
                  {"frame", 960},         {"lead", 311},
                  {"frames", 50},         {"boundaries", {0}}};
  const auto done = encode_sound(*source, spec, Collected().taker());
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().context.ends_with("begins 312 early, which is not planned"))
      << done.error().context;
}

}  // namespace
}  // namespace media
