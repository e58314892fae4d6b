// Planner: what the next request asks for.
#pragma once

#include "bench/load/choice.h"
#include "bench/load/exchange.h"
#include "bench/load/options.h"
#include "bench/load/random.h"

namespace load {

class Planner {
 public:
  // `options` outlives it. With ranges or seeks, every object has a size.
  explicit Planner(const RawOptions& options)
      : options_(options),
        random_(options.seed),
        choice_(options.choice, options.objects.objects.size()) {}

  Plan next(Time due);

 private:
  const RawOptions& options_;
  Random random_;
  Choice choice_;
};

}  // namespace load
