// FetchFixture: a client on its own loop, and a viewer that records what a fetch tells it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/client.h"
#include "http/event_loop.h"

namespace http {

// What a fetch told. The hooks run inside the events.
struct Viewer final : FetchEvents {
  void on_head(int head_status, base::Fields head_fields) override {
    ++heads;
    status = head_status;
    fields = std::move(head_fields);
    if (when_head) when_head();
  }
  bool on_body(std::string_view bytes) override {
    if (when_body && !when_body(bytes)) return false;
    body += bytes;
    return true;
  }
  void on_end(base::Result<void> end) override {
    EXPECT_FALSE(outcome.has_value()) << "on_end() came twice";
    outcome = std::move(end);
    if (when_end) when_end();
  }

  [[nodiscard]] bool succeeded() const { return outcome.has_value() && outcome->has_value(); }
  [[nodiscard]] std::optional<base::ErrorCode> error() const {
    if (!outcome || outcome->has_value()) return std::nullopt;
    return outcome->error().code;
  }
  [[nodiscard]] std::string context() const {
    return error() ? outcome->error().context : std::string();
  }

  int heads = 0;
  int status = 0;
  base::Fields fields;
  std::string body;
  std::optional<base::Result<void>> outcome;
  std::function<void()> when_head, when_end;
  std::function<bool(std::string_view)> when_body;
};

struct FetchFixture : testing::Test {
  explicit FetchFixture(const ClientOptions& options = {}) : client(loop, options) {}

  static FetchRequest get(std::string url) {
    FetchRequest request;
    request.url = std::move(url);
    return request;
  }

  // Runs the loop until something calls loop.stop().
  void run() {
    Timer guard(loop, [this] {
      ADD_FAILURE() << "nothing happened for 20 s";
      loop.stop();
    });
    guard.arm(std::chrono::seconds(20));
    loop.run();
  }

  // One fetch, from start to end.
  Viewer fetch(FetchRequest request) {
    Viewer viewer;
    viewer.when_end = [this] { loop.stop(); };
    const std::unique_ptr<Fetch> fetch = client.start(std::move(request), viewer);
    run();
    return viewer;
  }
  Viewer fetch(std::string url) { return fetch(get(std::move(url))); }

  EventLoop loop;
  Client client;
};

}  // namespace http
