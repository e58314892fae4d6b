#include "media/images.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "media/av.h"
#include "media/probe.h"
#include "package/jpeg.h"
#include "tests/media/clip.h"

namespace media {
namespace {

using nlohmann::json;

using Color = std::array<int, 3>;

// A JPEG file's pixels.
class Pixels {
 public:
  explicit Pixels(const std::string& jpeg) {
    const CodecPtr decoder(avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_MJPEG)));
    CHECK(avcodec_open2(decoder.get(), nullptr, nullptr) >= 0);
    const PacketPtr packet = make_packet();
    CHECK(av_new_packet(packet.get(), static_cast<int>(jpeg.size())) >= 0);
    std::copy(jpeg.begin(), jpeg.end(), packet->data);
    CHECK(avcodec_send_packet(decoder.get(), packet.get()) >= 0);
    CHECK(avcodec_receive_frame(decoder.get(), frame_.get()) >= 0);
  }
  [[nodiscard]] int width() const { return frame_->width; }
  [[nodiscard]] int height() const { return frame_->height; }
  // By JFIF's formula.
  [[nodiscard]] Color at(int x, int y) const {
    const auto sample = [&](int plane, int half) -> double {
      const int place = y / half * frame_->linesize[plane] + x / half;
      return frame_->data[plane][place];
    };
    const double luma = sample(0, 1);
    const double blue = sample(1, 2) - 128;
    const double red = sample(2, 2) - 128;
    return {static_cast<int>(luma + 1.402 * red),
            static_cast<int>(luma - 0.344136 * blue - 0.714136 * red),
            static_cast<int>(luma + 1.772 * blue)};
  }

 private:
  FramePtr frame_ = make_frame();
};

void expect_color(const Color& seen, const Color& wanted, const std::string& where) {
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(seen[i], wanted[i], 24) << where << ", " << i;
}

// Counts what is read.
class CountedSource final : public ByteSource {
 public:
  explicit CountedSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  [[nodiscard]] std::uint64_t size() const override { return source_->size(); }
  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    bytes += into.size();
    return source_->read(offset, into);
  }
  std::uint64_t bytes = 0;

 private:
  const std::unique_ptr<ByteSource> source_;
};

struct Board {
  std::int64_t interval_us = 1'000'000;
  int columns = 4, rows = 2, width = 160, height = 90, poster_width = 320, poster_height = 180;
};

class ImagesTest : public testing::Test {
 protected:
  // As the origin plans it.
  void make(const Clip& clip, const Board& board, const std::string& demuxer = "mov") {
    auto source = clip.open();
    const auto found = probe(*source, demuxer, Collected().taker());
    ASSERT_TRUE(found) << found.error().context;
    probed_ = *found;
    const std::int64_t duration = found->at("duration_us");
    tiles_ = (duration + board.interval_us - 1) / board.interval_us;
    const json spec{{"container", demuxer},
                    {"video", found->at("video")},
                    {"duration_us", duration},
                    {"interval_us", board.interval_us},
                    {"tiles", tiles_},
                    {"columns", board.columns},
                    {"rows", board.rows},
                    {"tile_width", board.width},
                    {"tile_height", board.height},
                    {"poster_width", board.poster_width},
                    {"poster_height", board.poster_height}};
    CountedSource again(clip.open());
    const auto done = make_images(again, spec, made_.taker());
    ASSERT_TRUE(done) << done.error().context;
    bytes_read_ = again.bytes;
  }
  [[nodiscard]] Pixels poster() const { return Pixels(made_.products.at("images/0/poster").bytes); }
  [[nodiscard]] Pixels sheet(int number) const {
    return Pixels(made_.products.at("images/0/sheet/" + std::to_string(number)).bytes);
  }
  // In the middle of a tile.
  [[nodiscard]] Color tile(const Board& board, int number) const {
    const int per_sheet = board.columns * board.rows;
    const int place = number % per_sheet;
    return sheet(number / per_sheet)
        .at(place % board.columns * board.width + board.width / 2,
            place / board.columns * board.height + board.height / 2);
  }

  Collected made_;
  json probed_;
  std::int64_t tiles_ = 0;
  std::uint64_t bytes_read_ = 0;
};

// A second of each colour, BT.709 as the file says.
constexpr std::array<std::pair<const char*, Color>, 6> kColors{{{"red", {255, 0, 0}},
                                                                {"lime", {0, 255, 0}},
                                                                {"blue", {0, 0, 255}},
                                                                {"yellow", {255, 255, 0}},
                                                                {"magenta", {255, 0, 255}},
                                                                {"white", {255, 255, 255}}}};

std::string seconds_of_color(const std::string& encoding) {
  std::string inputs;
  std::string chain;
  for (const auto& [name, color] : kColors) {
    inputs += " -f lavfi -i color=" + std::string(name) + ":size=320x180:rate=25:duration=1";
  }
  for (std::size_t i = 0; i < kColors.size(); ++i) chain += "[" + std::to_string(i) + "]";
  return inputs + " -lavfi '" + chain + "concat=n=6,scale=out_color_matrix=bt709' " +
         "-pix_fmt yuv420p -colorspace bt709 -color_primaries bt709 -color_trc bt709 " + encoding;
}

void expect_seconds_of_color(const Board& board, const auto& tile) {
  for (std::size_t i = 0; i < kColors.size(); ++i) {
    expect_color(tile(board, static_cast<int>(i)), kColors[i].second, kColors[i].first);
  }
}

TEST_F(ImagesTest, EachTileShowsItsTime) {
  const Board board;
  make(Clip(seconds_of_color("-c:v libx264 -g 12")), board);
  EXPECT_EQ(tiles_, 6);
  EXPECT_EQ(made_.products.size(), 2u);
  EXPECT_EQ(sheet(0).width(), 640);
  EXPECT_EQ(sheet(0).height(), 180);
  expect_seconds_of_color(board, [this](const Board& of, int n) { return tile(of, n); });
  expect_color(sheet(0).at(3 * 160 + 80, 90 + 45), {0, 0, 0}, "past the last tile");
}

TEST_F(ImagesTest, WithoutKeyframesItIsDecodedOnFromTheOneThatThereIs) {
  const Board board;
  make(Clip(seconds_of_color("-c:v libx264 -g 9999 -sc_threshold 0 -bf 3")), board);
  ASSERT_EQ(probed_.at("video").at("keyframes"), 1);
  expect_seconds_of_color(board, [this](const Board& of, int n) { return tile(of, n); });
}

TEST_F(ImagesTest, OpenGroupsInATransportStreamAreNoTrouble) {
  const Board board;
  make(Clip(seconds_of_color("-c:v libx264 -g 30 -x264-params open-gop=1:bframes=3"), "ts"), board,
       "mpegts");
  expect_seconds_of_color(board, [this](const Board& of, int n) { return tile(of, n); });
}

TEST_F(ImagesTest, ATransportStreamWithOneKeyframeIsDecodedOn) {
  const Board board;
  make(Clip(seconds_of_color("-c:v libx264 -g 9999 -sc_threshold 0 -bf 3"), "ts"), board, "mpegts");
  expect_seconds_of_color(board, [this](const Board& of, int n) { return tile(of, n); });
}

TEST_F(ImagesTest, AFileWithoutAnIndexIsReadThrough) {
  const Board board;
  make(Clip(seconds_of_color("-c:v libx264 -g 12 -movflags frag_keyframe+empty_moov")), board);
  expect_seconds_of_color(board, [this](const Board& of, int n) { return tile(of, n); });
}

// AVI's say of no picture when it is shown.
TEST_F(ImagesTest, PicturesThatAreTimedByTheirDecodingAreNotTooEarly) {
  const auto nearest = [](const Color& seen) {
    const auto distance = [&seen](const std::pair<const char*, Color>& one) {
      int sum = 0;
      for (std::size_t i = 0; i < 3; ++i) sum += std::abs(one.second[i] - seen[i]);
      return sum;
    };
    return std::ranges::min_element(kColors, {}, distance)->first;
  };
  for (const char* encoding : {"-c:v libx264 -g 1000 -sc_threshold 0 -bf 3",
                               "-c:v libx264 -g 1000 -sc_threshold 0 -bf 3 -b-pyramid none",
                               "-c:v mpeg4 -q:v 2 -g 1000 -sc_threshold 1000000000 -bf 2"}) {
    const Board board;
    make(Clip(seconds_of_color(encoding), "avi"), board, "avi");
    ASSERT_TRUE(probed_["video"]["timed_by_decoding"]) << encoding;
    for (std::size_t i = 0; i < kColors.size(); ++i) {
      EXPECT_STREQ(nearest(tile(board, static_cast<int>(i))), kColors[i].first) << encoding;
    }
  }
}

TEST_F(ImagesTest, SheetsAreFilledOneAfterTheOther) {
  const Board board{.interval_us = 500'000, .columns = 2, .rows = 2};
  make(Clip(seconds_of_color("-c:v libx264 -g 5")), board);
  EXPECT_EQ(tiles_, 12);
  EXPECT_EQ(made_.products.count("images/0/sheet/2"), 1u);
  EXPECT_EQ(made_.products.count("images/0/sheet/3"), 0u);
  for (int i = 0; i < 12; ++i) {
    expect_color(tile(board, i), kColors[static_cast<std::size_t>(i / 2)].second,
                 std::to_string(i));
  }
}

// Red above, blue below, as it is coded; held sideways.
TEST_F(ImagesTest, RotatedPicturesAreUpright) {
  const Clip coded(
      "-f lavfi -i color=red:size=320x180:rate=25:duration=2 -vf "
      "drawbox=y=90:h=90:color=blue:t=fill "
      "-c:v libx264 -pix_fmt yuv420p");
  const Clip clip("-i " + coded.file().native() + " -c copy -metadata:s:v rotate=90");
  const Board board{.width = 50, .height = 90, .poster_width = 180, .poster_height = 320};
  make(clip, board);
  const int rotation = probed_.at("video").at("rotation");
  ASSERT_TRUE(rotation == 90 || rotation == 270);
  // Turned clockwise, what was above is at the right.
  const Color right = rotation == 90 ? Color{255, 0, 0} : Color{0, 0, 255};
  const Color left = rotation == 90 ? Color{0, 0, 255} : Color{255, 0, 0};
  ASSERT_EQ(poster().width(), 180);
  expect_color(poster().at(170, 160), right, "right");
  expect_color(poster().at(10, 160), left, "left");
  expect_color(sheet(0).at(45, 45), right, "right of the tile");
}

TEST_F(ImagesTest, ThePosterIsNeitherBlackNorFaded) {
  const Board board;
  make(
      Clip("-f lavfi -i color=black:size=320x180:rate=25:duration=2 -f lavfi -i "
           "testsrc2=size=320x180:rate=25:duration=7 -lavfi '[1]fade=in:d=1.5[f];[0][f]concat=n=2' "
           "-c:v libx264 -g 10 -pix_fmt yuv420p"),
      board);
  double sum = 0;
  int brightest = 0;
  for (int y = 0; y < 180; y += 10) {
    for (int x = 0; x < 320; x += 10) {
      const Color color = poster().at(x, y);
      sum += color[0] + color[1] + color[2];
      brightest = std::max({brightest, color[0], color[1], color[2]});
    }
  }
  EXPECT_GT(sum / (3 * 18 * 32), 60);
  EXPECT_GT(brightest, 230) << "a fade";
}

TEST_F(ImagesTest, OnePictureIsEnough) {
  const Board board{.columns = 1, .rows = 1};
  make(Clip("-f lavfi -i color=lime:size=320x180:rate=25 -frames:v 1 -c:v libx264 "
            "-pix_fmt yuv420p"),
       board);
  EXPECT_EQ(tiles_, 1);
  expect_color(poster().at(160, 90), {0, 255, 0}, "poster");
  expect_color(tile(board, 0), {0, 255, 0}, "tile");
}

TEST_F(ImagesTest, InterlacedPicturesShowNoComb) {
  // A white bar that leaps from field to field: woven fields would alternate line by line.
  const Clip clip(
      "-f lavfi -i color=black:size=320x180:rate=50:duration=2 -f lavfi -i "
      "color=white:size=160x180:rate=50:duration=2 -lavfi "
      "'[0][1]overlay=x=mod(n\\,2)*160:y=0,interlace=lowpass=off' "
      "-c:v libx264 -flags +ildct+ilme -x264-params tff=1 -pix_fmt yuv420p");
  const Board board;
  make(clip, board);
  ASSERT_TRUE(probed_.at("video").at("interlaced"));
  int worst = 0;
  const Pixels seen = poster();
  for (int y = 20; y < 160; ++y) {
    worst = std::max(worst, std::abs(seen.at(80, y)[0] - seen.at(80, y + 1)[0]));
  }
  EXPECT_LT(worst, 60);
}

TEST_F(ImagesTest, HdrIsMappedToWhatScreensShow) {
  const Board board;
  make(Clip("-f lavfi -i color=white:size=320x180:rate=25:duration=1 -c:v libx265 -pix_fmt "
            "yuv420p10le -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc "
            "-x265-params colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"),
       board);
  ASSERT_TRUE(probed_.at("video").at("hdr"));
  const Color color = poster().at(160, 90);
  EXPECT_GT(color[0], 150);
  EXPECT_NEAR(color[0], color[1], 12);
  EXPECT_NEAR(color[1], color[2], 12);
}

// The figure in docs/media.md is of the clock; this one can't depend on it.
TEST_F(ImagesTest, ALongFileIsNotReadWhole) {
  const Board board{.interval_us = 10'000'000, .columns = 6, .rows = 1};
  const Clip clip(
      "-f lavfi -i testsrc2=size=640x360:rate=25:duration=60 -vf noise=alls=40:allf=t "
      "-c:v libx264 -preset ultrafast -g 50 -crf 15 -pix_fmt yuv420p");
  make(clip, board);
  ASSERT_EQ(tiles_, 6);
  EXPECT_LT(bytes_read_, clip.open()->size() / 3);
}

TEST_F(ImagesTest, AFileThatCanNotBeDecodedSaysSo) {
  auto source = Clip("-f lavfi -i sine=duration=1 -c:a aac").open();
  const json spec{{"container", "mov"},
                  {"video", {{"stream", 0}}},
                  {"duration_us", 1'000'000},
                  {"interval_us", 1'000'000},
                  {"tiles", 1},
                  {"columns", 1},
                  {"rows", 1},
                  {"tile_width", 16},
                  {"tile_height", 16},
                  {"poster_width", 16},
                  {"poster_height", 16}};
  const auto done = make_images(*source, spec, made_.taker());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, base::ErrorCode::kInvalid);
  EXPECT_TRUE(made_.products.empty());
}

TEST_F(ImagesTest, WhatIsMadeIsWhatTheOriginTakes) {
  const Board board;
  make(Clip(seconds_of_color("-c:v libx264")), board);
  for (const auto& [key, product] : made_.products) {
    const auto head = package::read_jpeg_head(product.bytes);
    ASSERT_TRUE(head) << key << ": " << head.error().context;
    EXPECT_EQ(head->width, key == "images/0/poster" ? 320 : 640);
  }
}

}  // namespace
}  // namespace media
