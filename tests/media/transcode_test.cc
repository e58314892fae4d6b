#include "media/transcode.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "media/probe.h"
#include "package/init_segment.h"
#include "package/media_segment.h"
#include "tests/media/clip.h"

namespace media {
namespace {

using nlohmann::json;

TEST(Transcode, AClipBecomesSegmentsThatOthersCanPlay) {
  const Clip clip(
      "-f lavfi -i testsrc2=size=640x360:rate=30 -f lavfi -i sine=frequency=440 "
      "-t 10 -c:v libx264 -preset ultrafast -c:a aac -shortest");
  auto source = clip.open();
  const auto found = probe(*source, "mov", Collected().taker());
  ASSERT_TRUE(found) << found.error().context;
  EXPECT_EQ(found->at("video").at("rate"), json::array({30, 1}));
  EXPECT_FALSE(found->at("video").at("variable").get<bool>());
  EXPECT_NEAR(found->at("duration_us").get<double>(), 10e6, 50e3);

  Collected made;
  const json spec{
      {"container", "mov"},
      {"video", found->at("video")},
      {"rate", {30, 1}},
      {"gop", 60},
      {"segment", 120},
      {"unit", 0},
      {"first", 0},
      {"frames", 300},
      {"preset", "veryfast"},
      {"crf", 23},
      {"rungs",
       json::array({{{"name", "180p"}, {"width", 320}, {"height", 180}, {"rate_max_kbps", 500}},
                    {{"name", "360p"}, {"width", 640}, {"height", 360}, {"rate_max_kbps", 900}}})}};
  auto again = clip.open();
  const auto done = transcode(*again, spec, 2, made.taker());
  ASSERT_TRUE(done) << done.error().context;
  for (const char* rung : {"180p", "360p"}) {
    const std::string whole = made.joined(std::string(rung) + "/0");
    EXPECT_EQ(made.products.count(std::string(rung) + "/0/seg/2"), 1u);
    const json stream = Clip::ffprobe_bytes(whole, "v:0");
    EXPECT_EQ(stream.at("nb_read_frames"), "300") << stream;
    EXPECT_EQ(stream.at("r_frame_rate"), "30/1");
    EXPECT_EQ(stream.at("profile"), "High");
    if (const char* keep = std::getenv("KEEP")) std::ofstream(keep, std::ios::binary) << whole;
    EXPECT_EQ(stream.at("start_time"), "0.000000");
  }
  const auto init = package::read_init_segment(made.products.at("360p/0/init").bytes);
  ASSERT_TRUE(init) << init.error().context;
  for (int number = 0; number < 3; ++number) {
    const auto segment = package::read_media_segment(
        made.products.at("360p/0/seg/" + std::to_string(number)).bytes, *init);
    ASSERT_TRUE(segment) << segment.error().context;
    EXPECT_EQ(segment->decode_time, number * 120);
    EXPECT_EQ(segment->sample_sizes.size(), number < 2 ? 120u : 60u);
    EXPECT_EQ(segment->i_frames.size(), number < 2 ? 2u : 1u);
  }
}

TEST(Transcode, UnitsMadeApartJoinWithoutASeam) {
  const Clip clip(
      "-f lavfi -i testsrc2=size=320x180:rate=30000/1001 -t 12 -c:v libx264 -g 250 "
      "-bf 3 -preset veryfast");
  auto source = clip.open();
  const auto found = probe(*source, "mov", Collected().taker());
  ASSERT_TRUE(found) << found.error().context;
  Collected made;
  for (int unit = 0; unit < 3; ++unit) {
    const json spec{
        {"container", "mov"},
        {"video", found->at("video")},
        {"rate", {30000, 1001}},
        {"gop", 60},
        {"segment", 120},
        {"unit", unit},
        {"first", unit * 120},
        {"frames", 120},
        {"preset", "veryfast"},
        {"crf", 18},
        {"rungs",
         json::array(
             {{{"name", "180p"}, {"width", 320}, {"height", 180}, {"rate_max_kbps", 5000}}})}};
    auto again = clip.open();
    ASSERT_TRUE(transcode(*again, spec, 1, made.taker()));
  }
  EXPECT_EQ(made.products.at("180p/0/init").bytes, made.products.at("180p/1/init").bytes);
  EXPECT_EQ(made.products.at("180p/0/init").bytes, made.products.at("180p/2/init").bytes);
  std::string whole = made.products.at("180p/0/init").bytes;
  for (int unit = 0; unit < 3; ++unit) {
    whole +=
        made.products.at("180p/" + std::to_string(unit) + "/seg/" + std::to_string(unit)).bytes;
  }
  const json stream = Clip::ffprobe_bytes(whole, "v:0");
  EXPECT_GE(std::stoi(stream.at("nb_read_frames").get<std::string>()), 359);
  // Each picture is the source's at the same number.
  const double psnr = clip.psnr_of(whole);
  EXPECT_GT(psnr, 38) << "a picture lost, doubled or late would cost far more than the encoding";
}

}  // namespace
}  // namespace media
