// DiskReserve: room on a disk that is kept back, so that things can be deleted when it is full: to
// delete a row, the database has to write first.
//
// A file with nothing in it, given up when it is needed and taken again once there is room.
//
// Threads    Any that may block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"

namespace origin {

class DiskReserve {
 public:
  // SQLite's log of removing twelve hours of video in eight renditions, all rows in one transaction,
  // has some 30 MB.
  static constexpr std::uint64_t kBytes = 64u << 20;

  // `path`: the file's. Takes nothing yet.
  explicit DiskReserve(std::filesystem::path path) : path_(std::move(path)) {}

  // False: there is none left to give.
  bool give_up();
  // Takes it, if that leaves as much again. Errors: of the file system.
  base::Result<void> take();

 private:
  const std::filesystem::path path_;
  base::Mutex mutex_;
};

}  // namespace origin
