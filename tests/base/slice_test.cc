#include "base/slice.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace base {
namespace {

// Tells when nobody refers to it any more.
struct Watched final : SliceOwner {
  explicit Watched(int& counter) : ended(counter) {}
  ~Watched() override { ++ended; }
  int& ended;
};

TEST(Ref, DisposesOnceWhenTheLastOneGoes) {
  int ended = 0;
  {
    auto first = make_ref<Watched>(ended);
    EXPECT_TRUE(first->is_unique());
    const Ref<const SliceOwner> second = first;
    EXPECT_FALSE(first->is_unique());
    first = nullptr;
    EXPECT_EQ(ended, 0);
  }
  EXPECT_EQ(ended, 1);
}

TEST(Ref, SurvivesAssignmentToItself) {
  int ended = 0;
  auto ref = make_ref<Watched>(ended);
  auto& same = ref;
  ref = same;
  EXPECT_EQ(ended, 0);
  EXPECT_TRUE(ref);
}

TEST(Ref, CountsAcrossThreads) {
  int ended = 0;
  {
    const auto ref = make_ref<Watched>(ended);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([ref] {
        for (int n = 0; n < 1'000; ++n) const auto copy = ref;
      });
    }
  }
  EXPECT_EQ(ended, 1);
}

TEST(Slice, PartsKeepTheWholeAlive) {
  Slice part;
  {
    const Slice whole = Slice::of(std::string("a headrace brings water to the mill"));
    part = whole.sub(2, 8);
  }
  EXPECT_EQ(part.view(), "headrace");
  part.remove_prefix(4);
  EXPECT_EQ(part.view(), "race");
  EXPECT_EQ(part.sub(4, 0).view(), "");
}

TEST(SliceDeathTest, APartBeyondTheEndIsOurMistake) {
  const Slice slice = Slice::of_static("abc");
  EXPECT_DEATH((void)slice.sub(2, 2), "CHECK failed");
  EXPECT_DEATH((void)slice.sub(4, static_cast<std::size_t>(-1)), "CHECK failed");
}

}  // namespace
}  // namespace base
