// Fragmenter: packets of one track into CMAF: an init segment, and segments of one or more chunks
// (moof + mdat). ISO/IEC 23000-19; docs/media.md says which of the muxer's ways are taken and why.
//
// Time stamps are absolute in the track, so that segments of units that were made apart fit. Pictures
// that are decoded before they are shown need room: decoding begins at the segment's time, showing
// `delay` later, and the init segment's edit list takes that back. (Negative offsets, CMAF's other
// way, are shown late by everything that is built on libavformat; docs/media.md.)
// Threads    One at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "media/av.h"

namespace media {

class Fragmenter {
 public:
  // `encoder`: open, with global headers. Packets' times are in 1 / timescale, and a packet's
  // decoding time is at most `delay` before 0 for what is shown at 0.
  static base::Result<std::unique_ptr<Fragmenter>> open(const AVCodecContext& encoder,
                                                        int timescale, std::int64_t delay);
  Fragmenter(const Fragmenter&) = delete;
  Fragmenter& operator=(const Fragmenter&) = delete;
  ~Fragmenter();

  [[nodiscard]] const std::string& init() const { return init_; }

  base::Result<void> add(AVPacket& packet);  // Takes what is in it.
  // Ends a chunk with what has been added since the last.
  base::Result<void> end_chunk();

  // Ends a segment with the chunks since the last.
  std::string take_segment();

 private:
  Fragmenter() = default;
  static int write_bytes(void* self, std::uint8_t* bytes, int size);

  AVFormatContext* format_ = nullptr;
  std::int64_t delay_ = 0;
  std::string out_;
  std::string init_;
  std::string segment_;
  bool chunk_is_empty_ = true;
};

}  // namespace media
