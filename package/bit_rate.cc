#include "package/bit_rate.h"

#include <algorithm>

#include "base/check.h"

namespace package {
namespace {

std::int64_t rate(std::uint64_t bytes, std::int64_t ticks, std::int64_t timescale) {
  constexpr std::int64_t kRateMax = 1'000'000'000'000'000;  // So that no sum of rates overflows.
  const auto bits = static_cast<__int128>(bytes) * 8 * timescale;
  const __int128 exact = (bits + ticks - 1) / ticks;
  return exact < 1 ? 1 : exact > kRateMax ? kRateMax : static_cast<std::int64_t>(exact);
}

}  // namespace

std::int64_t target_duration(std::span<const Piece> pieces, std::int64_t timescale) {
  CHECK(timescale > 0);
  std::int64_t longest = 0;
  for (const Piece& piece : pieces) longest = std::max(longest, piece.duration);
  return std::max<std::int64_t>(1, (2 * longest + timescale) / (2 * timescale));
}

BitRates bit_rates(std::span<const Piece> pieces, std::int64_t timescale) {
  const std::int64_t target = target_duration(pieces, timescale) * timescale;
  BitRates rates;
  Piece all;
  for (std::size_t first = 0; first < pieces.size(); ++first) {
    all.duration += pieces[first].duration;
    all.bytes += pieces[first].bytes;
    Piece run;
    for (std::size_t last = first; last < pieces.size(); ++last) {
      run.duration += pieces[last].duration;
      run.bytes += pieces[last].bytes;
      if (2 * run.duration > 3 * target) break;
      if (2 * run.duration >= target) {
        rates.peak = std::max(rates.peak, rate(run.bytes, run.duration, timescale));
      }
    }
  }
  CHECK(all.duration > 0);
  rates.average = rate(all.bytes, all.duration, timescale);
  // The whole may be shorter than half a target duration.
  rates.peak = std::max(rates.peak, rates.average);
  return rates;
}

std::vector<Piece> pieces_of(const Track& track) {
  std::vector<Piece> pieces;
  pieces.reserve(track.segments.size());
  for (const Segment& segment : track.segments) pieces.push_back({segment.duration, segment.bytes});
  return pieces;
}

std::vector<Piece> i_frame_pieces_of(const VideoTrack& track) {
  std::vector<Piece> pieces;
  for (const Segment& segment : track.segments) {
    for (std::size_t i = 0; i < segment.i_frames.size(); ++i) {
      const bool is_last = i + 1 == segment.i_frames.size();
      const std::int64_t end = is_last ? segment.duration : segment.i_frames[i + 1].start;
      pieces.push_back({end - segment.i_frames[i].start, segment.i_frames[i].length});
    }
  }
  return pieces;
}

BitRates bit_rates(const Track& track) { return bit_rates(pieces_of(track), track.timescale); }

}  // namespace package
