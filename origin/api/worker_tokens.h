// Workers' tokens over the API, for operators: make, list, revoke. docs/worker-protocol.md.
#pragma once

#include "origin/api/router.h"
#include "origin/api/tokens.h"

namespace origin {

// `tokens` outlives the router.
void add_worker_token_routes(Router& router, Tokens& tokens);

}  // namespace origin
