// Which picture is shown when. Pictures carry their number as 16 black or white columns, lowest left.
#include "media/picture_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "media/probe.h"
#include "tests/media/clip.h"

namespace media {
namespace {

using nlohmann::json;

constexpr int kColumns = 16, kWidth = 160, kHeight = 90;

std::string numbered(int pictures, const std::string& with) {
  return "-f lavfi -i color=black:size=16x2:rate=25,format=gray,"
         "geq=\"lum='255*mod(floor(N/pow(2\\,X))\\,2)'\",scale=160:90:flags=neighbor,setsar=1,"
         "format=yuv420p -f lavfi -i sine=sample_rate=48000 -c:a pcm_s16le -frames:v " +
         std::to_string(pictures) + " -t " + std::to_string(pictures / 25.0) + " " + with;
}

int number_in(const AVFrame& picture) {
  int number = 0;
  for (int bit = 0; bit < kColumns; ++bit) {
    const int x = (2 * bit + 1) * kWidth / (2 * kColumns);
    const int y = kHeight / 2;
    if (picture.data[0][y * picture.linesize[0] + x] > 127) number |= 1 << bit;
  }
  return number;
}

// As frames `first` … of the output's grid show them.
std::vector<int> shown(const Clip& clip, const json& video, const PictureRange& range,
                       int threads) {
  auto source = clip.open();
  auto reader = PictureReader::open(*source, "avi", video, range, threads);
  EXPECT_TRUE(reader) << reader.error().context;
  std::vector<int> numbers;
  while (reader) {
    const auto picture = (*reader)->next();
    EXPECT_TRUE(picture) << picture.error().context;
    if (!picture || *picture == nullptr) break;
    numbers.push_back(number_in(**picture));
  }
  return numbers;
}

std::vector<int> counted(int from, int to) {
  std::vector<int> numbers(static_cast<std::size_t>(to - from));
  std::iota(numbers.begin(), numbers.end(), from);
  return numbers;
}

struct Coding {
  const char* name;
  const char* arguments;
};

class PicturesInAvi : public testing::TestWithParam<Coding> {};

TEST_P(PicturesInAvi, AreEachShownOnceAndInTime) {
  const Clip clip(numbered(100, GetParam().arguments), "avi");
  auto source = clip.open();
  const auto found = probe(*source, "avi", Collected().taker());
  ASSERT_TRUE(found) << found.error().context;
  const json& video = found->at("video");
  EXPECT_EQ(video.at("pictures"), 100);
  EXPECT_EQ(video.at("start_us"), 0);
  EXPECT_EQ(found->at("duration_us"), 4'000'000);
  for (const int threads : {1, 3}) {
    const PictureRange whole{.first = 0, .count = 100, .rate = {25, 1}};
    EXPECT_EQ(shown(clip, video, whole, threads), counted(0, 100)) << threads << " threads";
    // After a seek, right behind a keyframe and between two.
    for (const int first : {49, 50, 51, 75}) {
      const PictureRange part{.first = first, .count = 100 - first, .rate = {25, 1}};
      EXPECT_EQ(shown(clip, video, part, threads), counted(first, 100))
          << "from " << first << ", " << threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PicturesInAvi,
    testing::Values(
        Coding{"h264", "-c:v libx264 -preset ultrafast -bf 0 -g 25"},
        Coding{"h264_b", "-c:v libx264 -preset veryfast -bf 2 -g 25 -x264-params b-pyramid=none"},
        Coding{"h264_pyramid",
               "-c:v libx264 -preset veryfast -g 25 -x264-params "
               "bframes=3:b-pyramid=normal:b-adapt=0"},
        Coding{"h264_open_gop",
               "-c:v libx264 -preset veryfast -x264-params "
               "bframes=3:open-gop=1:keyint=25:min-keyint=25:scenecut=0:b-adapt=0"},
        Coding{"mpeg4", "-c:v mpeg4 -q:v 2 -bf 0 -g 25"},
        Coding{"mpeg4_b", "-c:v mpeg4 -q:v 2 -bf 2 -g 25 -flags +cgop -sc_threshold 1000000000"},
        Coding{"mpeg4_open_gop", "-c:v mpeg4 -q:v 2 -bf 2 -g 25"}),
    [](const auto& info) { return info.param.name; });

// XviD packs B-frames with what they need, and its AVIs have empty packets: the picture before is held.
TEST(PicturesInPackedAvi, AreHeldOnlyWhereTheFileHasNone) {
  const Clip clip(numbered(100, "-c:v libxvid -q:v 2 -bf 2 -g 25"), "avi");
  auto source = clip.open();
  const auto found = probe(*source, "avi", Collected().taker());
  ASSERT_TRUE(found) << found.error().context;
  const std::size_t pictures = found->at("video").at("pictures");
  const PictureRange whole{.first = 0, .count = 100, .rate = {25, 1}};
  const std::vector<int> frames = shown(clip, found->at("video"), whole, 1);
  ASSERT_EQ(frames.size(), 100u);
  const std::set<int> different(frames.begin(), frames.end());
  // Each once, and again only for the packets that are missing. (FFmpeg's encoder loses the last two.)
  EXPECT_EQ(different.size(), pictures);
  EXPECT_TRUE(std::ranges::is_sorted(frames));
}

}  // namespace
}  // namespace media
