// Upload: a file to the server, chunk by chunk: hash, ask what is missing, send that, all at the same
// time; then make the video.
//
// Running it again after whatever went wrong sends only what is still missing.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "cli/api.h"
#include "cli/progress_line.h"

namespace cli {

struct UploadOptions {
  std::string file, title;
  std::string access = "public";  // Or "private".
};

// The video as the server describes it. kNotFound, kDenied: the file can't be read. kInvalid: it
// changed while it was read.
base::Result<nlohmann::json> upload(Api& api, const UploadOptions& options, ProgressLine& progress);

}  // namespace cli
