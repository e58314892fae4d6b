#include "edge/node.h"

#include <csignal>
#include <list>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/sd_notify.h"
#include "base/thread.h"
#include "base/version.h"
#include "base/worker_pool.h"
#include "cache/file_system.h"
#include "cache/store.h"
#include "edge/admin.h"
#include "edge/certificate_gauges.h"
#include "edge/health_check.h"
#include "edge/node_gauges.h"
#include "edge/origin_fetch.h"
#include "edge/origin_gauges.h"
#include "edge/privileges.h"
#include "edge/request.h"
#include "edge/worker.h"
#include "http/server.h"
#include "http/tls_store.h"

namespace edge {
namespace {

// SIGTERM and SIGINT: a supervisor waits, or a person does.
constexpr std::chrono::milliseconds kStopPatience{2'000};
// A body that was not pulled for this long lets go of its chunk.
constexpr std::chrono::milliseconds kSweepInterval{1'000};
// Of memory_max, for what connections hold while they send and receive. When it is used up they get
// on with less each.
constexpr std::uint64_t kConnectionShare = 16;

std::uint64_t random_bits() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

class RandomVersions final : public cache::VersionSource {
 public:
  cache::Version next() override {
    thread_local std::mt19937_64 generator(random_bits());
    return {generator(), generator()};
  }
};

std::vector<http::Certificate> certificates_of(const TlsConfig& tls) {
  std::vector<http::Certificate> certificates;
  if (!tls.certificate.empty()) certificates.push_back({{}, tls.certificate, tls.private_key});
  for (const CertificateConfig& sni : tls.sni) {
    certificates.push_back({sni.hosts, sni.certificate, sni.private_key});
  }
  return certificates;
}

std::size_t thread_count(const NodeConfig& node) {
  return node.threads != 0 ? node.threads : std::max(1u, std::thread::hardware_concurrency());
}

// From when on a certificate is worth a warning at each start and reload.
constexpr std::chrono::hours kExpiryNear{14 * 24};

void warn_of_expiry(const http::TlsStore& certificates, base::WallTime now) {
  for (const http::TlsStore::Expiry& expiry : certificates.expiries()) {
    if (expiry.not_after - now > kExpiryNear) continue;
    const auto left = std::chrono::floor<std::chrono::hours>(expiry.not_after - now);
    base::log_warning("certificate.expires_soon",
                      {{"host", expiry.host}, {"hours_left", std::to_string(left.count())}});
  }
}

// A loop that serves clients.
struct ClientLoop {
  explicit ClientLoop(base::ByteBudget& buffers)
      : client(loop, http::ClientOptions{.buffers = &buffers}) {}

  http::EventLoop loop;
  http::Client client;
  std::unique_ptr<AccessLog::Buffer> log;
  std::unique_ptr<Worker> worker;
  http::Timer sweep{loop, [this] {
                      for (ObjectBody* body : worker->bodies) body->sweep();
                      if (log) log->flush();
                      sweep.arm(kSweepInterval);
                    }};
};

// A loop that fetches for the cache.
struct FillLoop {
  explicit FillLoop(base::ByteBudget& buffers)
      : client(loop, http::ClientOptions{.buffers = &buffers}) {}

  http::EventLoop loop;
  http::Client client;
  HttpOrigin origin{loop, client};

  // Runs the task on this loop's thread after the delay; called there.
  void after(std::chrono::milliseconds delay, base::Executor::Task task) {
    const auto slot = delayed.emplace(delayed.end());
    slot->task = std::move(task);
    slot->timer = std::make_unique<http::Timer>(loop, [this, slot] {
      Delayed due = std::move(*slot);
      delayed.erase(slot);
      due.task();
    });
    slot->timer->arm(delay);
  }

  struct Delayed {
    base::Executor::Task task;
    std::unique_ptr<http::Timer> timer;
  };
  std::list<Delayed> delayed;
};

}  // namespace

struct Node::State {
  State(const EdgeConfig& config, std::string file)
      : config_file(std::move(file)),
        revision(std::make_shared<const Revision>(config, 1, clock)),
        buffers(config.cache.memory_max / kConnectionShare) {}

  base::Result<void> open_store();
  base::Result<void> open_listeners();
  void reload();
  void give_sites_metrics();
  void drain(std::chrono::milliseconds patience);
  void stop();

  const std::string config_file;
  base::SystemClock clock;
  base::Metrics metrics;
  EdgeMetrics edge_metrics{metrics};
  RandomVersions versions;
  std::unique_ptr<cache::FileSystem> files = cache::make_posix_file_system();
  std::shared_ptr<const Revision> revision;  // Used on the control loop.
  base::ByteBudget buffers;                  // Of connections, to clients and to origins.
  http::TlsStore certificates;
  std::unique_ptr<AccessLog> access_log;

  http::EventLoop control;
  http::Client control_client{control, http::ClientOptions{}};
  HealthChecks health_checks{control, control_client};
  std::vector<std::unique_ptr<FillLoop>> fill_loops;
  std::vector<std::unique_ptr<ClientLoop>> client_loops;
  std::unique_ptr<base::WorkerPool> disk_readers, disk_writer, disk_index;
  std::unique_ptr<cache::Store> store;

  std::unique_ptr<AdminContext> admin_context;
  std::unique_ptr<http::Server> admin_server;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<NodeGauges> gauges;
  OriginGauges origin_gauges{metrics};
  CertificateGauges certificate_gauges{metrics};
  bool is_draining = false;
  std::vector<base::Thread> threads;  // Joined by stop().
};

base::Result<void> Node::State::open_store() {
  const EdgeConfig& config = revision->config;
  cache::StoreOptions options;
  options.memory_max = config.cache.memory_max;
  options.memory_reserved = buffers.limit();
  options.policy = config.cache.policy;
  options.chunk_size = static_cast<std::uint32_t>(config.cache.chunk_size.count());
  options.pass_mark_time = config.cache.pass_mark_time;
  options.fill_finish_max = config.cache.fill_finish_max;
  options.unvalidated_max = config.cache.unvalidated_max;
  cache::StoreContext context{clock, metrics, versions, {}};
  context.buffers = &buffers;
  for (std::uint32_t i = 0; i < config.node.fill_threads; ++i) {
    auto& fill = *fill_loops.emplace_back(std::make_unique<FillLoop>(buffers));
    context.fill_threads.push_back(
        {fill.loop, fill.origin,
         [&fill](std::chrono::milliseconds delay, base::Executor::Task task) {
           fill.after(delay, std::move(task));
         }});
  }
  if (!config.cache.path.empty()) {
    cache::DiskTierOptions disk;
    disk.path = config.cache.path;
    disk.size_max = config.cache.disk_max;
    disk.direct_io = config.cache.direct_io;
    options.disk = disk;
    disk_readers = std::make_unique<base::WorkerPool>("disk-read", config.cache.disk_readers);
    disk_writer = std::make_unique<base::WorkerPool>("disk-write", 1);
    disk_index = std::make_unique<base::WorkerPool>("index", 1);
    context.files = files.get();
    context.disk_readers = disk_readers.get();
    context.disk_writer = disk_writer.get();
    context.disk_index = disk_index.get();
  }
  auto opened = cache::Store::open(options, context);
  if (!opened) return std::unexpected(opened.error());
  store = std::move(*opened);
  return {};
}

base::Result<void> Node::State::open_listeners() {
  const EdgeConfig& config = revision->config;
  std::vector<http::EventLoop*> loops;
  std::vector<http::Handler> handlers;
  for (std::size_t i = 0; i < thread_count(config.node); ++i) {
    auto& client = *client_loops.emplace_back(std::make_unique<ClientLoop>(buffers));
    if (access_log->is_on()) client.log = std::make_unique<AccessLog::Buffer>(*access_log);
    client.worker =
        std::make_unique<Worker>(Worker{client.loop, client.client, *store, clock, edge_metrics,
                                        buffers, client.log.get(), revision, random_bits()});
    client.sweep.arm(kSweepInterval);
    loops.push_back(&client.loop);
    handlers.emplace_back([worker = client.worker.get()](http::Exchange& exchange) {
      return std::make_unique<Request>(*worker, exchange);
    });
  }
  server =
      std::make_unique<http::Server>(loops, std::move(handlers), config.limits, metrics, &buffers);
  for (const std::string& address : config.listen.http) {
    if (auto listening = server->listen(address, nullptr); !listening) {
      return base::fail(listening.error().code, "listen.http: " + listening.error().context);
    }
  }
  for (const std::string& address : config.listen.https) {
    if (auto listening = server->listen(address, &certificates); !listening) {
      return base::fail(listening.error().code, "listen.https: " + listening.error().context);
    }
  }
  if (config.listen.admin.empty()) return {};
  admin_context = std::make_unique<AdminContext>(AdminContext{
      control, *store, metrics, clock, [this] { return revision; }, [this] { return is_draining; },
      [this] { drain(revision->config.drain_patience); }});
  http::EventLoop* control_loop = &control;
  admin_server = std::make_unique<http::Server>(
      std::span(&control_loop, 1), std::vector<http::Handler>{[this](http::Exchange& exchange) {
        return make_admin_responder(*admin_context, exchange);
      }},
      http::Limits{.connections_max = 256}, metrics);
  if (auto listening = admin_server->listen(config.listen.admin, nullptr); !listening) {
    return base::fail(listening.error().code, "listen.admin: " + listening.error().context);
  }
  return {};
}

// Before any loop sees the revision.
void Node::State::give_sites_metrics() {
  for (const auto& site : revision->sites.all()) site->metrics = &edge_metrics.site(site->name);
}

void Node::State::reload() {
  if (is_draining) {  // It ends; a supervisor must not hear READY again.
    base::log_warning("config.not_read", {{"reason", "the node is draining"}});
    return;
  }
  base::sd_notify_reloading();
  auto config = base::read_config<EdgeConfig>(config_file);
  base::Result<void> loaded;
  if (!config) {
    loaded = std::unexpected(config.error());
  } else if (!config->tls.certificate.empty()) {
    loaded = certificates.reload(certificates_of(config->tls));
  }
  access_log->reopen();
  if (!loaded) {
    base::log_error("config.refused", {{"reason", loaded.error().context},
                                       {"kept_revision", std::to_string(revision->number)}});
  } else {
    auto pending = base::keep_until_restart(revision->config, *config);
    for (const base::PendingOption& option : pending) {
      base::log_warning(
          "config.restart_needed",
          {{"option", option.key}, {"in_force", option.in_force}, {"wanted", option.wanted}});
    }
    base::set_log_level(config->log.level);
    warn_of_expiry(certificates, clock.wall());
    const auto next =
        std::make_shared<const Revision>(*config, revision->number + 1, clock, std::move(pending));
    next->sites.inherit_health(revision->sites);
    revision = next;
    server->set_limits(revision->config.limits);
    health_checks.watch(revision);
    origin_gauges.watch(*revision);
    certificate_gauges.watch(certificates);
    give_sites_metrics();
    for (auto& client : client_loops) {
      client->loop.post(
          [worker = client->worker.get(), next = revision] { worker->revision = next; });
    }
    base::log_info("config.applied", {{"revision", std::to_string(revision->number)}});
  }
  base::sd_notify("READY=1");
}

void Node::State::drain(std::chrono::milliseconds patience) {
  if (is_draining) return;
  is_draining = true;
  base::sd_notify("STOPPING=1");
  base::log_info("node.draining", {{"patience_ms", std::to_string(patience.count())}});
  server->drain(patience, [this] { control.post([this] { control.stop(); }); });
}

// Loops end first, then what they used; the store writes what is queued for disk.
void Node::State::stop() {
  for (auto& client : client_loops) client->loop.stop();
  for (auto& fill : fill_loops) fill->loop.stop();
  threads.clear();
  store->close();
  // What the disk has read since then was sent to loops that had ended, and it holds blocks of the
  // store's memory, as the requests do: all of it goes before the store.
  gauges.reset();
  server.reset();
  admin_server.reset();
  for (auto& client : client_loops) client->loop.drop_tasks();
  for (auto& fill : fill_loops) fill->loop.drop_tasks();
}

base::Result<std::unique_ptr<Node>> Node::start(const EdgeConfig& config, std::string config_file) {
  auto state = std::make_unique<State>(config, std::move(config_file));
  state->give_sites_metrics();
  // Keys are read as who we are; what we write from now on belongs to the user that we become.
  if (!config.tls.certificate.empty()) {
    if (auto loaded = state->certificates.reload(certificates_of(config.tls)); !loaded) {
      return base::fail(loaded.error().code, "tls: " + loaded.error().context);
    }
    warn_of_expiry(state->certificates, state->clock.wall());
  }
  auto user = AsUser::become(config.node.user);
  if (!user) return base::fail(user.error().code, "node.user: " + user.error().context);
  auto log = AccessLog::open(config.log.access, config.log.form);
  if (!log) return std::unexpected(log.error());
  state->access_log = std::move(*log);
  if (auto opened = state->open_store(); !opened) {
    return base::fail(opened.error().code, "cache: " + opened.error().context);
  }
  user->end();  // Ports below 1024 need who we were.
  if (auto opened = state->open_listeners(); !opened) {
    state->store->close();
    return std::unexpected(opened.error());
  }
  if (!config.node.user.empty()) {
    if (auto dropped = become_user(config.node.user); !dropped) {
      state->store->close();
      return base::fail(dropped.error().code, "node.user: " + dropped.error().context);
    }
  }
  return std::unique_ptr<Node>(new Node(std::move(state)));
}

Node::Node(std::unique_ptr<State> state) : state_(std::move(state)) {}

Node::~Node() = default;

void Node::run(base::Signals& signals) {
  State& state = *state_;
  std::vector<http::EventLoop*> watched;
  for (std::size_t i = 0; i < state.fill_loops.size(); ++i) {
    http::EventLoop& loop = state.fill_loops[i]->loop;
    watched.push_back(&loop);
    state.threads.emplace_back("fill-" + std::to_string(i), [&loop] { loop.run(); });
  }
  for (std::size_t i = 0; i < state.client_loops.size(); ++i) {
    http::EventLoop& loop = state.client_loops[i]->loop;
    watched.push_back(&loop);
    state.threads.emplace_back("worker-" + std::to_string(i), [&loop] { loop.run(); });
  }
  state.gauges =
      std::make_unique<NodeGauges>(state.metrics, *state.store, *state.server, *state.access_log,
                                   state.buffers, watched, [&state] { return state.revision; });
  state.health_checks.watch(state.revision);
  state.origin_gauges.watch(*state.revision);
  state.certificate_gauges.watch(state.certificates);
  signals.start(state.control, [&state](int signal) {
    switch (signal) {
      case SIGHUP:
        state.reload();
        break;
      case SIGQUIT:
        state.drain(state.revision->config.drain_patience);
        break;
      default:
        if (state.is_draining) {
          state.control.stop();  // Asked twice: at once.
        } else {
          state.drain(kStopPatience);
        }
    }
  });
  const EdgeConfig& config = state.revision->config;
  for (const auto& [as, addresses] : {std::pair{"http", config.listen.http},
                                      {"https", config.listen.https},
                                      {"admin", std::vector{config.listen.admin}}}) {
    for (const std::string& address : addresses) {
      if (!address.empty()) base::log_info("node.listening", {{"as", as}, {"address", address}});
    }
  }
  base::log_info("node.ready",
                 {{"name", config.node.name},
                  {"version", std::string(base::version())},
                  {"sites", std::to_string(config.sites.size())},
                  {"cache", config.cache.path.empty() ? "memory" : config.cache.path}});
  base::sd_notify("READY=1");
  state.control.run();
  state.stop();
  base::log_info("node.stopped", {});
}

}  // namespace edge
