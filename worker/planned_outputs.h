// How many outputs a task leaves, by its spec: docs/worker-protocol.md, "Kinds". A decoder that makes
// more is ended.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace worker {

inline constexpr std::int64_t kPlannedOutputsMax = 100'000;  // No plan comes near.

// Of a kind that leaves none, none. kInvalid: a spec that this worker does not understand.
base::Result<std::uint32_t> planned_outputs(std::string_view kind, const nlohmann::json& spec);

}  // namespace worker
