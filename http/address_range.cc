#include "http/address_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace http {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

// AF_INET, AF_INET6, or 0: no address.
int parse_address(std::string_view text, Bytes& bytes) {
  const std::string terminated(text);
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, terminated.c_str(), bytes.data()) == 1) return family;
  }
  return 0;
}

unsigned width_of(int family) { return family == AF_INET ? 32 : 128; }

// Whether the first `bits` of both are the same.
bool agree(const Bytes& one, const Bytes& other, unsigned bits) {
  const auto whole = bits / 8;
  if (!std::equal(one.begin(), one.begin() + whole, other.begin())) return false;
  if (bits % 8 == 0) return true;
  return ((one.at(whole) ^ other.at(whole)) >> (8 - bits % 8)) == 0;
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  AddressRange range;
  const auto slash = text.find('/');
  range.family_ = parse_address(text.substr(0, slash), range.bytes_);
  if (range.family_ == 0) return std::nullopt;
  range.bits_ = width_of(range.family_);
  if (slash == std::string_view::npos) return range;
  const std::string_view length = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (error != std::errc() || end != length.data() + length.size() || bits > range.bits_) {
    return std::nullopt;
  }
  for (unsigned bit = bits; bit < range.bits_; ++bit) {
    if ((range.bytes_.at(bit / 8) >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  }
  range.bits_ = bits;
  return range;
}

bool AddressRange::contains(std::string_view address) const {
  Bytes bytes{};
  return parse_address(address, bytes) == family_ && agree(bytes, bytes_, bits_);
}

}  // namespace http
