#include "package/sound_cuts.h"

namespace package {
namespace {

// So that no product below overflows: 2 × kSegmentsMax × kLengthMax and 2 × kLengthMax × kFrameMax
// have room in 63 bits.
constexpr std::int64_t kSegmentsMax = 100'000;
constexpr std::int64_t kLengthMax = 10'000'000'000'000;
constexpr std::int64_t kFrameMax = 100'000;
static_assert(INT64_MAX / 4 / kLengthMax > kSegmentsMax && kSegmentsMax >= kFrameMax);

}  // namespace

bool SoundCuts::are_within_bounds() const {
  return length_num > 0 && length_num <= kLengthMax && length_den > 0 && length_den <= kLengthMax &&
         frame > 0 && frame <= kFrameMax && lead >= 0 && lead <= kFrameMax && segments > 0 &&
         segments <= kSegmentsMax;
}

std::int64_t SoundCuts::cut(std::int64_t index) const {
  if (index == 0) return 0;
  const std::int64_t at = index * length_num + lead * length_den;  // Samples × length_den.
  const std::int64_t of_frame = frame * length_den;
  return (2 * at + of_frame) / (2 * of_frame);
}

std::vector<std::int64_t> SoundCuts::cuts() const {
  std::vector<std::int64_t> all;
  all.reserve(static_cast<std::size_t>(segments));
  for (std::int64_t i = 0; i < segments; ++i) all.push_back(cut(i));
  return all;
}

}  // namespace package
