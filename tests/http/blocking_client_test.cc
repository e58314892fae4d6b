#include "http/blocking_client.h"

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tests/http/scripted_origin.h"

namespace http {
namespace {

using base::ErrorCode;

// Answers every request with nothing, and remembers their heads.
struct BlockingClientTest : testing::Test {
  // Of one request; the error's code, if it was not sent.
  base::Result<std::string> head_of(BlockingRequest request) {
    request.url = origin.url(request.url);
    if (const auto answer = client.fetch(request); !answer) return std::unexpected(answer.error());
    const std::lock_guard lock(mutex);
    return heads.back();
  }
  ErrorCode refusal_of(BlockingRequest request) {
    const auto head = head_of(std::move(request));
    EXPECT_FALSE(head) << *head;
    return head ? ErrorCode{} : head.error().code;
  }

  std::mutex mutex;
  std::vector<std::string> heads;
  ScriptedOrigin origin{[this](OriginConnection& connection) {
    for (std::string head; !(head = connection.read_head()).empty();) {
      {
        const std::lock_guard lock(mutex);
        heads.push_back(std::move(head));
      }
      connection.send("HTTP/1.1 204 No Content\r\n\r\n");
    }
  }};
  BlockingClient client;
};

TEST_F(BlockingClientTest, SendsFieldsAsTheyAre) {
  const auto head =
      head_of({.url = "/a?b=%0D", .fields = {{"x-full", "one\ttwo"}, {"x-empty", ""}}});
  ASSERT_TRUE(head) << head.error().context;
  EXPECT_TRUE(head->starts_with("GET /a?b=%0D HTTP/1.1\r\n")) << *head;
  EXPECT_NE(head->find("\r\nx-full: one\ttwo\r\n"), std::string::npos) << *head;
  EXPECT_NE(head->find("\r\nx-empty:\r\n"), std::string::npos) << *head;
}

TEST_F(BlockingClientTest, SendsNoFieldThatWouldBeMoreThanOne) {
  for (const char bad : {'\r', '\n', '\0', '\x7f'}) {
    const std::string text = std::string("a") + bad + "b";
    EXPECT_EQ(refusal_of({.url = "/", .fields = {{"x", text}}}), ErrorCode::kInvalid);
    EXPECT_EQ(refusal_of({.url = "/", .fields = {{text, "x"}}}), ErrorCode::kInvalid);
  }
  const std::string smuggled =
      "a\r\ncontent-length: 0\r\n\r\nPOST /api/v1/worker/lease HTTP/1.1\r\nhost: o\r\nx: y";
  EXPECT_EQ(refusal_of({.url = "/", .fields = {{"content-type", smuggled}}}), ErrorCode::kInvalid);
  EXPECT_EQ(refusal_of({.url = "/", .fields = {{"", "x"}}}), ErrorCode::kInvalid);
  EXPECT_EQ(refusal_of({.url = "/", .fields = {{"a: b\r\nc", "x"}}}), ErrorCode::kInvalid);
  EXPECT_EQ(origin.connections(), 0);
}

TEST_F(BlockingClientTest, SendsNoMethodAndNoUrlThatWouldBeMoreThanOne) {
  for (const char bad : {'\r', '\n', '\0', ' '}) {
    const std::string text = std::string("a") + bad + "b";
    EXPECT_EQ(refusal_of({.url = "/" + text}), ErrorCode::kInvalid);
    EXPECT_EQ(refusal_of({.method = text, .url = "/"}), ErrorCode::kInvalid);
  }
  EXPECT_EQ(refusal_of({.url = "/" + std::string(64 * 1024, 'a')}), ErrorCode::kInvalid);
  EXPECT_EQ(origin.connections(), 0);
}

}  // namespace
}  // namespace http
