#include "media/probe.h"

#include <gtest/gtest.h>

#include <cstddef>
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

}  // namespace
}  // namespace media
