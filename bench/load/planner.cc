#include "bench/load/planner.h"

#include <algorithm>

namespace load {

Plan Planner::next(Time due) {
  Plan plan;
  plan.object = &options_.objects.objects[choice_.next(random_)];
  plan.due = due;
  const std::uint64_t size = plan.object->size.value_or(0);
  if (options_.range) {
    const std::uint64_t length = std::min(options_.range->count(), size);
    plan.range_first = random_.below(size - length + 1);
    plan.range_last = *plan.range_first + length - 1;
  } else if (options_.seek_after) {
    plan.range_first = random_.below(size);
  }
  return plan;
}

}  // namespace load
