#include "cache/answer.h"

#include <charconv>
#include <limits>
#include <utility>

#include "cache/freshness.h"

namespace cache {
namespace {

constexpr std::uint64_t kNumberMax = std::numeric_limits<std::int64_t>::max();

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > kNumberMax) {
    return std::nullopt;
  }
  return number;
}

Answer broken(std::string problem) {
  return {.kind = Answer::Kind::kBroken, .problem = std::move(problem)};
}

Answer read_whole(const base::Fields& fields) {
  const auto length = content_length(fields);
  if (!length) return broken(length.error().context);
  return {.kind = Answer::Kind::kWhole, .size = *length};
}

// A 206 that says which bytes it has, checked against itself and against what was asked.
Answer read_part(const Question& question, const base::Fields& fields) {
  const auto value = fields.find("content-range");
  if (!value || fields.count("content-range") != 1) return broken("206 without one Content-Range");
  const auto range = parse_part_range(*value);
  if (!range || !range->first) return broken("206 with a malformed Content-Range");
  const std::uint64_t first = *range->first;
  const std::uint64_t last = *range->last;
  if (first != question.first || last > question.last) {
    return broken("206 with other bytes than were asked");
  }
  const auto length = content_length(fields);
  if (!length) return broken(length.error().context);
  if (*length && **length != last - first + 1) {
    return broken("206 whose Content-Length contradicts its Content-Range");
  }
  return {.kind = Answer::Kind::kPart, .first = first, .last = last, .size = range->size};
}

Answer to_chunks(const Question& question, int status, const base::Fields& fields) {
  if (status == 200) return read_whole(fields);
  if (status == 416) return {.kind = Answer::Kind::kChanged};
  if (status != 206) {
    return {.kind = Answer::Kind::kRefused,
            .problem = "origin answered " + std::to_string(status) + " to a range request"};
  }
  Answer part = read_part(question, fields);
  if (part.kind != Answer::Kind::kPart) return part;
  // If-Range makes a 206 promise the same object: another size or ETag breaks that promise, and
  // the object we hold is no longer the origin's.
  if (part.size != question.size || strong_etag(fields) != question.etag) {
    return {.kind = Answer::Kind::kChanged};
  }
  return part;
}

Answer to_opening_range(const Question& question, int status, const base::Fields& fields) {
  if (status == 416) return {.kind = Answer::Kind::kNoUse, .problem = "range not satisfiable"};
  if (status != 206) return read_whole(fields);
  if (!fields.contains("content-range")) {
    return {.kind = Answer::Kind::kNoUse, .problem = "several parts"};
  }
  Answer part = read_part(question, fields);
  // Other bytes than the chunks that were asked may still be what the client's own range gets.
  if (part.kind != Answer::Kind::kPart) {
    return {.kind = Answer::Kind::kNoUse, .problem = std::move(part.problem)};
  }
  if (!part.size) return {.kind = Answer::Kind::kNoUse, .problem = "206 of unknown size"};
  if (strong_etag(fields).empty()) {
    return {.kind = Answer::Kind::kNoUse, .problem = "206 without a strong validator"};
  }
  return part;
}

Answer to_revalidation(const Question& question, int status, const base::Fields& fields) {
  if (status != 304) return read_whole(fields);
  // RFC 9111 §4.3.4: a 304 with a strong validator updates only what has the same one.
  const std::string_view etag = strong_etag(fields);
  if (!etag.empty() && etag != question.etag) return {.kind = Answer::Kind::kOther};
  return {.kind = Answer::Kind::kNotModified};
}

}  // namespace

std::optional<PartRange> parse_part_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (!base::equals_ignoring_case(value.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  value.remove_prefix(kUnit.size());
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view range = value.substr(0, slash);
  const std::string_view size = value.substr(slash + 1);

  PartRange parsed;
  if (size != "*") {
    parsed.size = parse_number(size);
    if (!parsed.size) return std::nullopt;
  }
  if (range == "*") return parsed.size ? std::optional(parsed) : std::nullopt;
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  parsed.first = parse_number(range.substr(0, dash));
  parsed.last = parse_number(range.substr(dash + 1));
  if (!parsed.first || !parsed.last || *parsed.first > *parsed.last) return std::nullopt;
  if (parsed.size && *parsed.last >= *parsed.size) return std::nullopt;
  return parsed;
}

base::Result<std::optional<std::uint64_t>> content_length(const base::Fields& fields) {
  std::optional<std::uint64_t> length;
  for (const base::Field& field : fields) {
    if (field.name != "content-length") continue;
    const auto number = parse_number(field.value);
    if (!number || (length && *length != *number)) {
      return base::fail(base::ErrorCode::kProtocol, "malformed Content-Length",
                        base::Blame::kOrigin);
    }
    length = number;
  }
  return length;
}

Answer read_answer(const Question& question, int status, const base::Fields& fields) {
  if (status < 200 || status > 599) return broken("status " + std::to_string(status));
  // A condition or a range that nobody sent can't be answered.
  if (status == 304 && question.kind != Question::Kind::kRevalidation) {
    return broken("304 to an unconditional request");
  }
  if (status == 206 && question.kind != Question::Kind::kChunks &&
      question.kind != Question::Kind::kOpeningRange) {
    return broken("206 to a request without Range");
  }
  if (status == 416 && question.kind != Question::Kind::kChunks &&
      question.kind != Question::Kind::kOpeningRange) {
    return broken("416 to a request without Range");
  }
  switch (question.kind) {
    case Question::Kind::kWhole:
      return read_whole(fields);
    case Question::Kind::kOpeningRange:
      return to_opening_range(question, status, fields);
    case Question::Kind::kRevalidation:
      return to_revalidation(question, status, fields);
    case Question::Kind::kChunks:
      return to_chunks(question, status, fields);
  }
  return broken("unreachable");
}

}  // namespace cache
