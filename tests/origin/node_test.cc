// A node that is stopped while an upload is under way. What an upload uses must outlive it: run under
// AddressSanitizer, too.
#include "origin/node.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/check.h"
#include "base/clock.h"
#include "base/sha256.h"
#include "base/unique_fd.h"
#include "origin/api/tokens.h"
#include "origin/database/database.h"
#include "origin/uploads/tus_store.h"
#include "tests/origin/test_database.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A port that was free a moment ago.
std::uint16_t free_port() {
  const base::UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  CHECK(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

// A client that speaks HTTP/1.1 by hand.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(port);
    CHECK(connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  // As far as the server takes it.
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  [[nodiscard]] std::string read_head() const {
    std::string head;
    char one = 0;
    while (!head.ends_with("\r\n\r\n") && ::read(socket_.get(), &one, 1) == 1) head += one;
    return head;
  }

 private:
  base::UniqueFd socket_;
};

std::string value_of(const std::string& head, const std::string& name) {
  const auto at = head.find(name + ": ");
  if (at == std::string::npos) return {};
  const auto first = at + name.size() + 2;
  return head.substr(first, head.find('\r', first) - first);
}

class NodeTest : public testing::Test {
 protected:
  NodeTest() {
    config_.threads = 1;
    config_.listen.http = {"127.0.0.1:" + std::to_string(port_)};
    config_.data.directory = test_.directory();
    config_.data.database = test_.options().url;
    config_.data.api_threads = 2;
    config_.uploads.disk_free_min = base::Bytes(0);
    config_.log_level = base::LogLevel::kError;
    token_ = *Tokens(*database_, clock_).create_api("alice", Right::kNone);
  }

  [[nodiscard]] std::string head(const std::string& first_line, const std::string& fields) const {
    return first_line + " HTTP/1.1\r\nhost: o\r\ntus-resumable: 1.0.0\r\nauthorization: Bearer " +
           token_ + "\r\n" + fields + "\r\n";
  }
  std::int64_t position() {
    return *database_->read([](soci::session& sql) -> base::Result<std::int64_t> {
      std::int64_t position = -1;
      sql << "SELECT position FROM uploads", soci::into(position);
      return position;
    });
  }

  TestDatabase test_;
  base::SystemClock clock_;
  std::unique_ptr<Database> database_ = test_.make(Engine::kSqlite);
  const std::uint16_t port_ = free_port();
  OriginConfig config_;
  std::string token_;
};

TEST_F(NodeTest, StopsInTheMiddleOfAnUpload) {
  base::Signals signals;
  auto node = Node::start(config_);
  ASSERT_TRUE(node) << node.error().context;
  const std::string chunk(TusStore::kChunk, 'x');
  const std::string hash = base::Sha256::hex_of(chunk);
  const fs::path file = test_.directory() / "chunks" / hash.substr(0, 2) / hash;

  // While another holds the database, an API thread can't end what it does: it gets as far as the
  // chunk's file.
  std::promise<void> locked;
  std::promise<void> release;
  std::thread client([&] {
    const Client sender(port_);
    sender.send(head("POST /api/v1/uploads", "upload-length: 20000000\r\ncontent-length: 0\r\n"));
    const std::string target = value_of(sender.read_head(), "location");
    std::thread holder([&] {
      EXPECT_TRUE(database_->write([&](soci::session&) -> base::Result<void> {
        locked.set_value();
        release.get_future().wait();
        return {};
      }));
    });
    locked.get_future().wait();
    sender.send(head("PATCH " + target,
                     "upload-offset: 0\r\ncontent-type: application/offset+octet-stream\r\n"
                     "content-length: 20000000\r\n"));
    sender.send(chunk);
    sender.send("more");
    const auto too_late = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!fs::exists(file) && std::chrono::steady_clock::now() < too_late) {
      std::this_thread::yield();
    }
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGINT);  // Asked twice: at once.
    holder.join();
  });
  (*node)->run(signals);
  release.set_value();
  node->reset();
  client.join();
  EXPECT_GE(position(), TusStore::kChunk);
}

}  // namespace
}  // namespace origin
