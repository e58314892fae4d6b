#include "http/origin_places.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "http/event_loop.h"
#include "http/transfer.h"

namespace http {
namespace {

constexpr std::size_t kLine = 2;
const std::string kOrigin = "http://origin";
using Answer = OriginPlaces::Answer;

class OriginPlacesTest : public testing::Test {
 protected:
  OriginPlacesTest() {
    for (auto& one : transfers_) {
      one = std::make_unique<Transfer>(loop_, sockets_, [](Transfer&) {});
    }
  }
  Transfer& transfer(std::size_t i) { return *transfers_[i]; }
  Answer ask(std::size_t i, std::uint32_t places, const std::string& origin = kOrigin) {
    return places_.ask(transfer(i), origin, places, kLine);
  }

  EventLoop loop_;
  OriginSockets sockets_;
  std::array<std::unique_ptr<Transfer>, 6> transfers_;
  OriginPlaces places_;
};

TEST_F(OriginPlacesTest, TheLineIsBoundedAndMovesInOrder) {
  EXPECT_EQ(ask(0, 1), Answer::kTaken);
  EXPECT_EQ(ask(1, 1), Answer::kWaits);
  EXPECT_EQ(ask(2, 1), Answer::kWaits);
  EXPECT_EQ(ask(3, 1), Answer::kFull);
  EXPECT_EQ(places_.waiting(), 2u);
  EXPECT_EQ(places_.next(kOrigin), nullptr);

  places_.leave(transfer(0));
  EXPECT_EQ(places_.next(kOrigin), &transfer(1));
  EXPECT_EQ(places_.next(kOrigin), nullptr);
  places_.leave(transfer(1));
  EXPECT_EQ(places_.next(kOrigin), &transfer(2));
  EXPECT_EQ(places_.waiting(), 0u);
}

TEST_F(OriginPlacesTest, WhoLeavesTheLineIsNotCalled) {
  EXPECT_EQ(ask(0, 1), Answer::kTaken);
  EXPECT_EQ(ask(1, 1), Answer::kWaits);
  EXPECT_EQ(ask(2, 1), Answer::kWaits);
  places_.leave(transfer(1));
  EXPECT_EQ(places_.next(kOrigin), nullptr);
  places_.leave(transfer(0));
  EXPECT_EQ(places_.next(kOrigin), &transfer(2));
}

TEST_F(OriginPlacesTest, MorePlacesAreGivenToThoseWhoWaitAlready) {
  EXPECT_EQ(ask(0, 1), Answer::kTaken);
  EXPECT_EQ(ask(1, 1), Answer::kWaits);
  EXPECT_EQ(ask(2, 3), Answer::kWaits) << "behind the one who came before";
  EXPECT_EQ(places_.next(kOrigin), &transfer(1));
  EXPECT_EQ(places_.next(kOrigin), &transfer(2));
  EXPECT_EQ(places_.next(kOrigin), nullptr);
}

TEST_F(OriginPlacesTest, FewerPlacesHoldForThoseWhoComeLater) {
  EXPECT_EQ(ask(0, 3), Answer::kTaken);
  EXPECT_EQ(ask(1, 3), Answer::kTaken);
  EXPECT_EQ(ask(2, 1), Answer::kWaits);
  places_.leave(transfer(0));
  EXPECT_EQ(places_.next(kOrigin), nullptr) << "one is still taken, of one";
  places_.leave(transfer(1));
  EXPECT_EQ(places_.next(kOrigin), &transfer(2));
}

TEST_F(OriginPlacesTest, OriginsDoNotWaitForEachOther) {
  EXPECT_EQ(ask(0, 1), Answer::kTaken);
  EXPECT_EQ(ask(1, 1, "http://other"), Answer::kTaken);
  EXPECT_EQ(ask(2, 1), Answer::kWaits);
  places_.leave(transfer(1));
  EXPECT_EQ(places_.next("http://other"), nullptr);
}

}  // namespace
}  // namespace http
