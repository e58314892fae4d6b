// ObjectStore: where media objects lie, by name. The endpoint serves them; later services write
// them.
//
// Names are relative paths of visible segments, "v/42/720p/seg-7.m4s"; see is_object_name().
//
// Threads    All calls may block and come from reader threads, never from an event loop. A store is
//            used by many threads at once, an object by one at a time.
// Errors     open(): kNotFound (also for a name that is no object's, or that leaves the store),
//            kOverloaded (out of descriptors), kIo. read(): kIo, and kCorrupt when the object
//            is no longer what open() found.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace origin {

struct ObjectInfo {
  std::uint64_t size = 0;
  base::WallTime modified;
  std::string etag;  // With its quotes, strong or W/: as the ETag field wants it.
};

class StoredObject {
 public:
  virtual ~StoredObject() = default;
  [[nodiscard]] virtual const ObjectInfo& info() const = 0;
  // Fills `into` with the bytes from `offset`, all of them within the object's size. Success means
  // that they are bytes of the version that info() describes.
  virtual base::Result<void> read(std::uint64_t offset, std::span<char> into) = 0;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  [[nodiscard]] virtual base::Result<std::unique_ptr<StoredObject>> open(
      std::string_view name) const = 0;
};

// 1 to 1,024 bytes; segments of 1 to 255 bytes between single slashes, none beginning with "."
// (so neither "." nor ".." nor hidden and half-written files), no control bytes, no backslash.
bool is_object_name(std::string_view name);

}  // namespace origin
