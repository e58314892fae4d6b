// One unit of a video into some rungs: decoded once, scaled down in steps of at least two, an
// encoder's thread for each rung.
//
//   this thread   decode → scale → ┬─► queue ─► 720p's thread: encode, fragment, give out
//                                  ├─► queue ─► 360p's
//                                  └─► …
//
// Queues hold kQueueMax pictures, so that memory does not grow with the length of anything.
// Spec and products: docs/worker-protocol.md.
#pragma once

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "media/byte_source.h"
#include "media/product.h"

namespace media {

// `threads`: about how many cores there are for it. The taker is called from encoders' threads, one
// at a time. Errors: as PictureReader's and the taker's own.
base::Result<void> transcode(ByteSource& source, const nlohmann::json& spec, int threads,
                             const Taker& taker);

}  // namespace media
