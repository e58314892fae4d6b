#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace base {
namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(UniqueFd, ClosesWhenItGoesAway) {
  const int raw = open_null();
  {
    const UniqueFd fd(raw);
  }
  EXPECT_FALSE(is_open(raw));
  EXPECT_FALSE(UniqueFd());
}

TEST(UniqueFd, MovingPassesTheDutyToClose) {
  UniqueFd first(open_null());
  const int raw = first.get();
  UniqueFd second(open_null());
  const int replaced = second.get();
  second = std::move(first);
  EXPECT_EQ(second.get(), raw);
  EXPECT_TRUE(is_open(raw));
  EXPECT_FALSE(is_open(replaced));
}

TEST(UniqueFd, ReleasedIsTheCallersToClose) {
  UniqueFd fd(open_null());
  const int raw = fd.release();
  EXPECT_FALSE(fd);
  fd.reset();
  EXPECT_TRUE(is_open(raw));
  ::close(raw);
}

}  // namespace
}  // namespace base
