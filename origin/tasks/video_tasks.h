// The tasks of a video, once a probe has told what it is: its plan (origin/videos/plan.h) as rows of
// what is to be there and of what is to be done for it, and in which order. docs/platform.md, "The
// queue".
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "origin/database/database.h"
#include "origin/videos/plan.h"

namespace origin {

// Inside a transaction. What the worker has told is kept with the video. Errors: plan_for()'s.
base::Result<void> add_video_tasks(soci::session& sql, const std::string& video,
                                   const ProbeResult& probe, const Ladder& ladder,
                                   std::int64_t now_us);

}  // namespace origin
