// The native way to send a file, chunk by chunk: which are missing, and PUT by hash.
// docs/platform.md, "Upload".
#pragma once

#include "origin/api/router.h"
#include "origin/uploads/ledger.h"

namespace origin {

// `ledger` outlives the router. `file_max`: the largest file, whose hashes may be asked of at once.
void add_chunk_routes(Router& router, Ledger& ledger, base::Bytes file_max);

}  // namespace origin
