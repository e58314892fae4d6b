// Exchange: one request and what is known of its response, with the check that the response is the
// one asked for: status, range, length, and every byte when the object is a pattern (pattern.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bench/load/failure.h"
#include "bench/load/object_list.h"
#include "http/range.h"

namespace load {

using Time = std::chrono::steady_clock::time_point;

// What to ask for, and when it should have been asked.
struct Plan {
  const Object* object = nullptr;
  std::optional<std::uint64_t> range_first;  // None: the whole object.
  std::optional<std::uint64_t> range_last;   // None with a first: to the end.
  Time due;                                  // Latency counts from here.
};

struct ResponseHead {
  int status = 0;
  std::optional<std::uint64_t> content_length;
  std::optional<http::ContentRange> content_range;
};

enum class Verify { kNone, kLength, kPattern };

class Exchange {
 public:
  void begin(const Plan& plan, Verify verify);
  void on_head(const ResponseHead& head, Time now);
  void on_body(std::span<const std::byte> bytes);

  // After a whole response: what was wrong with it, if anything.
  [[nodiscard]] std::optional<Failure> verdict() const;
  // The same for one that was left midway.
  [[nodiscard]] std::optional<Failure> verdict_so_far() const;

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] int status() const { return head_.status; }  // 0: no response head yet.
  [[nodiscard]] Time first_byte() const { return first_byte_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] bool body_matches() const { return body_matches_; }

  // For the connection that carries it.
  bool active = false;
  Time sent;
  std::int32_t stream = -1;
  std::size_t connection = 0;

 private:
  [[nodiscard]] std::optional<std::uint64_t> length_expected() const;

  Plan plan_;
  Verify verify_ = Verify::kNone;
  ResponseHead head_;
  Time first_byte_;
  std::uint64_t offset_ = 0;  // In the object, of the next byte.
  std::uint64_t received_ = 0;
  bool body_matches_ = true;
};

}  // namespace load
