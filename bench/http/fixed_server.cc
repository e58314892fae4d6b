// headrace-fixed-server: the wire without a cache. Serves bodies of fixed size from memory, so that
// h2load, wrk and perf measure http/ alone:
//
//   headrace-fixed-server cert.pem key.pem [loops]
//   h2load -c 32 -n 20000 https://127.0.0.1:PORT/1048576
//
// The path names the size in bytes, at most 16 MiB. Prints its ports, runs until its input ends.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "http/event_loop.h"
#include "http/server.h"
#include "http/tls_store.h"

namespace {

constexpr std::size_t kSizeMax = 16 * 1024 * 1024;
constexpr std::size_t kBlock = 64 * 1024;  // As the cache's memory tier gives them.

const base::Slice& content() {
  static const base::Slice slice = [] {
    std::string bytes(kSizeMax, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
    return base::Slice::of(std::move(bytes));
  }();
  return slice;
}

class FixedBody final : public http::Responder {
 public:
  explicit FixedBody(http::Exchange& exchange) : exchange_(exchange) {}

  void start() override {
    static const base::Ref<const http::SharedFields> fields =
        base::make_ref<const http::SharedFields>(base::Fields{{"server", "headrace"},
                                                              {"content-type", "video/mp4"},
                                                              {"etag", "\"0123456789abcdef\""},
                                                              {"cache-control", "max-age=3600"}});
    const std::string& target = exchange_.request().target;
    std::from_chars(target.data() + 1, target.data() + target.size(), size_);
    size_ = std::min(size_, kSizeMax);
    exchange_.respond({200, fields, {}}, size_);
  }

  http::Pulled pull(std::size_t max) override {
    const std::size_t to_block_end = kBlock - sent_ % kBlock;
    const std::size_t count = std::min({max, size_ - sent_, to_block_end});
    if (count == 0) return http::Pulled::end();
    sent_ += count;
    return http::Pulled::some(content().sub(sent_ - count, count));
  }

 private:
  http::Exchange& exchange_;
  std::size_t size_ = 0;
  std::size_t sent_ = 0;
};

std::uint16_t port_or_exit(const base::Result<std::uint16_t>& port) {
  if (port) return *port;
  std::fprintf(stderr, "%s\n", port.error().context.c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s cert.pem key.pem [loops]\n", argv[0]);
    return 1;
  }
  content();
  const std::size_t count = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1;
  std::vector<std::unique_ptr<http::EventLoop>> loops;
  std::vector<http::EventLoop*> raw;
  std::vector<http::Handler> handlers;
  for (std::size_t i = 0; i < count; ++i) {
    loops.push_back(std::make_unique<http::EventLoop>());
    raw.push_back(loops.back().get());
    handlers.emplace_back(
        [](http::Exchange& exchange) { return std::make_unique<FixedBody>(exchange); });
  }

  http::TlsStore tls;
  if (const auto loaded = tls.reload({{{}, argv[1], argv[2]}}); !loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().context.c_str());
    return 1;
  }
  base::Metrics metrics;
  http::Limits limits;
  limits.connections_per_address_max = limits.connections_max;
  http::Server server(raw, handlers, limits, metrics);
  const std::uint16_t plain = port_or_exit(server.listen("127.0.0.1:0", nullptr));
  const std::uint16_t secure = port_or_exit(server.listen("127.0.0.1:0", &tls));
  std::printf("http %u https %u\n", plain, secure);
  std::fflush(stdout);

  std::vector<std::thread> threads;
  threads.reserve(loops.size());
  for (const auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
  char input = 0;
  while (read(STDIN_FILENO, &input, 1) > 0) {
  }
  for (const auto& loop : loops) loop->stop();
  for (std::thread& thread : threads) thread.join();
  return 0;
}
