#include "http/multipart.h"

#include <random>
#include <utility>

#include "base/check.h"

namespace http {

Multipart::Multipart(std::vector<ByteRange> ranges, std::uint64_t size, std::string content_type,
                     std::string boundary)
    : ranges_(std::move(ranges)),
      size_(size),
      content_type_(std::move(content_type)),
      boundary_(std::move(boundary)) {
  CHECK(!ranges_.empty());
  CHECK(!boundary_.empty() && boundary_.size() <= 70);
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    CHECK(ranges_[i].first <= ranges_[i].last && ranges_[i].last < size_);
    length_ += part_head(i).size() + ranges_[i].length();
  }
  length_ += end().size();
}

std::string Multipart::content_type() const {
  return "multipart/byteranges; boundary=" + boundary_;
}

std::string Multipart::part_head(std::size_t index) const {
  // The first delimiter needs no line end before it: there is no preamble.
  std::string head = index == 0 ? "--" : "\r\n--";
  head += boundary_;
  if (!content_type_.empty()) {
    head += "\r\nContent-Type: ";
    head += content_type_;
  }
  head += "\r\nContent-Range: ";
  head += format_content_range(ranges_[index], size_);
  head += "\r\n\r\n";
  return head;
}

std::string Multipart::end() const { return "\r\n--" + boundary_ + "--\r\n"; }

std::string make_boundary() {
  constexpr std::string_view kAlphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  thread_local std::mt19937_64 generator{std::random_device{}()};
  std::string boundary(24, '\0');
  for (char& c : boundary) c = kAlphabet[generator() % kAlphabet.size()];
  return boundary;
}

}  // namespace http
