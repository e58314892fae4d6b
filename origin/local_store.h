// LocalStore: the files under one directory.
//
// The kernel itself keeps every lookup beneath the root (openat2 with RESOLVE_BENEATH): neither
// "..", nor an absolute or outward symbolic link, nor a rename that races with the lookup leads
// out. Links that stay inside are followed. Only regular files are objects.
//
// The ETag is a digest of device, inode, size, mtime and ctime, so every way to change content
// changes it: writing in place (mtime, ctime), replacing by rename (inode), rewriting with the old
// times put back, as `rsync --times` and `cp -p` do (ctime, which nobody can set). A digest,
// because inode numbers are nobody's business.
//
// Timestamps come from the kernel's clock tick, 1 to 10 ms apart: two writes within one tick can
// leave the same times. So a file whose ctime is younger than kSettled gets a weak ETag: whoever
// needs to know that the bytes are the same (ranges) gets no promise yet; a moment later it is
// strong. A reader that finds the file changed under it fails with kCorrupt.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "origin/object_store.h"

namespace origin {

class LocalStore final : public ObjectStore {
 public:
  static constexpr std::chrono::milliseconds kSettled{100};

  // The clock is compared with the files' times. kNotFound, kDenied or kInvalid (not a directory)
  // with the path; kUnsupported on a kernel without openat2 (before 5.6).
  static base::Result<LocalStore> at(const std::filesystem::path& root, const base::Clock& clock);

  [[nodiscard]] base::Result<std::unique_ptr<StoredObject>> open(
      std::string_view name) const override;

 private:
  LocalStore(base::UniqueFd root, const base::Clock& clock)
      : root_(std::move(root)), clock_(&clock) {}

  base::UniqueFd root_;
  const base::Clock* clock_;
};

}  // namespace origin
