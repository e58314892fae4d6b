// HTTP/1 through real sockets: what only the kernel can show, such as a reset or a full buffer.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/metrics.h"
#include "http/event_loop.h"
#include "http/server.h"

namespace http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kPatienceMs = 5000;

// Answers by path: /ok, /abort (half a body, then abort), /hang (nothing, ever).
class ByPath final : public Responder {
 public:
  explicit ByPath(Exchange& exchange) : exchange_(exchange) {}
  void start() override {
    const std::string& target = exchange_.request().target;
    if (target == "/hang") return;
    exchange_.respond({.status = 200}, target == "/abort" ? 10 : 2);
  }
  Pulled pull(std::size_t) override {
    if (exchange_.request().target == "/ok") return Pulled::some(base::Slice::of_static("ok"));
    if (std::exchange(half_sent_, true)) return Pulled::failed();
    return Pulled::some(base::Slice::of_static("hello"));
  }

 private:
  Exchange& exchange_;
  bool half_sent_ = false;
};

class RunningServer {
 public:
  RunningServer() {
    EventLoop* loops[] = {&loop_};
    const Handler handler = [](Exchange& exchange) { return std::make_unique<ByPath>(exchange); };
    server_ = std::make_unique<Server>(loops, std::vector{handler}, Limits{}, metrics_);
    port_ = server_->listen("127.0.0.1:0", nullptr).value();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~RunningServer() {
    loop_.stop();
    thread_.join();
    server_.reset();
  }

  std::uint16_t port() const { return port_; }
  std::uint64_t buffer_bytes() const { return server_->stats().buffer_bytes; }

 private:
  base::Metrics metrics_;
  EventLoop loop_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class Socket {
 public:
  explicit Socket(const RunningServer& server) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  Socket(const Socket&) = delete;
  ~Socket() { close(fd_); }

  // As much as the socket takes until it has refused for `patience_ms`; returns how much.
  std::size_t send(std::string_view bytes, int patience_ms = kPatienceMs) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      pollfd ready{fd_, POLLOUT, 0};
      if (poll(&ready, 1, patience_ms) <= 0) break;
      const ssize_t n =
          ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) break;
      if (n > 0) sent += static_cast<std::size_t>(n);
    }
    return sent;
  }
  // Until `end` has come, or the connection's end.
  std::string receive(std::string_view end = {}) {
    std::string received;
    std::array<char, 4096> buffer;
    while (end.empty() || !received.ends_with(end)) {
      pollfd ready{fd_, POLLIN, 0};
      if (poll(&ready, 1, kPatienceMs) <= 0) break;
      const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
      was_reset = n < 0 && errno == ECONNRESET;
      was_closed = n == 0;
      if (n <= 0) break;
      received.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return received;
  }
  void close_sending() { shutdown(fd_, SHUT_WR); }

  bool was_reset = false;
  bool was_closed = false;

 private:
  int fd_;
};

const std::string kOk = "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(ServerHttp1, AnswersRequestAfterRequest) {
  const RunningServer server;
  Socket client(server);
  for (int i = 0; i < 3; ++i) {
    client.send(kOk);
    EXPECT_THAT(client.receive("ok"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST(ServerHttp1, AnswersAClientThatClosesItsHalf) {
  const RunningServer server;
  Socket client(server);
  client.send(kOk);
  client.close_sending();
  EXPECT_TRUE(client.receive().ends_with("ok"));
  EXPECT_TRUE(client.was_closed);
}

TEST(ServerHttp1, ARefusalReachesAClientThatSendsOn) {
  const RunningServer server;
  Socket client(server);
  client.send("GET / HTTP/1.1\r\nHost : a\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_THAT(client.receive(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(client.was_closed);
}

TEST(ServerHttp1, ACutBodyIsAReset) {
  const RunningServer server;
  Socket client(server);
  client.send("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n");
  client.receive();
  EXPECT_TRUE(client.was_reset);
}

TEST(ServerHttp1, AnUploadThatNobodyReadsIsHeldBackByTheKernel) {
  const RunningServer server;
  Socket client(server);
  client.send("POST /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  const std::size_t sent = client.send(std::string(100'000'000, 'x'), 200);
  EXPECT_LT(sent, 50'000'000U);  // The kernel's buffers, and a little of ours.
  EXPECT_LT(server.buffer_bytes(), 1U << 20);
}

}  // namespace
}  // namespace http
