// Upload: a file to the server, chunk by chunk: hash, ask what is missing, send that, all at the same
// time; then make the video.
//
// Running it again after whatever went wrong sends only what is still missing, and makes no second
// video.
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
  bool again = false;             // Another video, though there may be one of this file.
};

// kNotFound, kDenied: the file can't be read. kInvalid: it changed while it was read.
base::Result<Api::MadeVideo> upload(Api& api, const UploadOptions& options, ProgressLine& progress);

// What is said of an upload that found its video there: which it is, and what of the options it does not
// follow.
std::string already_there(const nlohmann::json& video, const UploadOptions& asked);

}  // namespace cli
