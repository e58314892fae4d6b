// Answer: what the head of an origin's response means for the request that was sent.
//
// Here every claim of a head is held against what was asked: a part must begin where it was asked,
// lie within it, and belong to an object of the same size and strong ETag. Nothing here judges
// whether a response may be stored (freshness.h) or touches its bytes.
//
// Pure functions; heads may be anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/result.h"
#include "cache/origin.h"

namespace cache {

// What was asked of the origin.
struct Question {
  enum class Kind : std::uint8_t {
    kWhole,         // A plain GET.
    kOpeningRange,  // Whole chunks of an object that nobody knows yet.
    kRevalidation,  // A conditional GET.
    kChunks,        // Missing chunks of a known object, under If-Range.
  };
  Kind kind = Kind::kWhole;
  std::uint64_t first = 0, last = 0;  // kOpeningRange, kChunks: the bytes asked.
  std::uint64_t size = 0;             // kChunks: of the object.
  std::string etag;                   // kChunks, kRevalidation: of the object; may be empty.
};

struct Answer {
  enum class Kind : std::uint8_t {
    kWhole,        // A complete response, to be judged; `size` if its length was given.
    kPart,         // The bytes [first, last] of an object of `size`.
    kNotModified,  // To a revalidation.
    kOther,        // To a revalidation: a 304 for something else than what we hold.
    kChanged,      // To kChunks: what is asked for does not exist any more.
    kRefused,      // To kChunks: an error; says nothing about the object.
    kNoUse,        // To kOpeningRange: nothing we could store; what was asked is nobody's own
                   // request, so a contradiction is no failure of anyone's either.
    kBroken,       // The origin contradicts itself or the request.
  };
  Kind kind = Kind::kBroken;
  std::uint64_t first = 0, last = 0;
  std::optional<std::uint64_t> size;
  std::string problem;  // kBroken, kRefused, kNoUse: for the error and the log.
};

Answer read_answer(const Question& question, int status, const base::Fields& fields);

// Content-Range: "bytes 0-4/10", "bytes 0-4/*", "bytes */10". Numbers up to 2^63-1.
struct PartRange {
  std::optional<std::uint64_t> first, last;  // None both: unsatisfied.
  std::optional<std::uint64_t> size;
  bool operator==(const PartRange&) const = default;
};
std::optional<PartRange> parse_part_range(std::string_view value);

// Content-Length; none when absent. kProtocol when malformed or given twice with two values.
base::Result<std::optional<std::uint64_t>> content_length(const base::Fields& fields);

}  // namespace cache
