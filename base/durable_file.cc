#include "base/durable_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace base {

std::unexpected<Error> file_failed(std::string_view what, const std::filesystem::path& path,
                                   int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return fail(full ? ErrorCode::kNoSpace : ErrorCode::kIo,
              std::string(what) + " " + path.native() + ": " + std::strerror(error));
}

Result<void> sync_directory(const std::filesystem::path& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return file_failed("sync", path);
  return {};
}

}  // namespace base
