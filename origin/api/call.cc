#include "origin/api/call.h"

#include <utility>

#include "base/log.h"
#include "http/problem.h"

namespace origin {
namespace {

using base::ErrorCode;

// A value is copied and written by functions that call themselves for what is in it.
constexpr std::size_t kNestingMax = 32;
// Each takes up to a hundred bytes of memory, and two of the body.
constexpr std::size_t kValuesMax = 1'000'000;

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

// Looked at before anything is built of it. What is no JSON is the parser's to refuse.
base::Result<void> check_structure(std::string_view body) {
  const auto refuse = [](std::string sentence) {
    return base::fail(ErrorCode::kInvalid, std::move(sentence), base::Blame::kClient);
  };
  std::size_t depth = 0;
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (c == '"') in_string = !in_string;
    if (in_string) {
      if (c == '\\') ++i;
      continue;
    }
    const bool opens = c == '[' || c == '{';
    if (opens) ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (opens || c == ',') ++values;
    if (depth > kNestingMax) {
      return refuse("the body's JSON may be nested " + std::to_string(kNestingMax) + " deep");
    }
    if (values > kValuesMax) {
      return refuse("the body's JSON may have " + std::to_string(kValuesMax) + " values");
    }
  }
  return {};
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
  if (auto fits = check_structure(body); !fits) return std::unexpected(fits.error());
  auto value = nlohmann::json::parse(body, nullptr, false);
  if (!value.is_object()) {
    return base::fail(ErrorCode::kInvalid, "the body must be a JSON object", base::Blame::kClient);
  }
  return value;
}

}  // namespace origin
