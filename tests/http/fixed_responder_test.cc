#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/http1_fixture.h"

namespace http {
namespace {

TEST(FixedResponder, AnswersWithItsHeadAndBody) {
  testing::Client client;
  // The fixture's responder hands over to a fixed one.
  std::unique_ptr<Responder> fixed;
  client.script.on_start = [&](Exchange& exchange) {
    fixed = make_fixed_responder(exchange, {.status = 404}, "gone");
    fixed->start();
    client.script.body.push_back(fixed->pull(3));
    client.script.body.push_back(fixed->pull(3));
    EXPECT_EQ(fixed->pull(3).state, Pulled::State::kEnd);
  };
  client.send(testing::get());
  EXPECT_EQ(testing::status_of(client.received), 404);
  EXPECT_TRUE(client.received.ends_with("content-length: 4\r\n\r\ngone"));
}

}  // namespace
}  // namespace http
