// Bytes as text: hexadecimal, base64 and its URL-safe form. RFC 4648.
//
// Decoders are strict: no white space, no other alphabet, no bits that would be dropped.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

std::string to_hex(std::string_view bytes);  // Lower case.

std::string to_base64(std::string_view bytes);     // With padding.
std::string to_base64url(std::string_view bytes);  // Without.
// None: not what the encoder would have made.
std::optional<std::string> from_base64(std::string_view text);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace base
