#include "bench/load/choice.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "base/check.h"

namespace load {

base::Result<ChoiceRule> parse_choice(std::string_view text) {
  if (text == "sequential") return ChoiceRule{Popularity::kSequential};
  if (text == "uniform") return ChoiceRule{Popularity::kUniform};
  if (text.starts_with("zipf:")) {
    const std::string_view number = text.substr(5);
    double exponent = 0;
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), exponent);
    if (error == std::errc() && end == number.data() + number.size() && exponent > 0 &&
        exponent <= 3) {
      return ChoiceRule{Popularity::kZipf, exponent};
    }
  }
  return base::fail(base::ErrorCode::kInvalid, "'" + std::string(text) +
                                                   "': expected sequential, uniform or zipf:E "
                                                   "with 0 < E <= 3");
}

Choice::Choice(ChoiceRule rule, std::size_t count) : rule_(rule), count_(count) {
  CHECK(count > 0);
  if (rule.popularity != Popularity::kZipf) return;
  cumulative_.reserve(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += std::pow(static_cast<double>(i + 1), -rule.exponent);
    cumulative_.push_back(sum);
  }
  for (double& share : cumulative_) share /= sum;
}

std::size_t Choice::next(Random& random) {
  switch (rule_.popularity) {
    case Popularity::kSequential:
      return std::exchange(position_, (position_ + 1) % count_);
    case Popularity::kUniform:
      return static_cast<std::size_t>(random.below(count_));
    case Popularity::kZipf: {
      const auto found = std::ranges::upper_bound(cumulative_, random.unit());
      return std::min<std::size_t>(static_cast<std::size_t>(found - cumulative_.begin()),
                                   count_ - 1);
    }
  }
  CHECK(false);
}

}  // namespace load
