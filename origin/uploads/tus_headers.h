// What tus clients say in header fields: parsed strictly, any bytes may come. tus 1.0.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace origin {

// Upload-Length, Upload-Offset: decimal digits, at most 2^53 - 1. None: anything else.
std::optional<std::uint64_t> parse_tus_number(std::string_view text);

// Upload-Metadata: "filename d29ybGQ=,is_private": names without spaces and commas, values in base64;
// names and values are UTF-8.
base::Result<std::map<std::string, std::string>> parse_tus_metadata(std::string_view text);

struct TusChecksum {
  enum class Algorithm { kSha1, kSha256 } algorithm = Algorithm::kSha256;
  std::string digest;  // Bytes.
};
// "sha256 …base64…". kUnsupported: another algorithm.
base::Result<TusChecksum> parse_tus_checksum(std::string_view text);
bool matches(const TusChecksum& checksum, std::string_view bytes);

// So many uploads make one.
inline constexpr std::size_t kTusConcatMax = 1'000;

// Upload-Concat: "partial", or "final;/files/a /files/b": the ids, which end the URLs.
struct TusConcat {
  bool is_partial = false;
  std::vector<std::string> ids;
};
base::Result<TusConcat> parse_tus_concat(std::string_view text);

}  // namespace origin
