#include "package/media_segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/package/box_bytes.h"

namespace package {
namespace {

using testing::ElementsAre;

class MediaSegmentTest : public testing::Test {
 protected:
  base::Result<MediaSegment> read(const std::string& bytes) const {
    return read_media_segment(bytes, init);
  }
  std::string refusal(const std::string& bytes) const {
    const auto segment = read(bytes);
    return segment ? "was read" : segment.error().context;
  }
  const InitSegment init = *read_init_segment(init_segment(avc_entry()));
};

TEST_F(MediaSegmentTest, HasAnIFrameAtTheStartOfEachFragment) {
  const std::string styp = box("styp", "msdh" + zeros(4));
  const std::string first = fragment(25'600, {1'000, 10, 20});
  const std::string second = fragment(25'600 + 3 * 512, {700, 30});
  const auto segment = read(styp + first + second);
  ASSERT_TRUE(segment) << segment.error().context;
  EXPECT_EQ(segment->decode_time, 25'600);
  EXPECT_EQ(segment->duration, 5 * 512);
  EXPECT_THAT(segment->sample_sizes, ElementsAre(1'000, 10, 20, 700, 30));
  ASSERT_EQ(segment->i_frames.size(), 2u);
  EXPECT_EQ(segment->i_frames[0].offset, styp.size());
  // To the end of the picture: all but the others' bytes.
  EXPECT_EQ(segment->i_frames[0].length, first.size() - 30);
  EXPECT_EQ(segment->i_frames[0].start, 0);
  EXPECT_EQ(segment->i_frames[1].offset, styp.size() + first.size());
  EXPECT_EQ(segment->i_frames[1].length, second.size() - 30);
  EXPECT_EQ(segment->i_frames[1].start, 3 * 512);
}

TEST_F(MediaSegmentTest, AFragmentThatOpensWithAnotherPictureHasNone) {
  EXPECT_THAT(read(fragment(0, {1'000, 10}, 0x1010000))->i_frames, ElementsAre());
}

TEST_F(MediaSegmentTest, SoundHasNone) {
  InitSegment sound = init;
  sound.kind = SampleEntry::Kind::kAudio;
  EXPECT_THAT(read_media_segment(fragment(0, {10, 10}), sound)->i_frames, ElementsAre());
}

TEST_F(MediaSegmentTest, SamplesTakeWhatTheirFragmentSaysOfThem) {
  // Defaults of the fragment: 100 ticks, 5 bytes, sync; of the run: compositions only.
  const auto moof_of = [](std::uint32_t offset) {
    return box(
        "moof",
        box("traf",
            box("tfhd", u32(0x2003a) + u32(1) + u32(1) + u32(100) + u32(5) + u32(0x2000000)) +
                box("tfdt", u32(0) + u32(7)) +
                box("trun", u32(0x1000801) + u32(2) + u32(offset) + u32(0) + u32(0)) +
                box("trun", u32(0x700) + u32(1) + u32(50) + u32(3) + u32(0x1010000))));
  };
  const std::string moof = moof_of(static_cast<std::uint32_t>(moof_of(0).size() + 8));
  const auto segment = read(moof + box("mdat", zeros(13)));
  ASSERT_TRUE(segment) << segment.error().context;
  EXPECT_EQ(segment->decode_time, 7);
  EXPECT_EQ(segment->duration, 250);
  EXPECT_THAT(segment->sample_sizes, ElementsAre(5, 5, 3));
  ASSERT_EQ(segment->i_frames.size(), 1u);
  EXPECT_EQ(segment->i_frames[0].length, moof.size() + 8 + 5);
}

TEST_F(MediaSegmentTest, AGapIsCorrupt) {
  EXPECT_EQ(refusal(fragment(0, {10, 10}) + fragment(1'025, {10})),
            "a fragment begins at 1025 where the one before it ended at 1024");
  EXPECT_NE(refusal(fragment(std::uint64_t{1} << 61, {10})), "was read");
}

TEST_F(MediaSegmentTest, SamplesLieWithinTheirSegment) {
  std::string cut = fragment(0, {1'000, 10});
  const std::size_t data = cut.find("mdat") + 4;
  EXPECT_EQ(refusal(cut.substr(0, data - 8) + box("mdat", zeros(1'009))),
            "a sample lies outside of its segment");
  // Data offsets into the head itself, and before it.
  std::string inwards = cut;
  inwards.replace(inwards.find("trun") + 12, 4, u32(8));
  EXPECT_EQ(refusal(inwards), "a sample lies outside of its segment");
  std::string backwards = cut;
  backwards.replace(backwards.find("trun") + 12, 4, u32(0xffffff00));
  EXPECT_EQ(refusal(backwards), "samples lie before their fragment");
}

TEST_F(MediaSegmentTest, WhatIsMissingIsNamed) {
  EXPECT_EQ(refusal(""), "the segment has no samples");
  EXPECT_EQ(refusal(box("mdat", "x")), "the segment has no samples");
  EXPECT_EQ(refusal(box("moof", "")), "a fragment is not of one track");
  EXPECT_EQ(refusal(box("moof", box("traf", "") + box("traf", ""))),
            "a fragment is not of one track");
  EXPECT_EQ(refusal(box("moof", box("traf", ""))), "a fragment has no 'tfhd' or no 'tfdt'");
  std::string other = fragment(0, {10});
  other.replace(other.find("tfhd") + 8, 4, u32(2));
  EXPECT_EQ(refusal(other), "a fragment is of another track than the init segment");
  std::string absolute = fragment(0, {10});
  absolute.replace(absolute.find("tfhd") + 4, 4, u32(1));
  EXPECT_EQ(refusal(absolute), "a fragment's offsets are not from its own start");
}

TEST_F(MediaSegmentTest, IsRefusedAtEveryCut) {
  const std::string whole = fragment(0, {100, 10}) + fragment(1'024, {50});
  const std::size_t first = fragment(0, {100, 10}).size();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (size == first) continue;  // One fragment is a segment, too.
    EXPECT_FALSE(read(whole.substr(0, size))) << size;
  }
}

TEST_F(MediaSegmentTest, SamplesHaveALimit) {
  // Samples of no bytes and no words of their own, so that a count is all there is.
  const auto of = [](std::uint32_t count) {
    return box("moof",
               box("traf", box("tfhd", u32(0x20000) + u32(1)) + box("tfdt", u32(0) + u32(0)) +
                               box("trun", u32(1) + u32(count) + u32(76))));
  };
  ASSERT_EQ(of(1).size(), 68u);
  EXPECT_EQ(read(of(kSamplesMax) + box("mdat", zeros(20)))->sample_sizes.size(), kSamplesMax);
  EXPECT_EQ(read(of(kSamplesMax + 1) + box("mdat", zeros(20))).error().code,
            base::ErrorCode::kTooLarge);
  EXPECT_EQ(read(of(0xffffffff) + box("mdat", zeros(20))).error().code, base::ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace package
