// The worker's routes. docs/worker-protocol.md.
#pragma once

#include "base/byte_budget.h"
#include "origin/api/router.h"
#include "origin/tasks/queue.h"
#include "origin/tasks/work.h"
#include "origin/uploads/chunk_store.h"
#include "origin/videos/catalogue.h"

namespace origin {

struct WorkerServices {
  Queue& queue;
  Work& work;
  Catalogue& catalogue;
  ChunkStore& chunks;
  base::ByteBudget& bodies;  // Outputs until they are whole.
  base::ByteBudget& ranges;  // Of sources, until workers have taken them.
};

// The services outlive the router.
void add_worker_routes(Router& router, const WorkerServices& services);

}  // namespace origin
