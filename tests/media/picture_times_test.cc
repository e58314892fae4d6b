#include "media/picture_times.h"

#include <gtest/gtest.h>

#include <vector>

extern "C" {
#include <libavutil/avutil.h>
}

namespace media {
namespace {

constexpr std::int64_t kNone = AV_NOPTS_VALUE;

TEST(PictureTimes, APictureTakesTheTimeOfThePacketThatItWasHeldBackBehind) {
  PictureTimes times;
  // Nothing at 3 and 4: the picture of 2 stays.
  for (const std::int64_t packet : {0, 1, 2, 5, 6}) times.add(packet);
  EXPECT_EQ(times.next(2, 2), 0);
  EXPECT_EQ(times.next(5, 2), 1);
  EXPECT_EQ(times.next(6, 2), 2);
  // What the decoder has left at the end.
  EXPECT_EQ(times.next(kNone, 2), 5);
  EXPECT_EQ(times.next(kNone, 2), 6);
  EXPECT_EQ(times.next(kNone, 2), 6) << "more pictures than packets";
}

TEST(PictureTimes, PicturesThatAreLeftOutMoveNoOther) {
  PictureTimes times;
  for (std::int64_t packet = 49; packet < 54; ++packet) times.add(packet);
  EXPECT_EQ(times.next(52, 1), 51) << "a keyframe whose two pictures before can't be decoded";
  EXPECT_EQ(times.next(53, 1), 52);
}

TEST(PictureTimes, BeginAnewAfterASeek) {
  PictureTimes times;
  EXPECT_EQ(times.next(0, 0), kNone);
  times.add(100);
  EXPECT_EQ(times.next(100, 0), 100);
  times.clear();
  times.add(10);
  EXPECT_EQ(times.next(10, 1), 10) << "no earlier one is known";
  EXPECT_EQ(times.next(kNone, 1), 10);
}

TEST(PictureTimes, DamagedTimesStillGoOn) {
  PictureTimes times;
  for (const std::int64_t packet : {std::int64_t{7}, kNone, std::int64_t{3}, std::int64_t{20}}) {
    times.add(packet);
  }
  const std::vector<std::int64_t> given{times.next(kNone, 1), times.next(kNone, 1),
                                        times.next(kNone, 1), times.next(kNone, 1)};
  EXPECT_EQ(given, (std::vector<std::int64_t>{7, 8, 9, 20}));
}

TEST(PictureTimes, HoldNoMoreThanADecoderCanHoldBack) {
  PictureTimes times;
  for (std::int64_t packet = 0; packet < 1'000; ++packet) times.add(packet);
  EXPECT_EQ(times.next(999, 32), 967);
  EXPECT_EQ(times.next(10, 0), 999 - 127) << "what is longer ago is forgotten";
}

}  // namespace
}  // namespace media
