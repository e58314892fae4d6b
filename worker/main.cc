// headrace-worker: leases tasks from the origin and does them. docs/worker-protocol.md.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/sd_notify.h"
#include "base/signals.h"
#include "base/thread.h"
#include "base/version.h"
#include "http/event_loop.h"
#include "worker/decoder.h"
#include "worker/sandbox_trial.h"
#include "worker/task_runner.h"

namespace {

constexpr std::chrono::milliseconds kIdlePause{500};
constexpr std::chrono::milliseconds kTroublePause{2'000};

struct Options {
  std::string url = "http://127.0.0.1:9000";
  std::string token, token_file;
  unsigned tasks = 0;
  unsigned threads = 0;
  bool without_landlock = false;
  bool verbose = false;
};

// One task after the other until stopped.
class Lane {
 public:
  Lane(const worker::RunnerOptions& options, std::string name)
      : runner_(options),
        client_(options.url, options.token, kTroublePause),
        name_(std::move(name)) {
    thread_ = base::Thread(name_.substr(name_.rfind('/') + 1), [this] { work(); });
  }
  void stop() {
    stopped_ = true;
    client_.stop();
    runner_.stop();
  }
  void join() { thread_.join(); }

 private:
  void work() {
    while (!stopped_) {
      const auto task = client_.lease(name_);
      if (!task) {
        if (stopped_) return;
        base::log_warning("worker.no_task", {{"reason", task.error().context}});
        pause(kTroublePause);
      } else if (!*task) {
        pause(kIdlePause);
      } else {
        run(**task);
      }
    }
  }
  void run(const worker::Task& task) {
    const auto began = std::chrono::steady_clock::now();
    base::log_info("task.leased",
                   {{"task", std::to_string(task.id)}, {"kind", task.kind}, {"video", task.video}});
    const auto ending = runner_.run(task);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began);
    const char* how = ending == worker::TaskRunner::Ending::kDone        ? "done"
                      : ending == worker::TaskRunner::Ending::kFailed    ? "failed"
                      : ending == worker::TaskRunner::Ending::kGivenBack ? "given_back"
                                                                         : "lease_lost";
    base::log_info(
        "task.ended",
        {{"task", std::to_string(task.id)}, {"how", how}, {"ms", std::to_string(took.count())}});
    // By this machine, which can't do it now: so that it is not given back again at once.
    if (ending == worker::TaskRunner::Ending::kGivenBack) pause(kTroublePause);
  }
  void pause(std::chrono::milliseconds time) {
    for (; time.count() > 0 && !stopped_; time -= std::chrono::milliseconds(50)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  worker::TaskRunner runner_;
  worker::OriginClient client_;
  const std::string name_;
  std::atomic<bool> stopped_{false};
  base::Thread thread_;
};

// docs/sandbox.md. Another start on this machine ends the same way.
constexpr int kCannotConfine = 3;

int refuse(const std::string& sentence, int code = 1) {
  std::fprintf(stderr, "headrace-worker: %s\n", sentence.c_str());
  return code;
}

std::string first_line_of(const std::string& file) {
  std::string line;
  if (FILE* opened = std::fopen(file.c_str(), "r")) {
    for (int c; (c = std::fgetc(opened)) != EOF && c != '\n';) line += static_cast<char>(c);
    std::fclose(opened);
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Takes transcoding tasks from a headrace-origin.", "headrace-worker");
  Options options;
  app.add_option("--origin", options.url, "URL of the origin, or of an edge before it")
      ->capture_default_str();
  app.add_option("--token-file", options.token_file,
                 "file with a worker's token; else HEADRACE_WORKER_TOKEN is read");
  app.add_option("--tasks", options.tasks, "tasks at a time; 0: one for each core");
  app.add_option("--threads", options.threads,
                 "threads of each task's largest encoder; 0: fitting");
  app.add_flag("--without-landlock", options.without_landlock,
               "go on where the kernel has no Landlock");
  app.add_flag("--verbose", options.verbose, "log more");
  app.set_version_flag("--version", "headrace-worker " + std::string(base::version()));
  CLI::App* decode = app.add_subcommand("decode", "the sandboxed process")->group("");
  CLI11_PARSE(app, argc, argv);
  if (*decode) worker::run_decoder();

  base::Signals signals;
  if (options.verbose) base::set_log_level(base::LogLevel::kDebug);
  if (!options.token_file.empty()) {
    options.token = first_line_of(options.token_file);
    if (options.token.empty()) return refuse(options.token_file + " has no token in it");
  } else if (const char* token = std::getenv("HEADRACE_WORKER_TOKEN")) {
    options.token = token;
  }
  if (options.token.empty()) {
    return refuse(
        "expected --token-file or HEADRACE_WORKER_TOKEN; make a token with "
        "headrace worker token, or on the origin's machine with "
        "headrace-origin token create NAME --worker");
  }
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  if (options.tasks == 0) options.tasks = cores;
  if (options.threads == 0) options.threads = std::max(1u, cores / options.tasks);

  worker::sandbox::Protections required = worker::sandbox::Protections::required();
  if (options.without_landlock) required.remove(worker::sandbox::Protection::kLandlock);

  const auto walls = worker::try_sandbox({"decode"}, required);
  if (!walls) {
    const bool is_known = walls.error().code == base::ErrorCode::kUnsupported;
    return refuse(walls.error().context, is_known ? kCannotConfine : 1);
  }

  char host[256] = "worker";
  ::gethostname(host, sizeof host - 1);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (unsigned i = 0; i < options.tasks; ++i) {
    lanes.push_back(std::make_unique<Lane>(
        worker::RunnerOptions{.url = options.url,
                              .token = options.token,
                              .threads = static_cast<int>(options.threads),
                              .child_arguments = {"decode"},
                              .required = required},
        std::string(host) + "-" + std::to_string(::getpid()) + "/" + std::to_string(i)));
  }
  base::log_info("worker.ready", {{"origin", options.url},
                                  {"tasks", std::to_string(options.tasks)},
                                  {"confined_by", walls->to_string()}});
  base::sd_notify("READY=1");
  http::EventLoop loop;
  signals.start(loop, [&](int signal) {
    if (signal != SIGHUP) loop.stop();
  });
  loop.run();
  base::sd_notify("STOPPING=1");
  for (const auto& lane : lanes) lane->stop();
  for (const auto& lane : lanes) lane->join();
  base::log_info("worker.stopped", {});
  return 0;
}
