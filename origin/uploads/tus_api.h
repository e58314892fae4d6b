// tus 1.0.0 at /api/v1/uploads: core, creation, creation-defer-length, creation-with-upload, checksum
// (sha1, sha256), expiration, termination, concatenation. https://tus.io/protocols/resumable-upload
//
// When the last byte is in, the upload becomes a video; Headrace-Video names it, in the answer to the
// request that completed it and to every HEAD from then on.
#pragma once

#include <functional>
#include <string>

#include "base/byte_budget.h"
#include "base/bytes.h"
#include "origin/api/router.h"
#include "origin/uploads/tus_store.h"
#include "origin/videos/allowance.h"

namespace origin {

struct TusServices {
  TusStore& store;
  Allowance& allowance;
  base::ByteBudget& bodies;  // Those with a checksum, which wait in memory until they are whole.
  base::Bytes size_max;
  // How to make a video of a complete upload. kUnsupported: it is none.
  std::function<base::Result<TusStore::Make>(const TusUpload& upload,
                                             const std::vector<ChunkRef>& chunks)>
      video_maker;
};

// The services outlive the router.
void add_tus_routes(Router& router, const TusServices& services);

}  // namespace origin
