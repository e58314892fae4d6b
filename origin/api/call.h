// ApiCall and ApiAnswer: a request to the API and what a handler gives back. Handlers are plain
// functions on the API's threads: they may block on disks and the database, and never wait for a
// client.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_budget.h"
#include "base/fields.h"
#include "base/result.h"
#include "http/message.h"

namespace origin {

// Who asks, by the token he brought.
struct Caller {
  std::int64_t owner = 0;
  std::string name;  // Of the owner, or of the worker's token.
  bool is_operator = false;
};

struct ApiCall {
  http::RequestHead head;
  std::vector<std::string> names;            // What stood for the pattern's {…}, decoded.
  std::map<std::string, std::string> query;  // Decoded; the last of a name counts.
  std::optional<Caller> caller;              // None only where the route lets anyone in.

  [[nodiscard]] std::string_view field(std::string_view name) const {
    return head.fields.find(name).value_or("");
  }
};

struct ApiAnswer {
  int status = 200;
  base::Fields fields;
  std::string body;
  base::ByteBudget::Share held{};  // What the body takes of a budget, until the client has it.

  static ApiAnswer json(const nlohmann::json& value, int status = 200);
  static ApiAnswer empty(int status = 204) { return {status, {}, {}}; }
  // A problem document: one sentence that says what to do, and what more machines may want.
  static ApiAnswer problem(int status, std::string_view detail,
                           const nlohmann::json& more = nlohmann::json::object());
};

// The status that fits an error of ours, and a sentence without what is nobody's business.
ApiAnswer answer_for(const base::Error& error);

// A JSON object, nested 32 deep and of a million values at most, or a 422 that says what is wrong.
base::Result<nlohmann::json> parse_object(std::string_view body);

}  // namespace origin
