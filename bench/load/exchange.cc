#include "bench/load/exchange.h"

#include <algorithm>

#include "bench/load/pattern.h"

namespace load {

void Exchange::begin(const Plan& plan, Verify verify) {
  plan_ = plan;
  verify_ = verify;
  head_ = {};
  offset_ = plan.range_first.value_or(0);
  received_ = 0;
  body_matches_ = true;
}

void Exchange::on_head(const ResponseHead& head, Time now) {
  head_ = head;
  first_byte_ = now;
}

void Exchange::on_body(std::span<const std::byte> bytes) {
  if (verify_ == Verify::kPattern && (head_.status == 200 || head_.status == 206)) {
    body_matches_ = body_matches_ && pattern_matches(plan_.object->seed, offset_, bytes);
  }
  offset_ += bytes.size();
  received_ += bytes.size();
}

std::optional<std::uint64_t> Exchange::length_expected() const {
  const auto& size = plan_.object->size;
  if (!plan_.range_first) return size;
  if (size && *plan_.range_first >= *size) return std::nullopt;  // Unsatisfiable: see the status.
  if (plan_.range_last) {
    const std::uint64_t last = size ? std::min(*plan_.range_last, *size - 1) : *plan_.range_last;
    return last - *plan_.range_first + 1;
  }
  if (size) return *size - *plan_.range_first;
  return std::nullopt;
}

std::optional<Failure> Exchange::verdict_so_far() const {
  if (verify_ == Verify::kNone) {
    if (head_.status < 200 || head_.status > 299) return Failure::kStatus;
    return std::nullopt;
  }
  if (head_.status != (plan_.range_first ? 206 : 200)) return Failure::kStatus;
  if (!body_matches_) return Failure::kMismatch;
  return std::nullopt;
}

std::optional<Failure> Exchange::verdict() const {
  if (const auto failure = verdict_so_far(); failure || verify_ == Verify::kNone) return failure;
  if (head_.content_length && *head_.content_length != received_) return Failure::kLength;
  if (const auto expected = length_expected(); expected && *expected != received_) {
    return Failure::kLength;
  }
  if (plan_.range_first) {
    const auto& found = head_.content_range;
    if (!found || !found->range || found->range->first != *plan_.range_first ||
        found->range->length() != received_ ||
        (found->size && plan_.object->size && *found->size != *plan_.object->size)) {
      return Failure::kLength;
    }
  }
  return std::nullopt;
}

}  // namespace load
