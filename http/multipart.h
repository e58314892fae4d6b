// multipart/byteranges: the body of a 206 that carries several ranges. RFC 9110 §14.6.
//
//   part_head(0) · bytes of ranges()[0] · part_head(1) · bytes of ranges()[1] · … · end()
//
// A BodySource interleaves these texts with the bytes it pulls; length() is what the whole comes
// to, so that Content-Length is known before the first byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/range.h"

namespace http {

class Multipart {
 public:
  // `ranges`: as resolve() gives them, at least one, all within `size`. `content_type`: of the
  // whole representation; empty: none is named. `boundary`: 1 to 70 characters of RFC 2046's set;
  // see make_boundary().
  Multipart(std::vector<ByteRange> ranges, std::uint64_t size, std::string content_type,
            std::string boundary);

  [[nodiscard]] const std::vector<ByteRange>& ranges() const { return ranges_; }
  [[nodiscard]] std::string content_type() const;  // "multipart/byteranges; boundary=…".
  [[nodiscard]] std::uint64_t length() const { return length_; }

  [[nodiscard]] std::string part_head(std::size_t index) const;
  [[nodiscard]] std::string end() const;

 private:
  std::vector<ByteRange> ranges_;
  std::uint64_t size_;
  std::string content_type_;
  std::string boundary_;
  std::uint64_t length_ = 0;
};

// 24 characters that the stored bytes can't have foreseen: drawn from a seeded generator per
// thread.
std::string make_boundary();

}  // namespace http
