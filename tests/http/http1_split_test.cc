// A request means the same however the network cuts it into pieces.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/http/http1_fixture.h"

namespace http {
namespace {

using testing::Client;
using testing::Closed;
using testing::get;

// All that can be seen of a conversation, but for the Date.
struct Seen {
  std::string received;
  Closed closed;
  std::vector<std::string> requests;
  std::string body;
  bool operator==(const Seen&) const = default;
};

template <class Send>
Seen converse(const Send& send) {
  Client client;
  client.script.reads_body = true;
  send(client);
  Seen seen{.received = client.received,
            .closed = client.closed,
            .requests = {},
            .body = client.script.request_body};
  for (std::size_t at = 0; (at = seen.received.find("date: ", at)) != std::string::npos;) {
    seen.received.erase(at, std::string_view("date: Sun, 06 Nov 1994 08:49:37 GMT\r\n").size());
  }
  for (const RequestHead& head : client.script.requests) {
    std::string text = head.method + ' ' + head.authority + ' ' + head.target + '\n';
    for (const base::Field field : head.fields) {
      text += std::string(field.name) + '=' + std::string(field.value) + '\n';
    }
    seen.requests.push_back(text);
  }
  return seen;
}

const std::string kConversations[] = {
    get("/1") + get("/2", "Connection: close\r\n"),
    "\r\n" + get("/v?x=1", "Range: bytes=0-4\r\nX:\t y \r\n"),
    "GET http://b:1/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + get(),
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;n=v\r\nhello\r\n00a\r\n0123456789\r\n0\r\nT: 1\r\n\r\n" +
        get(),
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;\"\n\"\r\nhello",
    // Too large after a few digits, malformed only at the seventeenth.
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0ccccccccccccccccccccc\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
    "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
    "GET /\r\n",
    "\x16\x03\x01",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
    "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n",
};

TEST(Http1Split, EveryCutInTwoMeansTheSame) {
  for (const std::string& bytes : kConversations) {
    const Seen whole = converse([&](Client& client) { client.send(bytes); });
    const std::size_t step = bytes.size() > 1000 ? 37 : 1;
    for (std::size_t at = 1; at < bytes.size(); at += step) {
      ASSERT_EQ(converse([&](Client& client) { client.send_split(bytes, at); }), whole)
          << bytes << "\ncut at " << at;
    }
  }
}

TEST(Http1Split, BytesOneAtATimeMeanTheSame) {
  for (const std::string& bytes : kConversations) {
    ASSERT_EQ(converse([&](Client& client) { client.send_by_bytes(bytes); }),
              converse([&](Client& client) { client.send(bytes); }))
        << bytes;
  }
}

TEST(Http1Split, EveryCutInThreeOfAnUploadMeansTheSame) {
  const std::string& bytes = kConversations[4];
  const Seen whole = converse([&](Client& client) { client.send(bytes); });
  for (std::size_t first = 1; first < bytes.size(); ++first) {
    for (std::size_t second = first + 1; second < bytes.size(); second += 3) {
      ASSERT_EQ(converse([&](Client& client) {
                  client.send(bytes.substr(0, first));
                  client.send(bytes.substr(first, second - first));
                  client.send(bytes.substr(second));
                }),
                whole)
          << first << ' ' << second;
    }
  }
}

}  // namespace
}  // namespace http
