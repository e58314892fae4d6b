// ChunkedDecoder: takes the chunked transfer coding off a request's body. RFC 9112 §7.1.
//
//   5;name=value CRLF hello CRLF 0 CRLF Trailer: skipped CRLF CRLF
//
// Byte by byte, so that it keeps nothing but a few counters and gives the same result however the
// input is split. Strict: CRLF ends every line; no white space around a size; sizes of at most 16
// digits and 2^63-1; extensions and trailers are skipped, but must be made of legal characters and
// stay under a limit. Anything else is kBad and stays kBad.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace http {

class ChunkedDecoder {
 public:
  static constexpr std::size_t kSizeDigitsMax = 16;
  static constexpr std::size_t kExtensionBytesMax = 256;          // A chunk.
  static constexpr std::size_t kExtensionBytesSumMax = 16 << 10;  // A body.
  static constexpr std::size_t kTrailerBytesMax = 8 << 10;        // A body.

  struct Step {
    std::size_t taken = 0;  // Bytes of the input that are dealt with, `data` included.
    std::string_view data;  // Of the body; lies in the input. Empty: no body in what was taken.
  };

  // Takes framing, and then one piece of body of at most `max` (> 0) bytes. Nothing taken: the
  // input is empty, or the body is over.
  Step take(std::string_view input, std::size_t max);

  [[nodiscard]] bool done() const { return state_ == State::kDone; }
  [[nodiscard]] bool bad() const { return state_ == State::kBad; }
  // What the chunk under way still owes; nothing while its size is being read.
  [[nodiscard]] std::uint64_t chunk_left() const { return chunk_left_; }

 private:
  enum class State {
    kSizeFirst,  // The first digit of a size.
    kSize,       // More digits, ";" or the line's end.
    kExtension,  // After ";".
    kSizeLf,     // CR seen, LF must follow.
    kData,       // Inside a chunk.
    kDataCr,     // CRLF after a chunk.
    kDataLf,
    kTrailerStart,  // After the last chunk: a trailer, or the final CRLF.
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kFinalLf,
    kDone,
    kBad,
  };

  void step(char c);
  void end_size_line();

  State state_ = State::kSizeFirst;
  std::uint64_t size_ = 0;  // So far, of a size line under way.
  std::uint64_t chunk_left_ = 0;
  std::size_t digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t extension_bytes_sum_ = 0;
  std::size_t trailer_bytes_ = 0;
  bool trailer_name_begun_ = false;
};

}  // namespace http
