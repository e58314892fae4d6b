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
  EXPECT_EQ(budget.held().count(), 2 * kMiB);
  // The next come while a thread has these, which count until it is done with them.
  std::optional<BodyWindow::Taken> taken = window.take();
  EXPECT_EQ(size_of(taken->pieces), 2 * kMiB);
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(window.fill(body), State::kPending);
  EXPECT_EQ(budget.held().count(), 3 * kMiB);
  taken.reset();
  EXPECT_EQ(budget.held().count(), kMiB);
  window.drop();
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(budget.held().count(), 0);
}

TEST(BodyWindow, WhatWasTakenCountsWhenTheWindowIsGone) {
  base::ByteBudget budget{base::Bytes(100 * kMiB)};
  std::optional<BodyWindow> window(std::in_place, budget);
  FakeBody body(kMiB);
  window->fill(body);
  std::optional<BodyWindow::Taken> taken = window->take();
  window.reset();
  EXPECT_EQ(budget.held().count(), kMiB);
  taken.reset();
  EXPECT_EQ(budget.held().count(), 0);
}

TEST(BodyWindow, TellsTheEnd) {
  base::ByteBudget budget{base::Bytes(kMiB)};
  BodyWindow window(budget);
  FakeBody body(10, true);
  EXPECT_EQ(window.fill(body), State::kEnd);
  EXPECT_EQ(size_of(window.take().pieces), 10);
}

TEST(BodyWindow, AFullBudgetMakesItSmallAndStopsNone) {
  base::ByteBudget budget{base::Bytes(kMiB)};
  std::optional<BodyWindow> greedy(std::in_place, budget);
  FakeBody large(2 * kMiB);
  EXPECT_EQ(greedy->fill(large), State::kPiece);
  EXPECT_EQ(budget.held().count(), kMiB);

  BodyWindow other(budget);
  FakeBody body(4 * BodyWindow::kAlways);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(other.fill(body), State::kPiece);
    EXPECT_EQ(other.fill(body), State::kPiece) << "no more than that";
    EXPECT_EQ(size_of(other.take().pieces), BodyWindow::kAlways);
  }
  EXPECT_EQ(budget.held().count(), kMiB);

  greedy.reset();
  EXPECT_EQ(budget.held().count(), 0);
  EXPECT_EQ(other.fill(body), State::kPending);
  EXPECT_EQ(size_of(other.take().pieces), 2 * BodyWindow::kAlways);
}

}  // namespace
}  // namespace origin
