#include "origin/tasks/worker_api.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/sha256.h"
#include "base/text_encoding.h"
#include "http/range.h"
#include "origin/api/held_body.h"

namespace origin {
namespace {

using base::ErrorCode;
using nlohmann::json;

// docs/worker-protocol.md, "Versions": an older worker would not understand what tasks say.
constexpr int kProtocolMin = 2;

constexpr std::size_t kSmallBody = 64u << 10;
constexpr std::size_t kResultBytesMax = 4u << 20;
constexpr std::size_t kOutputBytesMax = 256u << 20;
constexpr std::uint64_t kSourceRangeMax = 16u << 20;

std::unexpected<base::Error> invalid(std::string sentence) {
  return base::fail(ErrorCode::kInvalid, std::move(sentence), base::Blame::kClient);
}

base::Result<std::int64_t> task_id(const ApiCall& call) {
  std::int64_t id = 0;
  const std::string& text = call.names[0];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size()) return id;
  return base::fail(ErrorCode::kNotFound, "no such task", base::Blame::kClient);
}

// The lease that a call speaks of, in its body or its query.
base::Result<Lease> leased(const WorkerServices& services, const ApiCall& call,
                           std::string_view lease) {
  const auto id = task_id(call);
  if (!id) return std::unexpected(id.error());
  return services.queue.check(*id, lease);
}

std::string lease_in_query(const ApiCall& call) {
  const auto lease = call.query.find("lease");
  return lease == call.query.end() ? "" : lease->second;
}

// A newer worker may name kinds that are not known here: there are no such tasks.
base::Result<std::vector<TaskKind>> kinds_in(const json& request) {
  std::set<TaskKind> kinds;
  bool any = false;
  for (const json& word : request.value("kinds", json::array())) {
    if (!word.is_string()) continue;
    any = true;
    if (const auto kind = task_kind_of(word.get_ref<const std::string&>())) kinds.insert(*kind);
  }
  if (!any) return invalid("\"kinds\" must name the kinds of tasks that can be done");
  return std::vector<TaskKind>(kinds.begin(), kinds.end());
}

base::Result<ApiAnswer> lease(const WorkerServices& services, const ApiCall& call,
                              const std::string& body) {
  const auto request = parse_object(body);
  if (!request) return std::unexpected(request.error());
  const int protocol = request->value("protocol", 1);
  if (protocol < kProtocolMin) {
    return ApiAnswer::problem(400, "this worker speaks version " + std::to_string(protocol) +
                                       " of the protocol, and tasks are given from version " +
                                       std::to_string(kProtocolMin) +
                                       " on: update headrace-worker");
  }
  const auto kinds = kinds_in(*request);
  if (!kinds) return std::unexpected(kinds.error());
  const std::string worker = request->contains("worker") && (*request)["worker"].is_string()
                                 ? (*request)["worker"].get<std::string>()
                                 : call.caller->name;
  const auto task = services.queue.lease(worker, *kinds);
  if (!task) return std::unexpected(task.error());
  if (!*task) {
    ApiAnswer nothing = ApiAnswer::empty();
    nothing.fields.add("retry-after", "1");
    return nothing;
  }
  const auto size = services.catalogue.source_size((*task)->video);
  if (!size) return std::unexpected(size.error());
  return ApiAnswer::json({{"id", (*task)->task},
                          {"lease", (*task)->id},
                          {"lease_ends_in_ms", services.queue.limits().lease_time.count()},
                          {"kind", name_of((*task)->kind)},
                          {"video", (*task)->video},
                          {"source_size", *size},
                          {"spec", json::parse((*task)->spec, nullptr, false)}});
}

base::Result<ApiAnswer> heartbeat(const WorkerServices& services, const ApiCall& call,
                                  const std::string& body) {
  const auto request = parse_object(body);
  if (!request) return std::unexpected(request.error());
  const auto id = task_id(call);
  if (!id) return std::unexpected(id.error());
  const auto position = request->find("position_us");
  const std::int64_t at = position != request->end() && position->is_number_integer()
                              ? position->get<std::int64_t>()
                              : 0;
  const std::string lease_id = request->value("lease", "");
  if (auto kept = services.queue.heartbeat(*id, lease_id, at); !kept) {
    return std::unexpected(kept.error());
  }
  return ApiAnswer::json({{"lease_ends_in_ms", services.queue.limits().lease_time.count()}});
}

// From the chunks that have a part of it.
base::Result<std::string> read_source(const WorkerServices& services, const std::string& video,
                                      const http::ByteRange& range) {
  const auto chunks = services.catalogue.source(video, range.first, range.last + 1);
  if (!chunks) return std::unexpected(chunks.error());
  std::string bytes(range.length(), '\0');
  std::uint64_t next = range.first;
  for (const Catalogue::SourceChunk& chunk : *chunks) {
    if (chunk.first > next) break;
    const std::uint64_t end = std::min(range.last + 1, chunk.first + chunk.size);
    if (auto read = services.chunks.read(chunk.hash, next - chunk.first,
                                         {bytes.data() + (next - range.first), end - next});
        !read) {
      return std::unexpected(read.error());
    }
    next = end;
  }
  if (next == range.last + 1) return bytes;
  return base::fail(ErrorCode::kCorrupt,
                    "the source of " + video + " has no chunk for byte " + std::to_string(next));
}

base::Result<ApiAnswer> source(const WorkerServices& services, const ApiCall& call) {
  const auto task = leased(services, call, lease_in_query(call));
  if (!task) return std::unexpected(task.error());
  const auto size = services.catalogue.source_size(task->video);
  if (!size) return std::unexpected(size.error());
  const auto specs = http::parse_range(call.field("range"));
  if (!specs || specs->size() != 1) return invalid("one range of bytes must be asked for");
  const auto ranges = http::resolve(*specs, *size);
  if (ranges.size() != 1) {
    ApiAnswer answer = ApiAnswer::problem(416, "the source has no such bytes");
    answer.fields.add("content-range", http::format_unsatisfied(*size));
    return answer;
  }
  http::ByteRange range = ranges.front();
  range.last = std::min(range.last, range.first + kSourceRangeMax - 1);
  base::ByteBudget::Share held(&services.ranges);
  if (!held.try_hold(range.length())) {
    return base::fail(ErrorCode::kOverloaded,
                      "ranges that workers have not taken yet have as much as data.bodies_max");
  }
  auto bytes = read_source(services, task->video, range);
  if (!bytes) return std::unexpected(bytes.error());
  return ApiAnswer{
      206,
      {{"content-type", "application/octet-stream"},
       {"cache-control", "no-store"},
       {"content-range", "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) +
                             "/" + std::to_string(*size)}},
      std::move(*bytes),
      std::move(held)};
}

// An output in memory: segments have some megabytes.
class OutputTaker final : public BodyTaker {
 public:
  OutputTaker(const WorkerServices& services, Lease task, std::string key, std::string digest)
      : work_(services.work),
        task_(std::move(task)),
        key_(std::move(key)),
        digest_(std::move(digest)),
        body_(services.bodies, kOutputBytesMax) {}

  base::Result<void> take(std::string_view bytes) override { return body_.append(bytes); }

  base::Result<ApiAnswer> finish() override {
    const base::Sha256::Digest digest = base::Sha256::of(body_.view());
    const std::string expected =
        "sha-256=:" +
        base::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) + ":";
    if (digest_ != expected) return invalid("Repr-Digest is not the body's: " + expected);
    const auto stored = work_.store(task_, {.key = key_, .bytes = body_.take()});
    if (!stored) return std::unexpected(stored.error());
    return ApiAnswer::empty(*stored == Work::Stored::kNew ? 201 : 200);
  }

 private:
  Work& work_;
  const Lease task_;
  const std::string key_;
  const std::string digest_;
  HeldBody body_;
};

base::Result<std::unique_ptr<BodyTaker>> take_output(const WorkerServices& services,
                                                     const ApiCall& call) {
  auto task = leased(services, call, lease_in_query(call));
  if (!task) return std::unexpected(task.error());
  const auto key = call.query.find("key");
  if (key == call.query.end()) return invalid("the query must have the output's \"key\"");
  return std::make_unique<OutputTaker>(services, std::move(*task), key->second,
                                       std::string(call.field("repr-digest")));
}

// A probe that made no tasks has failed: by what the file is, or by the worker that should have told it.
base::Result<ApiAnswer> fail_probe(const WorkerServices& services, const ApiCall& call,
                                   const Lease& task, const base::Error& why) {
  if (why.code == ErrorCode::kInvalid) {
    if (auto failed = services.work.fail(task, why.context, Queue::Verdict::kFinal); !failed) {
      return std::unexpected(failed.error());
    }
    return ApiAnswer::json({{"done", true}});
  }
  base::log_warning("task.result_refused", {{"task", std::to_string(task.task)},
                                            {"worker", call.caller->name},
                                            {"reason", why.context}});
  const std::string reason =
      "The worker that looked at the file gave a result that makes no sense (" + why.context +
      "); the file is not to blame. Worker and origin may be of different versions.";
  if (auto failed = services.work.fail(task, reason, Queue::Verdict::kMayBeTriedAgain); !failed) {
    return std::unexpected(failed.error());
  }
  return ApiAnswer::problem(400, "the probe result makes no sense: " + why.context +
                                     ". Worker and origin may be of different versions");
}

base::Result<ApiAnswer> complete(const WorkerServices& services, const ApiCall& call,
                                 const std::string& body) {
  const auto request = parse_object(body);
  if (!request) return std::unexpected(request.error());
  const auto task = leased(services, call, request->value("lease", ""));
  if (!task) return std::unexpected(task.error());
  const auto missing = services.work.complete(*task, request->value("result", json::object()));
  if (!missing) {
    const ErrorCode code = missing.error().code;
    const bool is_of_probe = task->kind == TaskKind::kProbe &&
                             (code == ErrorCode::kInvalid || code == ErrorCode::kProtocol);
    if (is_of_probe) return fail_probe(services, call, *task, missing.error());
    return std::unexpected(missing.error());
  }
  if (!missing->empty()) {
    return ApiAnswer::problem(422, "outputs are missing", {{"missing", *missing}});
  }
  return ApiAnswer::json({{"done", true}});
}

base::Result<ApiAnswer> fail(const WorkerServices& services, const ApiCall& call,
                             const std::string& body) {
  const auto request = parse_object(body);
  if (!request) return std::unexpected(request.error());
  const auto task = leased(services, call, request->value("lease", ""));
  if (!task) return std::unexpected(task.error());
  const auto verdict =
      request->value("final", false) ? Queue::Verdict::kFinal : Queue::Verdict::kMayBeTriedAgain;
  if (auto failed = services.work.fail(*task, request->value("reason", "no reason given"), verdict);
      !failed) {
    return std::unexpected(failed.error());
  }
  return ApiAnswer::empty();
}

base::Result<ApiAnswer> give_back(const WorkerServices& services, const ApiCall& call,
                                  const std::string& body) {
  const auto request = parse_object(body);
  if (!request) return std::unexpected(request.error());
  const auto id = task_id(call);
  if (!id) return std::unexpected(id.error());
  const std::string lease_id = request->value("lease", "");
  if (auto given = services.queue.give_back(*id, lease_id); !given) {
    return std::unexpected(given.error());
  }
  return ApiAnswer::empty();
}

// What is of a wrong type in a request is the asker's mistake.
Route::Handle guarded(const WorkerServices& services, auto handler) {
  return [&services, handler](const ApiCall& call,
                              const std::string& body) -> base::Result<ApiAnswer> {
    try {
      return handler(services, call, body);
    } catch (const json::exception& error) {
      return invalid(std::string("the body: ") + error.what());
    }
  };
}

}  // namespace

void add_worker_routes(Router& router, const WorkerServices& services) {
  const std::string task = "/api/v1/worker/tasks/{id}";
  const auto post = [&](const std::string& pattern, std::size_t body_max, auto handler) {
    router.add({.method = "POST",
                .pattern = pattern,
                .access = Access::kWorker,
                .body_max = body_max,
                .handle = guarded(services, handler)});
  };
  post("/api/v1/worker/lease", kSmallBody, lease);
  post(task + "/heartbeat", kSmallBody, heartbeat);
  post(task + "/complete", kResultBytesMax, complete);
  post(task + "/fail", kSmallBody, fail);
  post(task + "/give-back", kSmallBody, give_back);
  router.add({.method = "GET",
              .pattern = task + "/source",
              .access = Access::kWorker,
              .handle = [&services](const ApiCall& call, const std::string&) {
                return source(services, call);
              }});
  router.add({.method = "PUT",
              .pattern = task + "/outputs",
              .access = Access::kWorker,
              .take = [&services](const ApiCall& call) { return take_output(services, call); }});
}

}  // namespace origin
