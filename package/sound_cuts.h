// SoundCuts: where a track of sound is cut into segments, in frames of its codec.
//
// The origin plans the cuts and the worker makes them, each from these few numbers: a list of the cuts
// of twelve hours would be longer than a task may be.
//
// Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace package {

struct SoundCuts {
  // A segment of the picture's lasts so many samples, as a fraction.
  std::int64_t length_num = 0, length_den = 1;
  std::int64_t frame = 0;     // Samples of a frame.
  std::int64_t lead = 0;      // Samples in the track before the presentation begins.
  std::int64_t segments = 0;  // How many.

  // Whether cuts() can be reckoned.
  [[nodiscard]] bool are_within_bounds() const;
  // The frame that segment `index` begins with: the first with 0, the others with the one that begins nearest
  // to the picture's segment.
  [[nodiscard]] std::int64_t cut(std::int64_t index) const;
  [[nodiscard]] std::vector<std::int64_t> cuts() const;
};

}  // namespace package
