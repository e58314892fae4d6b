// RungEncoder: pictures of one size into the segments of one rung of one unit. Groups of pictures are
// fragments, segments begin where the unit's table says.
//
// Threads    One at a time; an encoder may use threads of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "media/av.h"
#include "media/fragmenter.h"
#include "media/picture_encoder.h"
#include "media/product.h"

namespace media {

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
