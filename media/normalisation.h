// Normalisation: what has to be done to a file's pictures before anything is made of them: progressive,
// SDR, upright. (Size, square pixels and 8 bits are the scalers'.)
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace media {

enum class Deinterlacing {
  kAmongOthers,  // Every picture of a run passes: bwdif looks at those before and after.
  kAlone,        // A picture by itself: estdif makes do with what is in it.
};

// The chain of filters that this file's pictures need; empty: none. `video`: as the probe described it.
std::string normalising_chain(const nlohmann::json& video, Deinterlacing deinterlacing);

}  // namespace media
