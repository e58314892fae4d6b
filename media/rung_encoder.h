// RungEncoder: pictures of one size into the segments of one rung of one unit: H.264 High, closed
// groups of pictures at fixed places, constant quality under a ceiling.
//
// All encoders of a rung, whatever the unit, worker or machine, are set up alike, so that their init
// segments are the same byte for byte; the origin holds them against each other.
//
// Threads    One at a time; an encoder may use threads of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "media/av.h"
#include "media/fragmenter.h"
#include "media/product.h"

namespace media {

struct RungSpec {
  std::string name;  // "720p"
  int width = 0, height = 0;
  int rate_max_kbps = 0;
};

struct UnitSpec {
  std::int64_t number = 0;
  std::int64_t first = 0, frames = 0;  // On the output grid.
  std::int64_t gop = 0, segment = 0;   // In frames.
  AVRational rate{30, 1};
  std::string preset;
  int crf = 23;
  // What the colours mean: ISO/IEC 23091-2's numbers, the same in every unit.
  int primaries = 1, transfer = 1, matrix = 1;
};

class RungEncoder {
 public:
  static base::Result<std::unique_ptr<RungEncoder>> open(const RungSpec& rung, const UnitSpec& unit,
                                                         int threads, Taker& taker);
  RungEncoder(const RungEncoder&) = delete;
  RungEncoder& operator=(const RungEncoder&) = delete;

  // The pictures of the unit in order, of the rung's size, 4:2:0. Shared: not written to.
  base::Result<void> add(const AVFrame& picture);
  base::Result<void> finish();

 private:
  RungEncoder(RungSpec rung, UnitSpec unit, Taker& taker)
      : rung_(std::move(rung)), unit_(std::move(unit)), taker_(taker) {}
  base::Result<void> take_packets();
  base::Result<void> give_segment();
  base::Result<void> give(std::string key, std::string bytes);

  const RungSpec rung_;
  const UnitSpec unit_;
  Taker& taker_;
  CodecPtr encoder_;
  std::unique_ptr<Fragmenter> fragmenter_;
  PacketPtr packet_ = make_packet();
  std::int64_t added_ = 0;          // Pictures.
  std::int64_t segment_first_ = 0;  // Of the segment being made; frame number.
  std::int64_t packed_ = 0;         // Pictures in packets so far.
};

}  // namespace media
