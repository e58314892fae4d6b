// AddressRange: the addresses of a network, "10.0.0.0/8", "2001:db8::/32", or one address.
//
// Threads: any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace http {

class AddressRange {
 public:
  // None: malformed, or with bits set behind the network's, which would be a mistake.
  static std::optional<AddressRange> parse(std::string_view text);

  // `address`: numeric, as in Peer. False when it is none.
  [[nodiscard]] bool contains(std::string_view address) const;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  int family_ = 0;
  unsigned bits_ = 0;
};

}  // namespace http
