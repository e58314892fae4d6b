#include "package/webvtt_time.h"

#include <fmt/format.h>

namespace package {

std::string webvtt_time(std::chrono::milliseconds time) {
  const auto ms = time.count();
  return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60,
                     ms % 1'000);
}

}  // namespace package
