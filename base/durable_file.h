// Files that outlive a power cut. A file's bytes are durable when it is synced, its place only when
// the directory is: a name that was made, linked or renamed may be gone again until then.
//
// Threads    Any that may block.
#pragma once

#include <cerrno>
#include <expected>
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace base {

// What was done to `path` has failed with `error`: kNoSpace when the disk or the quota is full, else
// kIo. "rename /data/x: Permission denied"
std::unexpected<Error> file_failed(std::string_view what, const std::filesystem::path& path,
                                   int error = errno);

Result<void> sync_directory(const std::filesystem::path& path);

}  // namespace base
