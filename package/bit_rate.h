// Bit rates as HLS defines them (RFC 8216 §4.1, §4.4.6.2 of its revision), which DASH's @bandwidth
// is then given too: true ones, computed over what was made.
//
//   segment bit rate    size / duration
//   peak                the largest of any run of segments that lasts 0.5 to 1.5 target durations;
//                       so a short last segment counts together with those before it
//   average             all bits / all time
//   target duration     the longest segment, rounded to whole seconds
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "package/presentation.h"

namespace package {

struct Piece {
  std::int64_t duration = 0;  // Ticks.
  std::uint64_t bytes = 0;
};

// Bits a second, rounded up.
struct BitRates {
  std::int64_t peak = 0, average = 0;
};

std::int64_t target_duration(std::span<const Piece> pieces, std::int64_t timescale);
BitRates bit_rates(std::span<const Piece> pieces, std::int64_t timescale);

std::vector<Piece> pieces_of(const Track& track);
// Each I-frame is shown until the next.
std::vector<Piece> i_frame_pieces_of(const VideoTrack& track);

BitRates bit_rates(const Track& track);

}  // namespace package
