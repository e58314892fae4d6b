#include "http/chunked_decoder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "http/message.h"

namespace http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::take(std::string_view input, std::size_t max) {
  std::size_t taken = 0;
  while (taken < input.size() && state_ != State::kDone && state_ != State::kBad) {
    if (state_ == State::kData) {
      const std::size_t here =
          std::min({input.size() - taken, max,
                    static_cast<std::size_t>(std::min<std::uint64_t>(
                        chunk_left_, std::numeric_limits<std::size_t>::max()))});
      chunk_left_ -= here;
      if (chunk_left_ == 0) state_ = State::kDataCr;
      return {taken + here, input.substr(taken, here)};
    }
    step(input[taken++]);
  }
  return {taken, {}};
}

void ChunkedDecoder::step(char c) {
  const std::string_view one(&c, 1);
  switch (state_) {
    case State::kSizeFirst:
    case State::kSize:
      if (const int digit = hex_digit(c); digit >= 0) {
        // 16 digits can't overflow 64 bits; the sign bit is refused at the line's end.
        state_ = ++digits_ <= kSizeDigitsMax ? State::kSize : State::kBad;
        size_ = (size_ << 4) | static_cast<std::uint64_t>(digit);
      } else if (state_ == State::kSizeFirst) {
        state_ = State::kBad;
      } else {
        state_ = c == ';' ? State::kExtension : c == '\r' ? State::kSizeLf : State::kBad;
      }
      return;
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (!is_field_value(one) || ++extension_bytes_ > kExtensionBytesMax ||
                 ++extension_bytes_sum_ > kExtensionBytesSumMax) {
        state_ = State::kBad;
      }
      return;
    case State::kSizeLf:
      if (c == '\n') {
        end_size_line();
      } else {
        state_ = State::kBad;
      }
      return;
    case State::kDataCr:
      state_ = c == '\r' ? State::kDataLf : State::kBad;
      return;
    case State::kDataLf:
      state_ = c == '\n' ? State::kSizeFirst : State::kBad;
      return;
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kFinalLf;
        return;
      }
      state_ = State::kTrailerName;
      [[fallthrough]];
    case State::kTrailerName:
      // A name's first byte arrives through kTrailerStart, so a lone ":" or a folded line is seen
      // there as a name that is not a token.
      if (const bool over = ++trailer_bytes_ > kTrailerBytesMax;
          !over && c == ':' && trailer_name_begun_) {
        state_ = State::kTrailerValue;
      } else if (!over && is_token(one)) {
        trailer_name_begun_ = true;
      } else {
        state_ = State::kBad;
      }
      return;
    case State::kTrailerValue:
      if (c == '\r') {
        state_ = State::kTrailerLf;
      } else if (!is_field_value(one) || ++trailer_bytes_ > kTrailerBytesMax) {
        state_ = State::kBad;
      }
      return;
    case State::kTrailerLf:
      trailer_name_begun_ = false;
      state_ = c == '\n' ? State::kTrailerStart : State::kBad;
      return;
    case State::kFinalLf:
      state_ = c == '\n' ? State::kDone : State::kBad;
      return;
    case State::kData:
    case State::kDone:
    case State::kBad:
      return;
  }
}

void ChunkedDecoder::end_size_line() {
  digits_ = 0;
  extension_bytes_ = 0;
  chunk_left_ = std::exchange(size_, 0);
  if (chunk_left_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    state_ = State::kBad;
  } else {
    state_ = chunk_left_ == 0 ? State::kTrailerStart : State::kData;
  }
}

}  // namespace http
