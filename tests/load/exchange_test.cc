#include "bench/load/exchange.h"

#include <gtest/gtest.h>

#include <vector>

#include "bench/load/pattern.h"

namespace load {
namespace {

constexpr std::uint64_t kSize = 1000;

// A response to one request, as a test tells it.
class Response {
 public:
  Response& asked_for(std::uint64_t first, std::uint64_t last) {
    plan_.range_first = first;
    plan_.range_last = last;
    return *this;
  }
  Response& asked_from(std::uint64_t first) {
    plan_.range_first = first;
    return *this;
  }
  Response& status(int status) {
    head_.status = status;
    return *this;
  }
  Response& content_length(std::uint64_t length) {
    head_.content_length = length;
    return *this;
  }
  Response& content_range(std::uint64_t first, std::uint64_t last, std::uint64_t size = kSize) {
    head_.content_range = {{{first, last}}, size};
    return *this;
  }
  Response& body(std::uint64_t first, std::size_t length) {
    body_.resize(length);
    pattern_fill(object_.seed, first, body_);
    return *this;
  }
  Response& spoilt() {
    body_.back() ^= std::byte{1};
    return *this;
  }
  Exchange& carried(Verify verify = Verify::kPattern) {
    plan_.object = &object_;
    exchange_.begin(plan_, verify);
    exchange_.on_head(head_, Time{});
    const std::span bytes(body_);
    exchange_.on_body(bytes.first(bytes.size() / 3));
    exchange_.on_body(bytes.subspan(bytes.size() / 3));
    return exchange_;
  }
  std::optional<Failure> verdict(Verify verify = Verify::kPattern) {
    return carried(verify).verdict();
  }

 private:
  Object object_{"/a.bin", kSize, pattern_seed("a.bin")};
  Plan plan_;
  ResponseHead head_;
  std::vector<std::byte> body_;
  Exchange exchange_;
};

TEST(Exchange, AcceptsTheWholeObject) {
  EXPECT_EQ(Response().status(200).content_length(kSize).body(0, kSize).verdict(), std::nullopt);
  EXPECT_EQ(Response().status(200).body(0, kSize).verdict(), std::nullopt);
}

TEST(Exchange, AcceptsTheRangeAskedFor) {
  EXPECT_EQ(Response().asked_for(10, 59).status(206).content_range(10, 59).body(10, 50).verdict(),
            std::nullopt);
  EXPECT_EQ(Response().asked_from(990).status(206).content_range(990, 999).body(990, 10).verdict(),
            std::nullopt);
}

TEST(Exchange, TellsWhatIsWrong) {
  EXPECT_EQ(Response().status(404).body(0, 10).verdict(), Failure::kStatus);
  EXPECT_EQ(Response().status(200).body(0, kSize - 1).verdict(), Failure::kLength);
  EXPECT_EQ(Response().status(200).content_length(kSize + 1).body(0, kSize).verdict(),
            Failure::kLength);
  EXPECT_EQ(Response().status(200).body(0, kSize).spoilt().verdict(), Failure::kMismatch);
}

TEST(Exchange, TellsWhatIsWrongWithARange) {
  const auto asked = [] { return Response().asked_for(10, 59); };
  EXPECT_EQ(asked().status(200).body(0, kSize).verdict(), Failure::kStatus);
  EXPECT_EQ(asked().status(206).body(10, 50).verdict(), Failure::kLength);
  EXPECT_EQ(asked().status(206).content_range(11, 60).body(10, 50).verdict(), Failure::kLength);
  EXPECT_EQ(asked().status(206).content_range(10, 59, kSize + 1).body(10, 50).verdict(),
            Failure::kLength);
  EXPECT_EQ(asked().status(206).content_range(10, 59).body(11, 50).verdict(), Failure::kMismatch);
}

TEST(Exchange, LooksNoFurtherThanItIsTold) {
  EXPECT_EQ(Response().status(200).body(0, kSize).spoilt().verdict(Verify::kLength), std::nullopt);
  EXPECT_EQ(Response().status(204).verdict(Verify::kNone), std::nullopt);
  EXPECT_EQ(Response().status(500).verdict(Verify::kNone), Failure::kStatus);
}

TEST(Exchange, JudgesTheBytesOfOneThatWasLeftMidway) {
  EXPECT_EQ(Response().status(200).body(0, 100).carried().verdict_so_far(), std::nullopt);
  EXPECT_EQ(Response().status(200).body(0, 100).spoilt().carried().verdict_so_far(),
            Failure::kMismatch);
}

}  // namespace
}  // namespace load
