#include "origin/disk_reserve.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "base/durable_file.h"
#include "base/unique_fd.h"

namespace origin {

bool DiskReserve::give_up() {
  const base::MutexLock lock(mutex_);
  return ::unlink(path_.c_str()) == 0;
}

base::Result<void> DiskReserve::take() {
  const base::MutexLock lock(mutex_);
  const base::UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
  if (!file) return base::file_failed("make", path_);
  const off_t taken = ::lseek(file.get(), 0, SEEK_END);
  if (taken >= static_cast<off_t>(kBytes)) return {};
  struct statvfs space{};
  if (::fstatvfs(file.get(), &space) != 0) return base::file_failed("look at", path_);
  const bool is_room = std::uint64_t{space.f_bavail} * space.f_frsize >= 2 * kBytes;
  const int error = is_room ? ::posix_fallocate(file.get(), 0, kBytes) : ENOSPC;
  if (error == 0) return {};
  // Part of it would be taken for all.
  ::unlink(path_.c_str());
  if (error == ENOSPC) return {};
  return base::file_failed("reserve", path_, error);
}

}  // namespace origin
