#include "origin/uploads/tus_headers.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/fields.h"
#include "base/sha256.h"
#include "base/text_encoding.h"
#include "package/text.h"

namespace origin {
namespace {

using base::ErrorCode;

constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << 53) - 1;

std::unexpected<base::Error> invalid(std::string what) {
  return base::fail(ErrorCode::kInvalid, std::move(what), base::Blame::kClient);
}

bool is_utf8(std::string_view text) {
  return package::find_invalid_utf8(text) == std::string_view::npos;
}

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view taken = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), taken.size() + 1));
  return taken;
}

}  // namespace

std::optional<std::uint64_t> parse_tus_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  return whole && number <= kNumberMax ? std::optional(number) : std::nullopt;
}

base::Result<std::map<std::string, std::string>> parse_tus_metadata(std::string_view text) {
  std::map<std::string, std::string> pairs;
  while (!text.empty()) {
    std::string_view pair = base::trim(take_until(text, ','));
    const std::string_view name = take_until(pair, ' ');
    const auto value = base::from_base64(base::trim(pair));
    if (name.empty() || !value) {
      return invalid("Upload-Metadata must be names and base64 values, \"filename d29ybGQ=\"");
    }
    // What is not goes into no table of PostgreSQL.
    if (!is_utf8(name) || !is_utf8(*value)) {
      return invalid("Upload-Metadata: names and values must be UTF-8");
    }
    if (!pairs.emplace(name, *value).second) {
      return invalid("Upload-Metadata has \"" + std::string(name) + "\" twice");
    }
  }
  return pairs;
}

base::Result<TusChecksum> parse_tus_checksum(std::string_view text) {
  const std::string_view name = take_until(text, ' ');
  auto digest = base::from_base64(base::trim(text));
  if (name != "sha1" && name != "sha256") {
    return base::fail(ErrorCode::kUnsupported, "Upload-Checksum: sha1 and sha256 are known",
                      base::Blame::kClient);
  }
  const std::size_t size = name == "sha1" ? 20 : 32;
  if (!digest || digest->size() != size) {
    return invalid("Upload-Checksum must be an algorithm and its digest in base64");
  }
  return TusChecksum{
      .algorithm = name == "sha1" ? TusChecksum::Algorithm::kSha1 : TusChecksum::Algorithm::kSha256,
      .digest = std::move(*digest)};
}

bool matches(const TusChecksum& checksum, std::string_view bytes) {
  if (checksum.algorithm == TusChecksum::Algorithm::kSha256) {
    const base::Sha256::Digest digest = base::Sha256::of(bytes);
    return checksum.digest ==
           std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha1(), nullptr) == 1);
  return checksum.digest == std::string_view(reinterpret_cast<const char*>(digest.data()), size);
}

base::Result<TusConcat> parse_tus_concat(std::string_view text) {
  text = base::trim(text);
  if (text == "partial") return TusConcat{.is_partial = true, .ids = {}};
  if (!text.starts_with("final;")) {
    return invalid("Upload-Concat must be \"partial\" or \"final;URL URL …\"");
  }
  text.remove_prefix(6);
  TusConcat concat;
  while (!text.empty()) {
    const std::string_view url = take_until(text, ' ');
    if (url.empty()) continue;
    const auto slash = url.rfind('/');
    const std::string_view id = slash == std::string_view::npos ? url : url.substr(slash + 1);
    if (id.empty() || !is_utf8(id) || concat.ids.size() == kTusConcatMax) {
      return invalid("Upload-Concat names 1 to 1,000 uploads by their URLs");
    }
    concat.ids.emplace_back(id);
  }
  if (concat.ids.empty()) return invalid("Upload-Concat: final names no uploads");
  return concat;
}

}  // namespace origin
