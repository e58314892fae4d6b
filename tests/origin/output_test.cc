#include "origin/tasks/output.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/package/box_bytes.h"

namespace origin {
namespace {

using base::ErrorCode;

// 25 frames a second of 512 ticks: the second unit of 10 frames, groups of 2, segments of 4.
constexpr const char* kPictures = R"({"rate": [12800, 512], "gop": 2, "segment": 4, "unit": 1,
    "first": 8, "frames": 10, "rungs": [{"name": "720p", "width": 1280, "height": 720}]})";
// Segments of 5 frames of 1,024 samples, but for a fraction.
constexpr const char* kSound =
    R"({"frame": 1024, "lead": 0, "frames": 11, "segment": [10241, 2], "segments": 2})";

std::vector<PlannedOutput> outputs_of(const char* kind, const char* spec) {
  auto outputs = planned_outputs(*task_kind_of(kind), spec);
  EXPECT_TRUE(outputs) << outputs.error().context;
  return *outputs;
}

std::string refusal(const base::Result<std::string>& described) {
  if (described) return "was taken";
  EXPECT_EQ(described.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(described.error().blame, base::Blame::kClient);
  return described.error().context;
}

TEST(PlannedOutputs, OfPicturesAreAnInitSegmentAndSegmentsWhereTheTableSays) {
  const auto outputs = outputs_of("transcode", kPictures);
  ASSERT_EQ(outputs.size(), 4u);
  EXPECT_EQ(outputs[0].key, "720p/1/init");
  EXPECT_TRUE(outputs[0].form == PlannedOutput::Form::kInit);
  EXPECT_EQ(outputs[1].key, "720p/1/seg/2");
  EXPECT_EQ(outputs[1].start, 8 * 512);
  EXPECT_EQ(outputs[1].duration, 4 * 512);
  EXPECT_FALSE(outputs[2].ends_unit);
  EXPECT_EQ(outputs[3].key, "720p/1/seg/4");
  EXPECT_EQ(outputs[3].duration, 2 * 512);
  EXPECT_TRUE(outputs[3].ends_unit);
  EXPECT_EQ(outputs[3].init_key(), outputs[0].key);
}

TEST(PlannedOutputs, OfSoundEndWithItsFrames) {
  const auto outputs = outputs_of("audio", kSound);
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[1].duration, 5 * 1'024);
  EXPECT_EQ(outputs[2].key, "audio/0/seg/1");
  EXPECT_EQ(outputs[2].start, 5 * 1'024);
  EXPECT_EQ(outputs[2].duration, 6 * 1'024);
  EXPECT_TRUE(outputs[2].ends_unit);
}

TEST(PlannedOutputs, OfOpusHaveItsNameAndFrames) {
  const auto outputs = outputs_of("audio", R"({"name": "audio-opus", "codec": "opus", "frame": 960,
      "lead": 312, "frames": 11, "segment": [4800, 1], "segments": 2})");
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].key, "audio-opus/0/init");
  EXPECT_EQ(outputs[0].codec, "opus");
  EXPECT_EQ(outputs[2].key, "audio-opus/0/seg/1");
  EXPECT_EQ(outputs[2].start, 5 * 960);
  EXPECT_EQ(outputs[2].duration, 6 * 960);
}

TEST(PlannedOutputs, OfSoundThatWasPlannedEarlierAreWhereItsListSays) {
  const auto listed = outputs_of("audio", R"({"frames": 11, "boundaries": [0, 5]})");
  const auto reckoned = outputs_of("audio", kSound);
  ASSERT_EQ(listed.size(), reckoned.size());
  for (std::size_t i = 0; i < listed.size(); ++i) {
    EXPECT_EQ(listed[i].key, reckoned[i].key);
    EXPECT_EQ(listed[i].start, reckoned[i].start);
    EXPECT_EQ(listed[i].duration, reckoned[i].duration);
  }
}

TEST(PlannedOutputs, OfASpecThatIsNotOursAreAnError) {
  EXPECT_EQ(planned_outputs(TaskKind::kTranscode, "{}").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(planned_outputs(TaskKind::kAudio, "no JSON").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(planned_outputs(TaskKind::kAudio, R"({"codec": "mp3"})").error().context,
            "the spec of a task: \"mp3\" is no codec");
  EXPECT_EQ(planned_outputs(TaskKind::kAudio,
                            R"({"frame": 1024, "lead": 0, "frames": 11, "segment": [0, 1],
                                         "segments": 2})")
                .error()
                .context,
            "the spec of a task: sound that can't be cut");
  EXPECT_TRUE(outputs_of("probe", "{}").empty());
}

constexpr const char* kImages = R"({"poster_width": 320, "poster_height": 180, "sheets": 2,
    "tile_width": 16, "tile_height": 8, "columns": 3, "rows": 2})";

TEST(PlannedOutputs, OfImagesAreAPosterAndSheetsOfOneSize) {
  const auto outputs = outputs_of("images", kImages);
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].key, "images/0/poster");
  EXPECT_EQ(outputs[1].key, "images/0/sheet/0");
  EXPECT_FALSE(outputs[1].ends_unit);
  EXPECT_EQ(outputs[2].key, "images/0/sheet/1");
  EXPECT_TRUE(outputs[2].ends_unit);
  EXPECT_EQ(outputs[2].width, 48);
  EXPECT_EQ(outputs[2].height, 16);
}

// A JPEG file's head and a scan that says nothing.
std::string jpeg(unsigned char width, unsigned char height, std::size_t scan = 2) {
  using namespace std::string_literals;
  return "\xff\xd8\xff\xc0\x00\x0b\x08\x00"s + static_cast<char>(height) + '\0' +
         static_cast<char>(width) + "\x01\x01\x11\x00\xff\xda\x00\x02"s + std::string(scan, 'x') +
         "\xff\xd9";
}

TEST(DescribeImage, AnImageIsAJpegFileOfThePlannedSize) {
  const PlannedOutput sheet = outputs_of("images", kImages)[1];
  EXPECT_EQ(*describe_image(sheet, jpeg(48, 16)), R"({"height":16,"width":48})");
  EXPECT_EQ(refusal(describe_image(sheet, jpeg(47, 16))),
            "images/0/sheet/0: its width is 47, planned was 48");
  EXPECT_EQ(refusal(describe_image(sheet, jpeg(48, 17))),
            "images/0/sheet/0: its height is 17, planned was 16");
  EXPECT_EQ(refusal(describe_image(sheet, "<script>")), "images/0/sheet/0: it is no JPEG file");
}

TEST(DescribeImage, EightMebibytesAreEnough) {
  const PlannedOutput sheet = outputs_of("images", kImages)[1];
  const std::size_t rest = jpeg(48, 16, 0).size();
  EXPECT_TRUE(describe_image(sheet, jpeg(48, 16, kImageBytesMax - rest)));
  EXPECT_EQ(refusal(describe_image(sheet, jpeg(48, 16, kImageBytesMax - rest + 1))),
            "images/0/sheet/0: it has 8388609 bytes; an image may have 8388608");
}

class DescribeTest : public testing::Test {
 protected:
  const std::vector<PlannedOutput> outputs_ = outputs_of("transcode", kPictures);
  const std::string init_bytes_ = package::init_segment(package::avc_entry());
  const std::string init_ = *describe_init(outputs_[0], init_bytes_);
  // Of two groups of two pictures, as planned.
  const std::string segment_ =
      package::fragment(8 * 512, {900, 10}) + package::fragment(10 * 512, {800, 10});
};

TEST_F(DescribeTest, ASegmentIsWhatItsBytesSay) {
  EXPECT_EQ(init_, R"({"codec":"avc1.64001f","defaults":[512,0,16842752],"track":1})");
  const auto about = describe_segment(outputs_[1], init_, segment_);
  ASSERT_TRUE(about) << about.error().context;
  const std::size_t half = package::fragment(8 * 512, {900, 10}).size();
  const std::size_t rest = package::fragment(10 * 512, {800, 10}).size();
  EXPECT_EQ(*about, R"({"duration":2048,"i_frames":[[0,)" + std::to_string(half - 10) + ",0],[" +
                        std::to_string(half) + "," + std::to_string(rest - 10) +
                        R"(,1024]],"start":4096,"timescale":12800})");
}

TEST_F(DescribeTest, OneOfAnotherPlaceOrLengthIsRefused) {
  EXPECT_EQ(refusal(describe_segment(outputs_[2], init_, segment_)),
            "720p/1/seg/3: its start is 4096, planned was 6144");
  EXPECT_EQ(refusal(describe_segment(outputs_[1], init_, package::fragment(8 * 512, {900, 10}))),
            "720p/1/seg/2: its duration is 1024, planned was 2048");
}

TEST_F(DescribeTest, OneWhoseGroupsBeginElsewhereIsRefused) {
  for (const std::string& bytes :
       {package::fragment(8 * 512, {900, 10, 10, 10}),
        package::fragment(8 * 512, {900}) + package::fragment(9 * 512, {900, 10, 10}),
        package::fragment(8 * 512, {900, 10}, 0x1010000) + package::fragment(10 * 512, {9, 9})}) {
    EXPECT_TRUE(refusal(describe_segment(outputs_[1], init_, bytes))
                    .starts_with("720p/1/seg/2: its I-frames are not where"));
  }
}

TEST_F(DescribeTest, BytesThatAreNoSegmentAreRefused) {
  EXPECT_TRUE(refusal(describe_segment(outputs_[1], init_, "")).starts_with("720p/1/seg/2: "));
  EXPECT_TRUE(refusal(describe_segment(outputs_[1], init_, segment_.substr(0, segment_.size() - 1)))
                  .starts_with("720p/1/seg/2: "));
  EXPECT_TRUE(refusal(describe_init(outputs_[0], segment_)).starts_with("720p/1/init: "));
}

TEST_F(DescribeTest, AnInitSegmentOfAnotherTrackIsRefused) {
  PlannedOutput other = outputs_[0];
  other.height = 722;
  EXPECT_EQ(refusal(describe_init(other, init_bytes_)),
            "720p/1/init: its height is 720, planned was 722");
  other = outputs_[0];
  other.timescale = 30'000;
  EXPECT_EQ(refusal(describe_init(other, init_bytes_)),
            "720p/1/init: its timescale is 12800, planned was 30000");
  EXPECT_EQ(refusal(describe_init(outputs_of("audio", kSound)[0], init_bytes_)),
            "audio/0/init: it is not of the planned kind");
  other = outputs_[0];
  other.codec = "vp09";
  EXPECT_EQ(refusal(describe_init(other, init_bytes_)),
            "720p/1/init: its codec is avc1.64001f, planned was vp09");
}

TEST_F(DescribeTest, WhatWasDescribedByOthersIsAnError) {
  EXPECT_EQ(describe_segment(outputs_[1], "{}", segment_).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace origin
