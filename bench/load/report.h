// A run's figures, for people and for programs.
#pragma once

#include <string>

#include "base/result.h"
#include "bench/load/options.h"
#include "bench/load/tally.h"

namespace load {

// A table of a few lines.
std::string report_text(const Tally& tally);

// One JSON object; docs/benchmarks.md names its members.
std::string report_json(const RawOptions& options, const Tally& tally);

base::Result<void> write_report(const std::string& file, const std::string& text);

}  // namespace load
