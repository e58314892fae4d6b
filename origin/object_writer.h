// ObjectWriter: puts objects where an ObjectStore over the same directory finds them: whole or not at
// all, and on disk before put() says so.
//
// Threads    All calls from any thread that may block.
// Errors     kNoSpace, kIo.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace origin {

// What stands for its content in an object's name, of its SHA-256 in hex: enough that no two meet.
inline std::string_view name_digits(std::string_view hash) { return hash.substr(0, 32); }

class ObjectWriter {
 public:
  explicit ObjectWriter(std::filesystem::path root) : root_(std::move(root)) {}

  // In place of what had the name. `name`: see is_object_name().
  base::Result<void> put(std::string_view name, std::string_view bytes);
  // As put(), but an object that has these bytes already stays the file that it is, and so keeps its
  // ETag (local_store.h).
  base::Result<void> update(std::string_view name, std::string_view bytes);
  // Of an object whose name stands for its bytes: what has the name already is kept, and is durable
  // from here on.
  enum class Put { kNew, kThereAlready };
  base::Result<Put> put_once(std::string_view name, std::string_view bytes);
  // update() with another object's bytes, which are there.
  base::Result<void> copy(std::string_view from, std::string_view name);
  // The object, or everything under a directory. What is not there is no error.
  base::Result<void> remove(std::string_view name);
  // What lies directly under a directory and was last changed before `before_us` (litter.h).
  [[nodiscard]] std::vector<std::string> older_than(std::string_view directory,
                                                    std::int64_t before_us) const;

 private:
  [[nodiscard]] bool has(std::string_view name) const;
  base::Result<void> make_directories(const std::filesystem::path& path);
  [[nodiscard]] base::Result<void> sync_place(const std::filesystem::path& home) const;

  const std::filesystem::path root_;
  base::Mutex making_;  // Directories: held from making one until it is synced.
};

}  // namespace origin
