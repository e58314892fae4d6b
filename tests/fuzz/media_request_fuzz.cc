// A request for a media object: any target, any Range, If-Range and If-None-Match. Whatever it is,
// the plan names only bytes that exist and a length that its parts come to.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "origin/media_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto next = [&rest] {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
  };
  static const origin::MediaRules rules = origin::MediaRules::defaults();
  const base::WallTime now{std::chrono::milliseconds(1'700'000'000'000)};
  const origin::ObjectInfo object{size % 3 == 0 ? 0U : 1000U, now - std::chrono::hours(1),
                                  "\"v1\""};

  http::RequestHead request;
  request.method = "GET";
  request.target = next();
  for (const std::string_view name : {"range", "if-range", "if-none-match", "if-match"}) {
    if (const auto value = next(); !value.empty()) request.fields.add(name, value);
  }
  const auto name = origin::object_name(request.target);
  if (!name) return 0;
  CHECK(origin::is_object_name(*name));
  CHECK(name->find("..") != 0 && name->find("/.") == std::string::npos);

  const origin::MediaPlan plan = origin::plan_object(request, *name, object, rules, now);
  std::uint64_t total = 0;
  for (const origin::MediaPart& part : plan.parts) {
    CHECK(!part.range || (part.range->first <= part.range->last && part.range->last < object.size));
    total += part.range ? part.range->length() : part.text.size();
  }
  CHECK(!plan.length ? plan.parts.empty() : *plan.length == total);
  return 0;
}
