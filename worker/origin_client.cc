#include "worker/origin_client.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/sha256.h"
#include "base/text_encoding.h"

namespace worker {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr int kProtocol = 2;  // docs/worker-protocol.md, "Versions".

constexpr std::chrono::milliseconds kPauseFirst{100};
constexpr std::chrono::milliseconds kPauseMax{5'000};

bool is_passing(const base::Error& error) {
  return error.code == ErrorCode::kUnreachable || error.code == ErrorCode::kTimeout ||
         error.code == ErrorCode::kProtocol;
}

// What the origin says, in a sentence.
std::string detail_of(const http::BlockingAnswer& answer) {
  const json document = json::parse(answer.body, nullptr, false);
  std::string detail = "the origin answered " + std::to_string(answer.status);
  if (document.is_object() && document.contains("detail") && document["detail"].is_string()) {
    detail += ": " + document["detail"].get<std::string>();
  }
  return detail;
}

std::string escape(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) {
      escaped += c;
    } else {
      escaped += '%';
      escaped += kDigits[static_cast<unsigned char>(c) >> 4];
      escaped += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  return escaped;
}

}  // namespace

void OriginClient::stop() {
  stopped_ = true;
  client_.stop();
}

std::string OriginClient::path_of(const Task& task, std::string_view what) {
  return "/api/v1/worker/tasks/" + std::to_string(task.id) + "/" + std::string(what);
}

base::Result<http::BlockingAnswer> OriginClient::call(http::BlockingRequest request) {
  request.url = url_ + request.url;
  request.fields.set("authorization", "Bearer " + token_);
  const auto until = std::chrono::steady_clock::now() + patience_;
  for (auto pause = kPauseFirst;; pause = std::min(pause * 2, kPauseMax)) {
    auto answer = client_.fetch(request);
    const bool again =
        answer ? answer->status >= 500 && answer->status != 501 : is_passing(answer.error());
    if (!again) {
      if (!answer) return answer;
      if (answer->status == 401) {
        return base::fail(ErrorCode::kDenied,
                          "the origin does not take this worker's token: make one with "
                          "headrace worker token");
      }
      if (answer->status == 409) return base::fail(ErrorCode::kBusy, detail_of(*answer));
      if (answer->status >= 400 && answer->status != 422) {
        return base::fail(ErrorCode::kInvalid, detail_of(*answer));
      }
      return answer;
    }
    if (stopped_) return base::fail(ErrorCode::kAborted, "stopped");
    if (std::chrono::steady_clock::now() + pause > until) {
      return base::fail(ErrorCode::kUnreachable,
                        answer ? detail_of(*answer) : answer.error().context);
    }
    // In small steps, so that stop() is heard.
    for (auto left = pause; left.count() > 0 && !stopped_; left -= kPauseFirst) {
      std::this_thread::sleep_for(std::min(left, kPauseFirst));
    }
  }
}

base::Result<http::BlockingAnswer> OriginClient::post(const std::string& path, const json& body) {
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return call({.method = "POST",
               .url = path,
               .fields = {{"content-type", "application/json"}},
               .body = text});
}

base::Result<std::optional<Task>> OriginClient::lease(const std::string& worker) {
  const auto answer =
      post("/api/v1/worker/lease", {{"worker", worker},
                                    {"protocol", kProtocol},
                                    {"kinds", {"probe", "audio", "transcode", "images"}}});
  if (!answer) return std::unexpected(answer.error());
  if (answer->status == 204) return std::optional<Task>();
  try {
    const json given = json::parse(answer->body);
    return Task{
        .id = given.at("id"),
        .lease = given.at("lease"),
        .kind = given.at("kind"),
        .video = given.at("video"),
        .source_size = given.at("source_size"),
        .lease_time = std::chrono::milliseconds(given.at("lease_ends_in_ms").get<std::int64_t>()),
        .spec = given.at("spec")};
  } catch (const json::exception& error) {
    return base::fail(ErrorCode::kProtocol, std::string("a task from the origin: ") + error.what());
  }
}

base::Result<void> OriginClient::heartbeat(const Task& task, std::int64_t position_us) {
  const auto answer =
      post(path_of(task, "heartbeat"), {{"lease", task.lease}, {"position_us", position_us}});
  if (!answer) return std::unexpected(answer.error());
  return {};
}

base::Result<std::string> OriginClient::source(const Task& task, std::uint64_t offset,
                                               std::uint64_t length) {
  const std::string range =
      "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1);
  auto answer = call(
      {.url = path_of(task, "source?lease=") + escape(task.lease), .fields = {{"range", range}}});
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 206 || answer->body.size() != length) {
    return base::fail(ErrorCode::kProtocol, "the origin's answer has not the bytes asked for");
  }
  return std::move(answer->body);
}

base::Result<void> OriginClient::put(const Task& task, std::string_view key,
                                     std::string_view bytes) {
  const base::Sha256::Digest digest = base::Sha256::of(bytes);
  const std::string repr =
      "sha-256=:" + base::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) +
      ":";
  const auto answer =
      call({.method = "PUT",
            .url = path_of(task, "outputs?key=") + escape(key) + "&lease=" + escape(task.lease),
            .fields = {{"repr-digest", repr}},
            .body = bytes});
  if (!answer) return std::unexpected(answer.error());
  if (answer->status / 100 != 2) return base::fail(ErrorCode::kInvalid, detail_of(*answer));
  return {};
}

base::Result<std::vector<std::string>> OriginClient::complete(const Task& task,
                                                              const json& result) {
  const auto answer = post(path_of(task, "complete"), {{"lease", task.lease}, {"result", result}});
  if (!answer) return std::unexpected(answer.error());
  if (answer->status / 100 == 2) return std::vector<std::string>();
  const json document = json::parse(answer->body, nullptr, false);
  if (document.is_object() && document.contains("missing")) {
    return document["missing"].get<std::vector<std::string>>();
  }
  return base::fail(ErrorCode::kInvalid, detail_of(*answer));
}

base::Result<void> OriginClient::fail(const Task& task, const std::string& reason,
                                      Verdict verdict) {
  const auto answer =
      post(path_of(task, "fail"),
           {{"lease", task.lease}, {"reason", reason}, {"final", verdict == Verdict::kFinal}});
  if (!answer) return std::unexpected(answer.error());
  return {};
}

base::Result<void> OriginClient::give_back(const Task& task) {
  const auto answer = post(path_of(task, "give-back"), {{"lease", task.lease}});
  if (!answer) return std::unexpected(answer.error());
  return {};
}

}  // namespace worker
