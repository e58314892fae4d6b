#include "origin/node.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sd_notify.h"
#include "base/thread.h"
#include "http/event_loop.h"
#include "http/server.h"
#include "http/tls_store.h"
#include "origin/admin.h"
#include "origin/local_store.h"
#include "origin/media_endpoint.h"
#include "origin/platform.h"

namespace origin {
namespace {

// SIGTERM and SIGINT: a supervisor waits, or a person does.
constexpr std::chrono::milliseconds kStopPatience{2'000};

// "127.0.0.1:0" with the port that it became.
std::string bound(const std::string& address, std::uint16_t port) {
  return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

}  // namespace

struct Node::State {
  State(const OriginConfig& settings, LocalStore media)
      : config(settings), store(std::move(media)) {
    const std::size_t threads_wanted =
        config.threads != 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
    for (std::size_t i = 0; i < threads_wanted; ++i) {
      loops.push_back(std::make_unique<http::EventLoop>());
    }
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { close(); }

  base::Result<void> load_certificate() {
    if (config.tls.certificate.empty()) return {};
    auto loaded = certificates.reload({{{}, config.tls.certificate, config.tls.private_key}});
    if (!loaded) return base::fail(loaded.error().code, "tls: " + loaded.error().context);
    return {};
  }
  base::Result<void> listen(http::Server& on, std::string_view key, const std::string& address,
                            const http::TlsStore* tls);
  base::Result<void> open_listeners();
  void watch_connections();
  void drain(std::chrono::milliseconds patience);
  void close();

  const OriginConfig config;
  base::SystemClock clock;
  base::Metrics metrics;
  http::TlsStore certificates;
  const LocalStore store;
  // Threads of the endpoint and the platform post to the loops, and exchanges use both: close() says
  // in which order they go.
  http::EventLoop control;
  std::vector<std::unique_ptr<http::EventLoop>> loops;
  std::unique_ptr<Platform> platform;  // Null: media alone.
  std::unique_ptr<MediaEndpoint> endpoint;
  std::unique_ptr<http::Server> admin_server;
  std::unique_ptr<http::Server> server;
  std::vector<std::pair<std::string_view, std::string>>
      listening;  // Option and address, for the log.
  bool is_draining = false;
  std::vector<base::Thread> threads;  // Joined in run().
};

base::Result<void> Node::State::listen(http::Server& on, std::string_view key,
                                       const std::string& address, const http::TlsStore* tls) {
  const auto port = on.listen(address, tls);
  if (!port) {
    return base::fail(port.error().code, std::string(key) + ": " + port.error().context);
  }
  listening.emplace_back(key, bound(address, *port));
  return {};
}

base::Result<void> Node::State::open_listeners() {
  std::vector<http::EventLoop*> raw;
  std::vector<http::Handler> handlers;
  for (const auto& loop : loops) {
    raw.push_back(loop.get());
    handlers.emplace_back([this](http::Exchange& exchange) {
      const bool is_api = platform != nullptr && exchange.request().target.starts_with("/api/");
      return is_api ? platform->respond(exchange) : endpoint->respond(exchange);
    });
  }
  server = std::make_unique<http::Server>(raw, std::move(handlers), config.limits, metrics);
  for (const std::string& address : config.listen.http) {
    if (auto done = listen(*server, "listen.http", address, nullptr); !done) return done;
  }
  for (const std::string& address : config.listen.https) {
    if (auto done = listen(*server, "listen.https", address, &certificates); !done) return done;
  }
  if (config.listen.admin.empty()) return {};
  http::EventLoop* control_loop = &control;
  admin_server = std::make_unique<http::Server>(
      std::span(&control_loop, 1), std::vector<http::Handler>{[this](http::Exchange& exchange) {
        return make_admin_responder(exchange, metrics, is_draining);
      }},
      http::Limits{.connections_max = 256}, metrics);
  return listen(*admin_server, "listen.admin", config.listen.admin, nullptr);
}

void Node::State::watch_connections() {
  metrics.gauge("headrace_origin_connections",
                "Connections open to clients. Near limits.connections_max, new ones are refused.",
                {}, [this] { return static_cast<double>(server->stats().connections_open); });
}

void Node::State::drain(std::chrono::milliseconds patience) {
  is_draining = true;
  base::sd_notify("STOPPING=1");
  base::log_info("origin.draining", {{"patience_ms", std::to_string(patience.count())}});
  server->drain(patience, [this] { control.post([this] { control.stop(); }); });
}

// No loop runs any more. Exchanges end first, then the threads that worked for them; what these had
// sent to the loops since may be uploads half done, which are kept while their services are there.
void Node::State::close() {
  server.reset();
  admin_server.reset();
  endpoint.reset();
  if (platform != nullptr) platform->close();
  for (const auto& loop : loops) loop->drop_tasks();
}

base::Result<std::unique_ptr<Node>> Node::start(const OriginConfig& config) {
  base::set_log_level(config.log_level);
  static const base::SystemClock clock;  // Outlives the store.
  const bool has_platform = !config.data.directory.empty();
  const std::string root =
      config.media.root.empty() ? objects_directory(config.data) : config.media.root;
  if (config.media.root.empty()) {
    std::error_code error;
    std::filesystem::create_directories(root, error);
    if (error) return base::fail(base::ErrorCode::kIo, "data.directory: " + error.message());
  }
  auto store = LocalStore::at(root, clock);
  if (!store) return base::fail(store.error().code, "media.root: " + store.error().context);
  auto state = std::make_unique<State>(config, std::move(*store));
  if (has_platform) {
    auto platform = Platform::open(config, clock, state->metrics);
    if (!platform) return std::unexpected(platform.error());
    state->platform = std::move(*platform);
  }
  state->endpoint = std::make_unique<MediaEndpoint>(
      state->store, config.media.readers, config.media.rules, state->clock, state->metrics,
      has_platform ? state->platform->media_access() : MediaAccess());
  if (auto loaded = state->load_certificate(); !loaded) return std::unexpected(loaded.error());
  if (auto opened = state->open_listeners(); !opened) return std::unexpected(opened.error());
  state->watch_connections();
  return std::unique_ptr<Node>(new Node(std::move(state)));
}

Node::Node(std::unique_ptr<State> state) : state_(std::move(state)) {}

Node::~Node() = default;

void Node::run(base::Signals& signals) {
  State& state = *state_;
  for (std::size_t i = 0; i < state.loops.size(); ++i) {
    state.threads.emplace_back("worker-" + std::to_string(i),
                               [loop = state.loops[i].get()] { loop->run(); });
  }
  signals.start(state.control, [&state](int signal) {
    if (signal == SIGHUP) {
      base::sd_notify_reloading();
      if (auto loaded = state.load_certificate(); !loaded) {
        base::log_error("origin.certificate_refused", {{"reason", loaded.error().context}});
      }
      base::sd_notify("READY=1");
    } else if (state.is_draining) {
      state.control.stop();  // Asked twice: at once.
    } else {
      state.drain(signal == SIGQUIT ? state.config.drain_patience : kStopPatience);
    }
  });
  for (const auto& [key, address] : state.listening) {
    base::log_info("origin.listening", {{"as", std::string(key)}, {"address", address}});
  }
  base::log_info("origin.ready",
                 {{"root", state.config.media.root.empty() ? objects_directory(state.config.data)
                                                           : state.config.media.root}});
  base::sd_notify("READY=1");
  state.control.run();
  for (const auto& loop : state.loops) loop->stop();
  state.threads.clear();
  base::log_info("origin.stopped", {});
}

}  // namespace origin
