// What a file is: read whole once, packet by packet, so that nothing that its header claims has to be
// believed: how long it is, how many pictures, at which rate, and where its keyframes lie.
// The result's form: docs/worker-protocol.md, "Probe result".
//
// Time 0 of the presentation is the first picture's time (kept to the microsecond, so that sound
// stays with it), or as many whole frames earlier as sound begins before it; with sound alone, its
// first sample's.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"
#include "media/byte_source.h"
#include "media/product.h"

namespace media {

// Of the picture and the sound that are chosen, together: 12 hours at 60 pictures a second have 4.6 million.
inline constexpr std::size_t kPacketsMax = 10'000'000;

// Errors: kInvalid, kCorrupt, kUnsupported, kTooLarge (more than `packets_max`) with a sentence for the
// creator; kIo.
base::Result<nlohmann::json> probe(ByteSource& source, std::string_view demuxer, const Taker& taker,
                                   std::size_t packets_max = kPacketsMax);

}  // namespace media
