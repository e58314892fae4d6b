// Connection on a socket pair, its clock moved by hand: deadlines of its own, lingering, and what a
// stalled client pins.
#include "http/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>

#include "http/record_queue.h"
#include "http/server_loop.h"
#include "http/tls_store.h"
#include "tests/http/test_certificate.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest()
      : server_loop_(
            loop_,
            [](Exchange& exchange) {
              return make_fixed_responder(exchange, {}, std::string(4'000'000, 'x'));
            },
            metrics_) {}

  // Connects; the client's end is client_.
  void connect(std::shared_ptr<SSL_CTX> tls = nullptr, const Limits& limits = {}) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_.reset(ends[1]);
    auto answer = quota_.take({}, limits);
    ASSERT_TRUE(answer.place.has_value());
    server_loop_.count_incoming();
    server_loop_.accept({base::UniqueFd(ends[0]), std::move(*answer.place), {}, std::move(tls)},
                        std::make_shared<const Limits>(limits));
  }
  void send(std::string_view bytes) {
    ASSERT_EQ(::send(client_.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    settle();
  }
  // Lets the loop do what is ready now.
  void settle() {
    for (int round = 0; round < 20; ++round) {
      loop_.post([this] { loop_.stop(); });
      loop_.run();
    }
  }
  void pass(std::chrono::milliseconds time) {
    clock_.advance(time);
    server_loop_.tick(clock_.mono());
    settle();
  }
  std::string received() {
    std::string bytes(65'536, '\0');
    const ssize_t size = recv(client_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
  }
  [[nodiscard]] bool alive() const { return server_loop_.open() == 1; }

  base::ManualClock clock_;
  EventLoop loop_{clock_};
  base::Metrics metrics_;
  ConnectionQuota quota_;
  ServerLoop server_loop_;
  base::UniqueFd client_;
};

TEST_F(ConnectionTest, GivesAHandshakeItsDeadline) {
  TestCertificate certificate("video.example");
  TlsStore store;
  ASSERT_TRUE(store.reload({{{}, certificate.chain(), certificate.private_key()}}));
  connect(store.context());
  pass(10s);
  EXPECT_TRUE(alive());
  pass(1ms);
  EXPECT_FALSE(alive());
  EXPECT_THAT(metrics_.text(), HasSubstr("limit=\"tls_handshake_max\"} 1"));
}

TEST_F(ConnectionTest, GivesAnUndecidedPrefaceItsDeadline) {
  connect();
  send("PRI * HTT");
  pass(10s);
  EXPECT_TRUE(alive());
  pass(1ms);
  EXPECT_FALSE(alive());
  EXPECT_THAT(metrics_.text(), HasSubstr("limit=\"header_max\"} 1"));
}

TEST_F(ConnectionTest, LingersForTheClientsLastBytesButNotForEver) {
  connect();
  send("GET /\r\n\r\n");  // Refused, then closed.
  EXPECT_THAT(received(), HasSubstr("connection: close"));
  send("more that nobody reads");
  EXPECT_TRUE(alive());
  pass(2s);
  EXPECT_TRUE(alive());
  pass(1ms);
  EXPECT_FALSE(alive());
}

TEST_F(ConnectionTest, EndsLingeringWhenTheClientCloses) {
  connect();
  send("GET /\r\n\r\n");
  client_.reset();
  settle();
  EXPECT_FALSE(alive());
}

TEST_F(ConnectionTest, AStalledClientPinsOneBatchAtMost) {
  connect();
  send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  pass(1s);
  const std::uint64_t pinned = server_loop_.sums().buffer_bytes;
  EXPECT_LE(pinned, BatchSize::kMax);
  pass(58s);
  EXPECT_TRUE(alive());
  pass(2s);
  EXPECT_FALSE(alive());
  EXPECT_THAT(metrics_.text(), HasSubstr("limit=\"send_"));
}

TEST_F(ConnectionTest, ASlowReaderGetsEverything) {
  connect();
  send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::size_t total = 0;
  for (int i = 0; i < 1'000 && total < 4'000'000; ++i) {
    total += received().size();
    settle();
  }
  EXPECT_GT(total, 4'000'000U);
  EXPECT_TRUE(alive());
}

TEST_F(ConnectionTest, GoesWhenTheClientGoes) {
  connect();
  settle();
  client_.reset();
  settle();
  EXPECT_FALSE(alive());
  EXPECT_EQ(quota_.taken(), 0U);
}

TEST_F(ConnectionTest, DrainClosesAConnectionThatAskedNothing) {
  connect();
  server_loop_.drain();
  settle();
  EXPECT_EQ(received(), "");
  client_.reset();
  settle();
  EXPECT_FALSE(alive());
}

TEST(BatchSize, GrowsWithWhatTheSocketTakesAndShrinksToIt) {
  BatchSize batch;
  EXPECT_EQ(batch.size(), BatchSize::kStart);
  batch.all_taken(100);  // There was no more.
  EXPECT_EQ(batch.size(), BatchSize::kStart);
  for (int i = 0; i < 5; ++i) batch.all_taken(batch.size());
  EXPECT_EQ(batch.size(), BatchSize::kMax);
  batch.all_taken(batch.size(), BatchSize::kLentMax);
  EXPECT_EQ(batch.size(), BatchSize::kLentMax);
  batch.blocked(100'000);
  EXPECT_EQ(batch.size(), 98'304U);
  batch.blocked(0);
  EXPECT_EQ(batch.size(), BatchSize::kMin);
}

TEST(LoopBuffers, MakesBatchesSmallerAsTheBudgetIsUsedUp) {
  constexpr std::size_t kChunk = LoopBuffers::kChunkBytes;
  base::ByteBudget budget(base::Bytes(4 * kChunk));
  base::ByteBudget::Share others(&budget);
  LoopBuffers buffers(&budget);
  EXPECT_EQ(buffers.batch_max(), BatchSize::kLentMax);
  LoopBuffers::Chunk chunk = buffers.take_chunk();
  EXPECT_EQ(budget.held().count(), kChunk);
  buffers.give_back(std::move(chunk));
  EXPECT_EQ(budget.held().count(), kChunk);  // Pooled: held all the same.
  others.hold(kChunk - 1);
  EXPECT_EQ(buffers.batch_max(), BatchSize::kLentMax);
  others.hold(kChunk);
  EXPECT_EQ(buffers.batch_max(), BatchSize::kStart);
  chunk = buffers.take_chunk();
  buffers.give_back(std::move(chunk));  // No pool while memory is short.
  EXPECT_EQ(budget.held().count(), kChunk);
  others.hold(4 * kChunk);
  EXPECT_EQ(buffers.batch_max(), BatchSize::kMin);
  others.hold(0);
  EXPECT_EQ(budget.held().count(), 0U);
}

TEST(RecordQueue, KeepsTheOrderOverChunksAndPartialSends) {
  LoopBuffers buffers;
  RecordQueue queue(buffers);
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const base::UniqueFd near(ends[0]);
  const base::UniqueFd far(ends[1]);
  std::string sent;
  std::string got;
  for (int i = 0; i < 200; ++i) {
    const std::string record(5'000 + i, static_cast<char>('a' + i % 26));
    queue.append(record);
    sent += record;
    queue.send(near.get());
    char part[3'000];
    const ssize_t size = recv(far.get(), part, sizeof part, 0);
    if (size > 0) got.append(part, static_cast<std::size_t>(size));
  }
  EXPECT_GT(queue.size(), 0U);
  while (got.size() < sent.size()) {
    queue.send(near.get());
    char part[60'000];
    const ssize_t size = recv(far.get(), part, sizeof part, 0);
    ASSERT_GT(size, 0);
    got.append(part, static_cast<std::size_t>(size));
  }
  EXPECT_TRUE(got == sent);
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.buffer_bytes(), 0U);
}

TEST(ConnectionQuota, CountsAllOfAnIpv6NetworkAsOneAddress) {
  sockaddr_storage one{};
  sockaddr_storage other{};
  for (auto* address : {&one, &other}) {
    auto& six = reinterpret_cast<sockaddr_in6&>(*address);
    six.sin6_family = AF_INET6;
    six.sin6_addr.s6_addr[0] = 0x20;
  }
  reinterpret_cast<sockaddr_in6&>(other).sin6_addr.s6_addr[15] = 7;
  EXPECT_EQ(ConnectionQuota::address_of(one), ConnectionQuota::address_of(other));
  reinterpret_cast<sockaddr_in6&>(other).sin6_addr.s6_addr[7] = 7;
  EXPECT_NE(ConnectionQuota::address_of(one), ConnectionQuota::address_of(other));
}

}  // namespace
}  // namespace http
