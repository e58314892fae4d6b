// Product: a piece of what a task makes (an init segment, a segment, an image), with its key; and who takes it.
// docs/worker-protocol.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace media {

struct Product {
  std::string key;  // "720p/0/seg/3"
  std::string bytes;
};

struct Taker {
  // An error ends the task.
  std::function<base::Result<void>(Product product)> product;
  // The source is read up to here. Any thread, a few times a second.
  std::function<void(std::int64_t position_us)> position = [](std::int64_t) {};
};

}  // namespace media
