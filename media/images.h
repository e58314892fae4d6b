// A video's still images: a poster, and sheets of small pictures for seeking (the storyboard).
//
// Tile n shows a picture of [n, n + 1) × interval, or the nearest that can be had without decoding
// much (picture_sampler.h).
//
// The poster is the liveliest tile's picture among the first half of the video's: contrast, detail
// and colour are added up; what is nearly black or white all over (fades are, too: they have little
// contrast) comes last. A video that is black for half of its length has a black poster.
// Spec and products: docs/worker-protocol.md.
#pragma once

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "media/byte_source.h"
#include "media/product.h"

namespace media {

// Errors: kCorrupt with a sentence for the creator, when not one picture can be decoded; kIo; the
// taker's own.
base::Result<void> make_images(ByteSource& source, const nlohmann::json& spec, const Taker& taker);

}  // namespace media
