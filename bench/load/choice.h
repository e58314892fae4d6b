// Which object comes next: in order, uniformly, or by Zipf's law as viewers choose videos.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/load/random.h"

namespace load {

enum class Popularity { kSequential, kUniform, kZipf };

struct ChoiceRule {
  Popularity popularity = Popularity::kSequential;
  double exponent =
      0;  // Zipf only: the object of rank r is asked for in proportion to r^-exponent.
};

// "sequential", "uniform", "zipf:0.9" (exponent over 0, up to 3).
base::Result<ChoiceRule> parse_choice(std::string_view text);

class Choice {
 public:
  // `count` > 0. Object 0 has rank 1.
  Choice(ChoiceRule rule, std::size_t count);

  std::size_t next(Random& random);

 private:
  ChoiceRule rule_;
  std::size_t count_;
  std::size_t position_ = 0;
  std::vector<double> cumulative_;  // Zipf: share of requests for objects 0 to i.
};

}  // namespace load
