// A file's sound, whole, as AAC-LC or Opus, stereo at 48 kHz, in CMAF segments.
//
// Sound is never cut for encoding: two encoders' ends don't join. It is put on the presentation's
// time: what is before is cut, gaps are silence. Mono and 5.1 become stereo at the loudness they had, also
// where a file changes from one to the other midway.
// What AAC's encoder puts before the sound is one frame, which is left out, so that the track begins
// at 0 without an edit list; Opus's is less than a frame, which the edit list takes back
// (docs/media.md has the measurements).
#pragma once

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "media/byte_source.h"
#include "media/product.h"

namespace media {

// Errors: kCorrupt with a sentence for the creator; kIo; the taker's own.
base::Result<void> encode_sound(ByteSource& source, const nlohmann::json& spec, const Taker& taker);

}  // namespace media
