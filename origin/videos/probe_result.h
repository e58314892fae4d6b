// ProbeResult: what a worker says that a file is. docs/worker-protocol.md, "Probe result".
//
// Read once, so that nobody after it asks whether a field is there and of its type, and so that two who
// may be at fault are told apart here. What no sound worker says (a field that is missing, of another type, or
// of a value that can't be measured) is the worker's failure. A file that can't be played, of which a
// sound worker has told, is the plan's to judge (plan.h).
//
// Pure. Errors: kProtocol, and which field is not as it should be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/result.h"

namespace origin {

struct Rational {
  std::int64_t num = 0, den = 1;
  bool operator==(const Rational&) const = default;
};

struct ProbeResult {
  struct Video {
    std::int64_t width = 0, height = 0;  // As it is coded; any that a file can claim.
    Rational sar{1, 1};
    int rotation = 0;  // 0, 90, 180, 270.
    Rational rate;     // 0: the file has none.
    bool variable = false;
  };

  std::int64_t duration_us = 0;  // Whatever a file's times come to.
  std::optional<Video> video;
  bool has_audio = false;
  nlohmann::json told;  // All of it, as the tasks repeat it.

  // A worker's words on a track are in each of its tasks, of which half a day of video has thousands.
  static constexpr std::size_t kBytesMax = 8u << 10;
};

// Fields that are not known here are let pass: a newer worker's.
base::Result<ProbeResult> read_probe_result(const nlohmann::json& told);

}  // namespace origin
