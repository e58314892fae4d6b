#include "media/probe.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tests/media/clip.h"

namespace media {
namespace {

// Ten pictures, and a second of sound in each of some tracks.
std::string clip_with(int tracks) {
  std::string arguments =
      "-f lavfi -i testsrc2=size=64x36:rate=10:duration=1 -f lavfi -i sine=duration=1 -map 0";
  for (int i = 0; i < tracks; ++i) arguments += " -map 1";
  return arguments + " -c:v libx264 -c:a aac";
}

// The least that lets a file through.
std::size_t packets_of(const Clip& clip) {
  for (std::size_t packets = 0;; ++packets) {
    const auto source = clip.open();
    if (probe(*source, "mov", Collected().taker(), packets)) return packets;
  }
}

TEST(Probe, SaysSoWhenThereIsTooMuchToRead) {
  const Clip clip(clip_with(1));
  const auto source = clip.open();
  const auto found = probe(*source, "mov", Collected().taker(), 10);
  ASSERT_FALSE(found) << *found;
  EXPECT_EQ(found.error().code, base::ErrorCode::kTooLarge);
  EXPECT_EQ(found.error().blame, base::Blame::kClient);
  EXPECT_EQ(found.error().context,
            "The file has more than 10 pictures and pieces of sound; cut it into parts.");
}

TEST(Probe, CountsOnlyTheTracksThatItHasChosen) {
  EXPECT_EQ(packets_of(Clip(clip_with(0))), 10u);
  EXPECT_EQ(packets_of(Clip(clip_with(4))), packets_of(Clip(clip_with(1))));
}

// The first bytes of a clip.
class CutSource final : public ByteSource {
 public:
  CutSource(const Clip& clip, std::uint64_t size) : whole_(clip.open()), size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    return whole_->read(offset, into);
  }

 private:
  const std::unique_ptr<ByteSource> whole_;
  const std::uint64_t size_;
};

base::Result<nlohmann::json> probe_part(const Clip& clip, double part) {
  const auto size = static_cast<double>(clip.open()->size());
  CutSource source(clip, static_cast<std::uint64_t>(size * part));
  return probe(source, "mov", Collected().taker());
}

constexpr const char* kLonger =
    "-f lavfi -i testsrc2=size=64x36:rate=10:duration=90 -c:v libx264 -b:v 100k -movflags ";

TEST(Probe, SaysSoWhenTheFileEndsBeforeItsIndexDoes) {
  const Clip clip(std::string(kLonger) + "faststart");
  EXPECT_TRUE(probe_part(clip, 1));
  EXPECT_TRUE(probe_part(clip, 0.97)) << "a recording that was cut off";
  const auto half = probe_part(clip, 0.5);
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().code, base::ErrorCode::kCorrupt);
  EXPECT_TRUE(half.error().context.starts_with("it is not complete: of 1:29, what comes after 0:"))
      << half.error().context;
}

TEST(Probe, SaysSoWhenTheIndexIsMissing) {
  const Clip clip(kLonger + std::string("disable_chpl"));  // It stands at the end.
  const auto most = probe_part(clip, 0.97);
  ASSERT_FALSE(most);
  EXPECT_EQ(most.error().context,
            "it is damaged or not complete: it has no index that can be read. Send it again from "
            "where it was made.");
}

TEST(Probe, TakesWhatThereIsOfAFileWhoseFragmentsStop) {
  const Clip clip(std::string(kLonger) + "frag_keyframe+empty_moov -g 20");
  const auto half = probe_part(clip, 0.5);
  ASSERT_TRUE(half) << half.error().context;
  EXPECT_LT((*half)["duration_us"], 60'000'000);
}

}  // namespace
}  // namespace media
