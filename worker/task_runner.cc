#include "worker/task_runner.h"

#include <cstring>
#include <functional>
#include <utility>

#include "base/json_bounds.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "worker/planned_outputs.h"
#include "worker/product.h"
#include "worker/sandbox/child_process.h"

namespace worker {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::chrono::milliseconds kLastWordsPatience{10'000};
// Of what the decoder says of a task: a probe has 4, and some forty.
constexpr base::JsonBounds kResultBounds{.nesting_max = 16, .values_max = 1'000};
// The decoder gives its products out one after the other; the parent keeps each whole until it is closed.
constexpr std::uint32_t kOutputsOpenMax = 1;

// Keeps the lease until it is destroyed.
class Heartbeat {
 public:
  Heartbeat(OriginClient& client, const Task& task, std::function<void()> on_lost)
      : client_(client), task_(task), on_lost_(std::move(on_lost)) {
    thread_ = base::Thread("heartbeat", [this] { beat(); });
  }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat() {
    {
      const base::MutexLock lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void set_position(std::int64_t position) { position_ = position; }
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  void beat() {
    const auto pause = task_.lease_time / 4;  // Three may be missed.
    while (true) {
      {
        const base::MutexLock lock(mutex_);
        if (!ended_) changed_.wait_for(mutex_, pause);
        if (ended_) return;
      }
      const auto kept = client_.heartbeat(task_, position_);
      if (kept || kept.error().code == ErrorCode::kUnreachable) continue;
      if (kept.error().code == ErrorCode::kAborted) return;
      lost_ = true;
      on_lost_();
      return;
    }
  }

  OriginClient& client_;
  const Task& task_;
  const std::function<void()> on_lost_;
  std::atomic<std::int64_t> position_{0};
  std::atomic<bool> lost_{false};
  base::Mutex mutex_;
  base::Condition changed_;
  bool ended_ GUARDED_BY(mutex_) = false;
  base::Thread thread_;
};

// The uploaded file, by ranges of the origin's.
class LeasedSource final : public sandbox::ByteSource {
 public:
  LeasedSource(OriginClient& client, const Task& task) : client_(client), task_(task) {}
  [[nodiscard]] base::Bytes size() const override { return base::Bytes(task_.source_size); }
  base::Result<void> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const auto bytes = client_.source(task_, offset, into.size());
    if (!bytes) return std::unexpected(bytes.error());
    std::memcpy(into.data(), bytes->data(), into.size());
    return {};
  }

 private:
  OriginClient& client_;
  const Task& task_;
};

// Products, whole, to the origin; one open at a time (kOutputsOpenMax), so that it holds no more.
class LeasedSink final : public sandbox::ResultSink {
 public:
  LeasedSink(OriginClient& client, const Task& task, Heartbeat& heartbeat)
      : client_(client), task_(task), heartbeat_(heartbeat) {}

  base::Result<void> open(std::uint32_t, sandbox::OutputKind, std::string_view) override {
    return {};
  }
  base::Result<void> write(std::uint32_t, std::string_view bytes) override {
    output_ += bytes;
    return {};
  }
  base::Result<void> close(std::uint32_t) override {
    const std::string output = std::exchange(output_, {});
    const auto parts = split_product(output);
    if (!parts) return std::unexpected(parts.error());
    return client_.put(task_, parts->key, parts->bytes);
  }
  base::Result<void> progressed(std::chrono::microseconds decoded) override {
    heartbeat_.set_position(decoded.count());
    return {};
  }

 private:
  OriginClient& client_;
  const Task& task_;
  Heartbeat& heartbeat_;
  std::string output_;
};

// This machine can't confine what decodes, where another may.
bool cannot_confine(const sandbox::Exit& exit) {
  return exit.kind == sandbox::Exit::Kind::kAborted && exit.code == ErrorCode::kUnsupported;
}

// The origin was away, or in trouble with its storage, until patience was over. (Products that are
// refused and a source that is gone are failures.)
bool origin_was_in_trouble(const sandbox::Exit& exit) {
  return exit.kind == sandbox::Exit::Kind::kAborted && exit.code == ErrorCode::kUnreachable;
}

// Null: a child that was taken over has said it.
json parse_result(const std::string& text) {
  if (!base::check_json_bounds(text, kResultBounds)) return {};
  return json::parse(text, nullptr, false);
}

}  // namespace

TaskRunner::TaskRunner(RunnerOptions options)
    : options_(std::move(options)),
      products_(options_.url, options_.token, options_.patience),
      source_(options_.url, options_.token, options_.patience),
      lease_(options_.url, options_.token, kLastWordsPatience),
      last_words_(options_.url, options_.token, kLastWordsPatience) {}

void TaskRunner::stop() {
  stop_.request_stop();
  products_.stop();
  source_.stop();
}

// A newer worker may understand it.
TaskRunner::Ending TaskRunner::refuse(const Task& task, const base::Error& error) {
  base::log_warning(
      "task.not_done",
      {{"task", std::to_string(task.id)}, {"how", "refused"}, {"detail", error.context}});
  const auto said = last_words_.fail(task, error.context, OriginClient::Verdict::kMayBeTriedAgain);
  return said ? Ending::kFailed : Ending::kLeaseLost;
}

TaskRunner::Ending TaskRunner::run(const Task& task) {
  using Kind = sandbox::Exit::Kind;
  const auto outputs = planned_outputs(task.kind, task.spec);
  if (!outputs) return refuse(task, outputs.error());
  std::stop_source ends;
  const std::stop_callback when_stopped(stop_.get_token(), [&ends] { ends.request_stop(); });
  sandbox::Exit exit;
  bool lease_lost = false;
  {
    Heartbeat heartbeat(lease_, task, [&ends] { ends.request_stop(); });
    LeasedSource source(source_, task);
    LeasedSink sink(products_, task, heartbeat);
    sandbox::ChildSpec child;
    child.arguments = options_.child_arguments;
    child.order =
        json{{"kind", task.kind}, {"spec", task.spec}, {"threads", options_.threads}}.dump();
    child.conversation.outputs_max = *outputs;
    child.conversation.outputs_open_max = kOutputsOpenMax;
    child.required = options_.required;
    child.run_time_max = std::chrono::hours(6);
    child.limits.cpu_time = std::chrono::hours(12);
    exit = sandbox::run_in_child(child, source, sink, ends.get_token());
    lease_lost = heartbeat.lost();
  }
  if (exit.kind != Kind::kOk) {
    base::log_warning("task.not_done", {{"task", std::to_string(task.id)},
                                        {"how", std::string(sandbox::name_of(exit.kind))},
                                        {"detail", exit.detail},
                                        {"said", exit.standard_error}});
  }
  // In trouble: the lease runs out, which is counted when nothing came of it. A task given back would come
  // first again, with nobody counting, when it is one chunk that can't be read.
  if (lease_lost || origin_was_in_trouble(exit)) return Ending::kLeaseLost;
  base::Result<void> said;
  Ending ending = Ending::kDone;
  if (exit.kind == Kind::kOk) {
    const auto missing = last_words_.complete(task, parse_result(exit.result));
    if (!missing) {
      said = std::unexpected(missing.error());
    } else if (!missing->empty()) {
      ending = Ending::kFailed;
      said = last_words_.fail(task, "outputs were missing, " + missing->front() + " first",
                              OriginClient::Verdict::kMayBeTriedAgain);
    }
  } else if (stop_.stop_requested() || cannot_confine(exit)) {
    ending = Ending::kGivenBack;
    said = last_words_.give_back(task);
  } else {
    // What the decoder says of the file it will say again; crashes and hangs may be the machine's.
    ending = Ending::kFailed;
    said = last_words_.fail(task, exit.sentence.empty() ? exit.detail : exit.sentence,
                            exit.kind == Kind::kFailed ? OriginClient::Verdict::kFinal
                                                       : OriginClient::Verdict::kMayBeTriedAgain);
  }
  if (!said) {
    base::log_warning("task.not_told",
                      {{"task", std::to_string(task.id)}, {"reason", said.error().context}});
    const ErrorCode code = said.error().code;
    if (code == ErrorCode::kBusy || code == ErrorCode::kUnreachable) {
      ending = Ending::kLeaseLost;
    } else if (ending == Ending::kDone) {
      ending = Ending::kFailed;  // The result was refused, and the origin has counted that.
    }
  }
  return ending;
}

}  // namespace worker
