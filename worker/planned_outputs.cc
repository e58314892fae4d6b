#include "worker/planned_outputs.h"

#include <algorithm>
#include <string>

namespace worker {
namespace {

using base::ErrorCode;
using nlohmann::json;

// A number of the spec's, held so that the products below have room.
std::int64_t count(const json& number) {
  return std::clamp(number.get<std::int64_t>(), std::int64_t{0}, std::int64_t{1} << 30);
}

// Origins of before the cuts were reckoned list them.
std::int64_t of_sound(const json& spec) {
  const auto cuts = spec.find("boundaries");
  return 1 + (cuts == spec.end() ? count(spec.at("segments"))
                                 : static_cast<std::int64_t>(cuts->size()));
}

std::int64_t of_pictures(const json& spec) {
  const std::int64_t frames = count(spec.at("frames"));
  const std::int64_t segment = std::max<std::int64_t>(1, count(spec.at("segment")));
  const std::int64_t segments = (frames + segment - 1) / segment;
  return static_cast<std::int64_t>(spec.at("rungs").size()) * (1 + segments);
}

std::int64_t of_any(std::string_view kind, const json& spec) {
  if (kind == "audio") return of_sound(spec);
  if (kind == "transcode") return of_pictures(spec);
  if (kind == "images") return 1 + count(spec.at("sheets"));
  return 0;
}

}  // namespace

base::Result<std::uint32_t> planned_outputs(std::string_view kind, const json& spec) {
  try {
    const std::int64_t outputs = of_any(kind, spec);
    if (outputs <= kPlannedOutputsMax) return static_cast<std::uint32_t>(outputs);
    return base::fail(ErrorCode::kInvalid,
                      "a task's spec: it plans " + std::to_string(outputs) + " outputs");
  } catch (const json::exception& error) {
    return base::fail(ErrorCode::kInvalid, std::string("a task's spec: ") + error.what());
  }
}

}  // namespace worker
