#include "origin/api/call.h"

#include <utility>

#include "base/json_bounds.h"
#include "base/log.h"
#include "http/problem.h"

namespace origin {
namespace {

using base::ErrorCode;

constexpr base::JsonBounds kBodyBounds{.nesting_max = 32, .values_max = 1'000'000};

// Any bytes may stand in a string.
std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 422;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kDenied:
      return 403;
    case ErrorCode::kBusy:
      return 409;
    case ErrorCode::kUnsupported:
      return 415;
    case ErrorCode::kNoSpace:
      return 507;
    case ErrorCode::kOverloaded:
      return 503;
    default:
      return 500;
  }
}

}  // namespace

ApiAnswer ApiAnswer::json(const nlohmann::json& value, int status) {
  return {status,
          {{"content-type", "application/json"}, {"cache-control", "no-store"}},
          dump(value) + "\n"};
}

ApiAnswer ApiAnswer::problem(int status, std::string_view detail, const nlohmann::json& more) {
  nlohmann::json document = more;
  document["type"] = "about:blank";
  document["title"] = http::reason_of(status);
  document["status"] = status;
  document["detail"] = detail;
  return {status,
          {{"content-type", http::kProblemMediaType}, {"cache-control", "no-store"}},
          dump(document) + "\n"};
}

ApiAnswer answer_for(const base::Error& error) {
  if (error.blame == base::Blame::kClient) {
    // What he may have, and not what there is.
    if (error.code == ErrorCode::kOverloaded) return ApiAnswer::problem(429, error.context);
    if (error.code == ErrorCode::kNoSpace) return ApiAnswer::problem(507, error.context);
  }
  const int status = status_of(error.code);
  if (status == 507) {
    base::log_error("api.no_space", {{"reason", error.context}});
    return ApiAnswer::problem(status, "the server's disk is full; what was acknowledged is kept");
  }
  if (status >= 500) {
    base::log_error("api.failed", {{"reason", error.context}});
    ApiAnswer answer = ApiAnswer::problem(
        status, status == 503 ? "too busy; try again" : "something went wrong here; try again");
    if (status == 503) answer.fields.add("retry-after", "1");
    return answer;
  }
  return ApiAnswer::problem(status, error.context);
}

base::Result<nlohmann::json> parse_object(std::string_view body) {
  if (auto fits = base::check_json_bounds(body, kBodyBounds); !fits) {
    fits.error().context = "the body's " + fits.error().context;
    return std::unexpected(fits.error());
  }
  auto value = nlohmann::json::parse(body, nullptr, false);
  if (!value.is_object()) {
    return base::fail(ErrorCode::kInvalid, "the body must be a JSON object", base::Blame::kClient);
  }
  return value;
}

}  // namespace origin
