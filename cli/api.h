// Api: the origin's API as the command line uses it. docs/platform.md.
//
// Threads    One at a time.
// Errors     With a sentence for the user: what failed and what to do. kDenied: the token; kNotFound;
//            kNoSpace; kUnreachable; kInvalid: refused for what it is.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/settings.h"
#include "http/blocking_client.h"

namespace cli {

class Api {
 public:
  explicit Api(Settings settings) : settings_(std::move(settings)) {}

  base::Result<std::vector<std::string>> missing(const std::vector<std::string>& hashes);
  // `on_sent` hears how many of the bytes have left; 0 when they are sent once more.
  base::Result<void> put_chunk(const std::string& hash, std::string_view bytes,
                               std::function<void(std::uint64_t sent)> on_sent);
  // A video as the server describes it; not new: with "once", there was one of the same file already.
  struct MadeVideo {
    nlohmann::json video;
    bool is_new = true;
  };
  // Passes 409 (chunks that are missing) on as kBusy.
  base::Result<MadeVideo> create_video(const nlohmann::json& video);
  base::Result<nlohmann::json> get(const std::string& path);
  base::Result<nlohmann::json> post(const std::string& path, const nlohmann::json& body);
  // Any bytes.
  base::Result<nlohmann::json> put(const std::string& path, std::string_view body);
  base::Result<nlohmann::json> remove(const std::string& path);
  // The events of a stream as they come, each an object, until `on_event` says false or the stream
  // ends. Not tried again. kTimeout: none came, as when a proxy holds them back.
  base::Result<void> listen(const std::string& path,
                            const std::function<bool(const nlohmann::json& event)>& on_event);

  [[nodiscard]] const std::string& server() const { return settings_.server; }
  [[nodiscard]] const Settings& settings() const { return settings_; }

 private:
  base::Result<http::BlockingAnswer> call(http::BlockingRequest request);
  base::Result<http::BlockingAnswer> send_json(const std::string& path, const nlohmann::json& body);

  const Settings settings_;
  http::BlockingClient client_;
};

// As one segment of a path, or a value of a query.
std::string percent_encode(std::string_view text);

}  // namespace cli
