// OriginClient: what a worker says to the origin. docs/worker-protocol.md.
//
// An origin that can't be reached, or is busy, is asked again with growing pauses, until `patience`
// is over or stop() is called: a restart of the origin costs a worker nothing.
//
// Threads    One at a time; stop() from any.
// Errors     kBusy: the lease is over. kDenied: the token is not good. kUnreachable: patience is
//            over. kAborted: stop(). kInvalid: refused, with the origin's sentence.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/blocking_client.h"

namespace worker {

struct Task {
  std::int64_t id = 0;
  std::string lease, kind, video;
  std::uint64_t source_size = 0;
  std::chrono::milliseconds lease_time{0};
  nlohmann::json spec;
};

class OriginClient {
 public:
  OriginClient(std::string url, std::string token, std::chrono::milliseconds patience)
      : url_(std::move(url)), token_(std::move(token)), patience_(patience) {}

  base::Result<std::optional<Task>> lease(const std::string& worker);
  base::Result<void> heartbeat(const Task& task, std::int64_t position_us);
  base::Result<std::string> source(const Task& task, std::uint64_t offset, std::uint64_t length);
  base::Result<void> put(const Task& task, std::string_view key, std::string_view bytes);
  // The keys that are missing; none: done.
  base::Result<std::vector<std::string>> complete(const Task& task, const nlohmann::json& result);
  enum class Verdict { kMayBeTriedAgain, kFinal };
  base::Result<void> fail(const Task& task, const std::string& reason, Verdict verdict);
  base::Result<void> give_back(const Task& task);

  void stop();

 private:
  base::Result<http::BlockingAnswer> call(http::BlockingRequest request);
  base::Result<http::BlockingAnswer> post(const std::string& path, const nlohmann::json& body);
  static std::string path_of(const Task& task, std::string_view what);

  const std::string url_, token_;
  const std::chrono::milliseconds patience_;
  http::BlockingClient client_;
  std::atomic<bool> stopped_{false};
};

}  // namespace worker
