// wait_for(): until a video is transcoded. The server tells by events what becomes of it; where they
// don't come (a proxy holds them back) it is asked instead. A server that restarts meanwhile is waited
// for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "cli/api.h"
#include "cli/progress_line.h"

namespace cli {

// Until the video is `playable` (a rung is there) or `ready` (all are). kCorrupt: it failed; the
// sentence says why. Else the errors of Api.
base::Result<nlohmann::json> wait_for(Api& api, const std::string& id, const std::string& state,
                                      ProgressLine& progress);

}  // namespace cli
