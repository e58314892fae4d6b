#include "origin/api/body_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

namespace origin {
namespace {

using State = http::Pulled::State;

constexpr std::size_t kMiB = 1u << 20;

// As many bytes as were put in; then it waits, or ends.
class FakeBody final : public http::BodySource {
 public:
  explicit FakeBody(std::size_t bytes, bool ends = false) : left_(bytes), ends_(ends) {}
  http::Pulled pull(std::size_t max) override {
    if (left_ == 0) return ends_ ? http::Pulled::end() : http::Pulled::pending();
    const std::size_t size = std::min(max, left_);
    left_ -= size;
    return http::Pulled::some(base::Slice::of(std::string(size, 'x')));
  }
  [[nodiscard]] std::size_t left() const { return left_; }

 private:
  std::size_t left_;
  const bool ends_;
};

std::size_t size_of(const std::vector<base::Slice>& pieces) {
  std::size_t size = 0;
  for (const base::Slice& piece : pieces) size += piece.size();
  return size;
}

TEST(BodyWindow, HoldsWhatHasComeUpToItsSize) {
  base::ByteBudget budget{base::Bytes(100 * kMiB)};
  BodyWindow window(budget);
  FakeBody body(3 * kMiB);
  EXPECT_EQ(window.fill(body), State::kPiece);
  EXPECT_EQ(body.left(), kMiB);
  // The next come while a thread takes these.
  EXPECT_EQ(size_of(window.begin_taking()), 2 * kMiB);
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(window.fill(body), State::kPending);
  EXPECT_EQ(budget.held().count(), 3 * kMiB);
  window.end_taking();
  EXPECT_EQ(budget.held().count(), kMiB);
  EXPECT_EQ(size_of(window.begin_taking()), kMiB);
  window.end_taking();
  EXPECT_EQ(budget.held().count(), 0);
}

TEST(BodyWindow, TellsTheEnd) {
  base::ByteBudget budget{base::Bytes(kMiB)};
  BodyWindow window(budget);
  FakeBody body(10, true);
  EXPECT_EQ(window.fill(body), State::kEnd);
  EXPECT_EQ(size_of(window.begin_taking()), 10);
}

TEST(BodyWindow, AFullBudgetMakesItSmallAndStopsNone) {
  base::ByteBudget budget{base::Bytes(kMiB)};
  std::optional<BodyWindow> greedy(std::in_place, budget);
  FakeBody large(2 * kMiB);
  EXPECT_EQ(greedy->fill(large), State::kPiece);
  EXPECT_EQ(budget.held().count(), kMiB);

  BodyWindow other(budget);
  FakeBody body(3 * BodyWindow::kAlways);
  EXPECT_EQ(other.fill(body), State::kPiece);
  EXPECT_EQ(size_of(other.begin_taking()), BodyWindow::kAlways);
  EXPECT_EQ(other.fill(body), State::kPiece);
  EXPECT_TRUE(other.empty()) << "a second one while the first is being taken";
  other.end_taking();
  EXPECT_EQ(other.fill(body), State::kPiece);
  EXPECT_EQ(size_of(other.begin_taking()), BodyWindow::kAlways);
  EXPECT_EQ(budget.held().count(), kMiB);

  greedy.reset();
  EXPECT_EQ(budget.held().count(), 0);
  EXPECT_EQ(other.fill(body), State::kPending);
  EXPECT_EQ(body.left(), 0);
}

}  // namespace
}  // namespace origin
