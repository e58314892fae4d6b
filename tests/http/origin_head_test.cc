#include "http/origin_head.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace http {
namespace {

// Feeds a head's lines; true once it is complete.
base::Result<bool> feed(OriginHead& head, std::string_view text) {
  bool complete = false;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const std::string_view line = text.substr(0, newline + 1);
    auto fed = head.add_line(line);
    if (!fed) return fed;
    complete |= *fed;
    text.remove_prefix(line.size());
  }
  return complete;
}

base::Result<bool> feed(std::string_view text) {
  OriginHead head(100, 16 * 1024);
  return feed(head, text);
}

TEST(OriginHead, GivesStatusAndFieldsInOrder) {
  OriginHead head(100, 16 * 1024);
  EXPECT_TRUE(
      *feed(head, "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nX:\t 1 \r\nx: 2\r\n\r\n"));
  EXPECT_EQ(head.status(), 206);
  EXPECT_EQ(head.take_fields(), (base::Fields{{"etag", "\"a\""}, {"x", "1"}, {"x", "2"}}));
}

TEST(OriginHead, SkipsInformationalHeads) {
  OriginHead head(100, 16 * 1024);
  EXPECT_TRUE(*feed(head,
                    "HTTP/1.1 100 Continue\r\n\r\n"
                    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                    "HTTP/1.1 204 \r\nServer: s\r\n\r\n"));
  EXPECT_EQ(head.status(), 204);
  EXPECT_EQ(head.take_fields(), (base::Fields{{"server", "s"}}));
}

TEST(OriginHead, DropsConnectionFieldsAndThoseConnectionNames) {
  OriginHead head(100, 16 * 1024);
  EXPECT_TRUE(
      *feed(head,
            "HTTP/1.1 200 OK\r\nConnection: X-Hop, close,,\r\nConnection: Content-Length\r\n"
            "X-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\n"
            "Proxy-Connection: close\r\nTE: trailers\r\nTrailer: X\r\nUpgrade: h2c\r\n"
            "Content-Length: 7\r\nVary: accept\r\n\r\n"));
  EXPECT_EQ(head.take_fields(), (base::Fields{{"content-length", "7"}, {"vary", "accept"}}));
}

TEST(OriginHead, RefusesWhatTwoReadersCouldReadDifferently) {
  const std::vector<std::string> heads{
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\nServer: s\r\n\r\n",
      "HTTP/1.1 200 OK\r\nServer: s\n\r\n",
      "HTTP/1.1 200 OK\r\nServer: s\r\n\n",
      "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
      "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
      std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 28),
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
      "HTTP/1.1 099 Early\r\n\r\n",
      "HTTP/1.1 600 Late\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.2 200 OK\r\n\r\n",
      "HTTP/2 200\r\n\r\n",
      "ICY 200 OK\r\n\r\n",
      "\r\n",
  };
  for (const std::string& head : heads) {
    const auto fed = feed(head);
    ASSERT_FALSE(fed.has_value()) << head;
    EXPECT_EQ(fed.error().code, base::ErrorCode::kProtocol) << head;
    EXPECT_EQ(fed.error().blame, base::Blame::kOrigin) << head;
  }
}

TEST(OriginHead, TakesFieldsUpToItsLimitAndNotOneMore) {
  const std::string two = "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n";
  OriginHead at(2, 1024), over(2, 1024);
  EXPECT_TRUE(*feed(at, two + "\r\n"));
  EXPECT_FALSE(feed(over, two + "C: 3\r\n\r\n").has_value());
}

TEST(OriginHead, TakesBytesUpToItsLimitAndNotOneMore) {
  const std::string text = "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n";
  OriginHead at(10, text.size()), over(10, text.size() - 1);
  EXPECT_TRUE(*feed(at, text));
  EXPECT_FALSE(feed(over, text).has_value());
}

TEST(OriginHead, CountsInformationalHeadsAndTrailersAgainstTheSameLimit) {
  OriginHead hints(10, 200);
  base::Result<bool> fed = true;
  int rounds = 0;
  for (; fed.has_value() && rounds < 100; ++rounds) fed = feed(hints, "HTTP/1.1 100 Go\r\n\r\n");
  EXPECT_LT(rounds, 20);

  OriginHead trailers(10, 200);
  EXPECT_TRUE(*feed(trailers, "HTTP/1.1 200 OK\r\n\r\n"));
  for (fed = true, rounds = 0; fed.has_value() && rounds < 100; ++rounds) {
    fed = feed(trailers, "X-Trailer: 1\r\n");
  }
  EXPECT_LT(rounds, 20);
  EXPECT_TRUE(trailers.take_fields().empty());
}

TEST(OriginHead, TellsWhenOnlyTheConnectionsEndFramesTheBody) {
  const auto ends_with_connection = [](std::string_view text) {
    OriginHead head(100, 16 * 1024);
    EXPECT_TRUE(*feed(head, text));
    head.take_fields();
    return head.ends_with_connection();
  };
  EXPECT_TRUE(ends_with_connection("HTTP/1.1 200 OK\r\nServer: s\r\n\r\n"));
  EXPECT_TRUE(ends_with_connection("HTTP/1.0 200 OK\r\n\r\n"));
  EXPECT_FALSE(ends_with_connection("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(ends_with_connection("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_FALSE(ends_with_connection("HTTP/1.1 304 Not Modified\r\n\r\n"));
  EXPECT_FALSE(ends_with_connection("HTTP/1.1 204 No Content\r\n\r\n"));
}

}  // namespace
}  // namespace http
