// What a client's target, query and conditions become: the key's rules, the admin listener's
// parameters, and which bytes are selected. Line 1: the target; line 2: the query rules; then
// fields.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/fields.h"
#include "edge/admin.h"
#include "edge/key_rules.h"
#include "edge/selection.h"
#include "http/range.h"

namespace {

using namespace edge;

std::string_view take_line(std::string_view& input) {
  const auto end = input.find('\n');
  const std::string_view line = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  return line;
}

void check_target(std::string_view target, std::string_view choices) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (ambiguity_of(target).empty()) {
    CHECK(path.find("/../") == std::string_view::npos && !path.ends_with("/.."));
    CHECK(path.find('\\') == std::string_view::npos);
  }
  QueryConfig rules;
  if (!choices.empty()) rules.rule = static_cast<QueryRule>(choices[0] & 1 ? choices[0] & 2 : 1);
  if (choices.size() > 1) rules.keep = {std::string(choices.substr(1, 1))};
  if (choices.size() > 2) rules.drop = {std::string(choices.substr(2))};
  const std::string once = normalised_target(target, rules);
  CHECK(once.size() <= target.size());
  CHECK(std::string_view(once).substr(0, once.find('?')) == path);
  CHECK(normalised_target(once, rules) == once);
}

void check_selection(const base::Fields& request) {
  const base::Fields stored{{"etag", "\"v1\""}, {"last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  const base::WallTime now{std::chrono::hours(500'000)};
  for (const std::uint64_t length : {0, 1, 1'000, 10'000'000}) {
    const Selection selection = select(facts_of(request), 200, stored, length, now);
    switch (selection.status) {
      case 206:
        CHECK(!selection.ranges.empty() && selection.ranges.size() <= http::kRangesMax);
        break;
      case 200:
      case 304:
      case 412:
      case 416:
        CHECK(selection.ranges.empty());
        break;
      default:
        CHECK(false);
    }
    for (const http::ByteRange range : selection.ranges) {
      CHECK(range.first <= range.last && range.last < length);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view target = take_line(input);
  const std::string_view choices = take_line(input);
  check_target(target, choices);
  if (const auto parameters = parse_query(target)) {
    CHECK(parameters->size() <= static_cast<std::size_t>(std::ranges::count(target, '&')) + 1);
  }
  base::Fields request;
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    const auto colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) continue;
    request.add(base::to_lower(line.substr(0, colon)), line.substr(colon + 1));
  }
  check_selection(request);
  return 0;
}
