#include "cli/api.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <utility>

#include "cli/event_reader.h"

namespace cli {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr int kTries = 6;
constexpr std::chrono::milliseconds kPause{300};  // Doubled each time.

// The server tells the first event at once, and then says something every 15 s.
constexpr std::chrono::milliseconds kFirstEventMax{5'000};
constexpr std::chrono::milliseconds kSilenceMax{40'000};

std::string detail_of(const http::BlockingAnswer& answer) {
  const json document = json::parse(answer.body, nullptr, false);
  if (document.is_object() && document.contains("detail") && document["detail"].is_string()) {
    return document["detail"];
  }
  return "the server answered " + std::to_string(answer.status);
}

ErrorCode code_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::kDenied;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kBusy;
    case 413:
      return ErrorCode::kTooLarge;
    case 507:
      return ErrorCode::kNoSpace;
    default:
      return status >= 500 ? ErrorCode::kUnreachable : ErrorCode::kInvalid;
  }
}

base::Result<json> json_of(const base::Result<http::BlockingAnswer>& answer) {
  if (!answer) return std::unexpected(answer.error());
  json value = json::parse(answer->body.empty() ? "{}" : answer->body, nullptr, false);
  if (!value.is_object()) {
    return base::fail(ErrorCode::kProtocol,
                      "the server's answer is no JSON object: is this a Headrace server?");
  }
  return value;
}

// The server can't know how the token gets here: what it says of a 401 is for those who write requests.
std::string about_token(const Settings& settings) {
  return std::string(settings.token.empty() ? "the server wants a token"
                                            : "the server does not take this token") +
         ": give one with --token, HEADRACE_TOKEN, or token = \"hr_…\" in the config file "
         "(~/.config/headrace/config.toml); headrace-origin token create NAME, on the origin's "
         "machine, makes one";
}

base::Error refusal(const http::BlockingAnswer& answer, const Settings& settings) {
  return {code_of(answer.status), answer.status == 401 ? about_token(settings) : detail_of(answer)};
}

}  // namespace

// What passes is tried again: a server that restarts, a link that breaks.
base::Result<http::BlockingAnswer> Api::call(http::BlockingRequest request) {
  request.url = settings_.server + request.url;
  if (!settings_.token.empty()) request.fields.set("authorization", "Bearer " + settings_.token);
  auto pause = kPause;
  for (int tries = 1;; ++tries, pause *= 2) {
    auto answer = client_.fetch(request);
    const bool passing =
        answer ? (answer->status >= 500 && answer->status != 507) || answer->status == 429
               : answer.error().code == ErrorCode::kUnreachable ||
                     answer.error().code == ErrorCode::kTimeout ||
                     answer.error().code == ErrorCode::kProtocol;
    if (passing && tries < kTries) {
      if (request.on_sent) request.on_sent(0);
      std::this_thread::sleep_for(pause);
      continue;
    }
    if (!answer) return answer;
    if (answer->status >= 400) return std::unexpected(refusal(*answer, settings_));
    return answer;
  }
}

base::Result<void> Api::listen(const std::string& path,
                               const std::function<bool(const json& event)>& on_event) {
  http::BlockingRequest request{.url = settings_.server + path,
                                .fields = {{"accept", "text/event-stream"}},
                                .body_timeout = kFirstEventMax,
                                .stall_timeout = kSilenceMax};
  if (!settings_.token.empty()) request.fields.set("authorization", "Bearer " + settings_.token);
  EventReader reader;
  request.on_body = [&](std::string_view bytes) {
    const auto events = reader.take(bytes);
    if (!events) return false;
    for (const std::string& text : *events) {
      const json event = json::parse(text, nullptr, false);
      if (event.is_object() && !on_event(event)) return false;
    }
    return true;
  };
  const auto answer = client_.fetch(request);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status >= 400) return std::unexpected(refusal(*answer, settings_));
  return {};
}

base::Result<std::vector<std::string>> Api::missing(const std::vector<std::string>& hashes) {
  const auto answer = post("/api/v1/chunks/missing", {{"hashes", hashes}});
  if (!answer) return std::unexpected(answer.error());
  try {
    return answer->at("missing").get<std::vector<std::string>>();
  } catch (const json::exception&) {
    return base::fail(ErrorCode::kProtocol, "the server's answer is not as it should be");
  }
}

base::Result<void> Api::put_chunk(const std::string& hash, std::string_view bytes,
                                  std::function<void(std::uint64_t sent)> on_sent) {
  const auto answer = call({.method = "PUT",
                            .url = "/api/v1/chunks/" + hash,
                            .fields = {{"content-type", "application/octet-stream"}},
                            .body = bytes,
                            .on_sent = std::move(on_sent)});
  if (!answer) return std::unexpected(answer.error());
  return {};
}

base::Result<Api::MadeVideo> Api::create_video(const json& video) {
  const auto answer = send_json("/api/v1/videos", video);
  auto made = json_of(answer);
  if (!made) return std::unexpected(made.error());
  return MadeVideo{.video = std::move(*made), .is_new = answer->status == 201};
}

base::Result<json> Api::get(const std::string& path) { return json_of(call({.url = path})); }

base::Result<json> Api::put(const std::string& path, std::string_view body) {
  return json_of(call({.method = "PUT",
                       .url = path,
                       .fields = {{"content-type", "application/octet-stream"}},
                       .body = body}));
}

base::Result<json> Api::remove(const std::string& path) {
  return json_of(call({.method = "DELETE", .url = path}));
}

base::Result<json> Api::post(const std::string& path, const json& body) {
  return json_of(send_json(path, body));
}

base::Result<http::BlockingAnswer> Api::send_json(const std::string& path, const json& body) {
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return call({.method = "POST",
               .url = path,
               .fields = {{"content-type", "application/json"}},
               .body = text});
}

std::string percent_encode(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    escaped += is_plain
                   ? std::string(1, c)
                   : fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return escaped;
}

}  // namespace cli
