#include "bench/load/http1_session.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace load {
namespace {

// A client that asks for one object at a time and keeps what it is told.
class Client : private SessionEvents {
 public:
  explicit Client(std::size_t piece = 1 << 20) : piece_(piece) {
    common_.authority = "example.org";
  }

  Client& ask() {
    Plan plan;
    plan.object = &object_;
    exchange_.begin(plan, Verify::kLength);
    session_.submit(exchange_);
    return *this;
  }
  // The server's bytes, cut into pieces.
  bool hears(std::string_view text) {
    while (!text.empty()) {
      const auto part = text.substr(0, piece_);
      text.remove_prefix(part.size());
      if (!session_.receive(std::as_bytes(std::span(part)))) return false;
    }
    return true;
  }
  std::string says() {
    std::string text;
    session_.produce(text);
    return text;
  }
  void loses_the_connection() { session_.close(); }
  void leaves_after(std::size_t bytes) { enough_ = bytes; }

  [[nodiscard]] bool would_ask_again() const { return session_.accepts(); }

  int status = 0;
  std::string body;
  std::vector<End> ends;

 private:
  void on_head(Exchange&, const ResponseHead& head) override { status = head.status; }
  bool on_body(Exchange&, std::span<const std::byte> bytes) override {
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return body.size() < enough_;
  }
  void on_end(Exchange&, End end) override { ends.push_back(end); }

  const std::size_t piece_;
  std::size_t enough_ = SIZE_MAX;
  Object object_{"/a", {}, 0};
  RequestCommon common_;
  Exchange exchange_;
  Http1Session session_{common_, *this};
};

const std::vector<End> kOneComplete = {End::kComplete};

TEST(Http1Session, AsksAsRfc9112Says) {
  Client client;
  EXPECT_EQ(client.ask().says(), "GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n");
}

TEST(Http1Session, ReadsABodyByContentLengthHoweverItIsCut) {
  for (const std::size_t piece : {1, 2, 3, 5, 17, 1000}) {
    Client client(piece);
    client.ask();
    EXPECT_TRUE(client.hears("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")) << piece;
    EXPECT_EQ(client.status, 200);
    EXPECT_EQ(client.body, "hello");
    EXPECT_EQ(client.ends, kOneComplete);
    EXPECT_TRUE(client.would_ask_again());
  }
}

TEST(Http1Session, ReadsAChunkedBodyHoweverItIsCut) {
  for (const std::size_t piece : {1, 2, 3, 5, 17, 1000}) {
    Client client(piece);
    client.ask();
    EXPECT_TRUE(
        client.hears("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n"))
        << piece;
    EXPECT_EQ(client.body, "hello");
    EXPECT_EQ(client.ends, kOneComplete);
    EXPECT_TRUE(client.would_ask_again());
  }
}

TEST(Http1Session, ReadsABodyThatEndsWithTheConnection) {
  Client client;
  client.ask();
  EXPECT_TRUE(client.hears("HTTP/1.0 200 OK\r\n\r\nhello"));
  EXPECT_TRUE(client.ends.empty());
  client.loses_the_connection();
  EXPECT_EQ(client.body, "hello");
  EXPECT_EQ(client.ends, kOneComplete);
}

TEST(Http1Session, SkipsInterimResponses) {
  Client client;
  client.ask();
  EXPECT_TRUE(
      client.hears("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                   "HTTP/1.1 204 No Content\r\n\r\n"));
  EXPECT_EQ(client.status, 204);
  EXPECT_EQ(client.ends, kOneComplete);
}

TEST(Http1Session, ClosesWhenTheServerSaysSo) {
  Client client;
  client.ask();
  EXPECT_FALSE(client.hears("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(client.ends, kOneComplete);
  EXPECT_FALSE(client.would_ask_again());
}

TEST(Http1Session, TellsAShortBody) {
  Client client;
  client.ask();
  EXPECT_TRUE(client.hears("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"));
  client.loses_the_connection();
  EXPECT_EQ(client.ends, std::vector{End::kClosed});
}

TEST(Http1Session, AsksAgainWhenAnIdleConnectionRanOut) {
  Client client;
  client.ask();
  EXPECT_TRUE(client.hears("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  client.ask().loses_the_connection();
  EXPECT_EQ(client.ends, (std::vector{End::kComplete, End::kRefused}));
}

TEST(Http1Session, StopsWhenItHasSeenEnough) {
  Client client;
  client.leaves_after(2);
  client.ask();
  EXPECT_FALSE(client.hears("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"));
  EXPECT_EQ(client.ends, std::vector{End::kStopped});
}

TEST(Http1Session, CallsWhatIsNotHttpBroken) {
  for (const std::string_view text :
       {"garbage\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"}) {
    Client client;
    client.ask();
    EXPECT_FALSE(client.hears(text)) << text;
    EXPECT_EQ(client.ends, std::vector{End::kProtocol}) << text;
  }
}

TEST(Http1Session, RefusesAHeadWithoutEnd) {
  Client client;
  client.ask();
  const std::string head = "HTTP/1.1 200 OK\r\nX: " + std::string(Http1Session::kHeadBytesMax, 'x');
  EXPECT_FALSE(client.hears(head));
  EXPECT_EQ(client.ends, std::vector{End::kProtocol});
}

}  // namespace
}  // namespace load
