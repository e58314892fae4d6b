#include "http/media_token.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/text_encoding.h"

namespace http {
namespace {

constexpr std::string_view kRoot = "/media";
constexpr std::string_view kMediaDirectory = "/media/";
constexpr std::array<std::string_view, 3> kMarks{"~", "%7E", "%7e"};
constexpr std::size_t kExpiresDigitsMax = 11;  // Until the year 5138.
constexpr std::size_t kPrefixDigitsMax = 4;
constexpr std::size_t kSignatureCharacters = (base::Ed25519PublicKey::kSignatureBytes * 8 + 5) / 6;
static_assert(kMediaPrefixMax <= 9'999);

// What follows the mark; none: there is no token at the start of `path`.
std::optional<std::string_view> after_mark(std::string_view path) {
  for (const std::string_view mark : kMarks) {
    if (path.starts_with(mark)) return path.substr(mark.size());
  }
  return std::nullopt;
}

// One text for each number: no sign, no leading zero.
std::optional<std::int64_t> parse_number(std::string_view text, std::size_t digits_max) {
  if (text.empty() || text.size() > digits_max || text.front() == '0') return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::string signed_text(std::string_view key_id, std::int64_t expires, std::string_view prefix) {
  std::string text(key_id);
  text.append(1, '.').append(std::to_string(expires)).append(1, '.').append(prefix);
  return text;
}

std::int64_t seconds_of(base::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

bool is_base64url(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::string_view take_part(std::string_view& text) {
  const auto dot = text.find('.');
  const std::string_view part = text.substr(0, dot);
  text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  return part;
}

}  // namespace

std::string_view name_of(TokenFault fault) {
  switch (fault) {
    case TokenFault::kMalformed:
      return "malformed";
    case TokenFault::kUnknownKey:
      return "unknown_key";
    case TokenFault::kExpired:
      return "expired";
    case TokenFault::kForged:
      return "forged";
  }
  return "unknown";
}

std::string_view sentence_of(TokenFault fault) {
  switch (fault) {
    case TokenFault::kMalformed:
      return "the URL's media token is malformed";
    case TokenFault::kUnknownKey:
      return "the URL's media token is signed with a key that is not known here";
    case TokenFault::kExpired:
      return "the URL's media token has expired: ask for a new one";
    case TokenFault::kForged:
      return "the URL's media token is not for this path";
  }
  return kNoMediaToken;
}

bool has_media_token(std::string_view target) {
  return target.starts_with(kMediaDirectory) &&
         after_mark(target.substr(kMediaDirectory.size())).has_value();
}

std::expected<MediaToken, TokenFault> parse_media_token(std::string_view target) {
  CHECK(has_media_token(target));
  const std::string_view text = *after_mark(target.substr(kMediaDirectory.size()));
  const auto malformed = std::unexpected(TokenFault::kMalformed);
  const auto end = text.find_first_of("/?");
  if (end == std::string_view::npos || text[end] != '/') return malformed;
  std::string_view parts = text.substr(0, end);

  MediaToken token;
  token.key_id = take_part(parts);
  const auto expires = parse_number(take_part(parts), kExpiresDigitsMax);
  const auto prefix_length = parse_number(take_part(parts), kPrefixDigitsMax);
  token.signature = parts;
  if (!is_media_key_id(token.key_id) || !expires || !prefix_length ||
      token.signature.size() != kSignatureCharacters ||
      !std::ranges::all_of(token.signature, is_base64url)) {
    return malformed;
  }
  token.expires = base::WallTime(std::chrono::seconds(*expires));
  token.rest = text.substr(end);
  const std::string_view path = token.rest.substr(0, token.rest.find('?'));
  const auto length = static_cast<std::size_t>(*prefix_length);
  if (length > path.size() || length > kMediaPrefixMax) return malformed;
  token.prefix = path.substr(0, length);
  // A prefix that ends within a segment would be good for "/abc" and "/abcdef" alike.
  if (!token.prefix.ends_with('/')) return malformed;
  token.text = text.substr(0, end + length);
  return token;
}

std::string target_without(const MediaToken& token) {
  return std::string(kRoot).append(token.rest);
}

std::string hide_media_tokens(std::string_view text) {
  std::string hidden;
  while (true) {
    const auto at = text.find(kMediaDirectory);
    if (at == std::string_view::npos) return hidden.append(text);
    const std::string_view behind = text.substr(at + kMediaDirectory.size());
    hidden.append(text.substr(0, at + kMediaDirectory.size()));
    text = behind;
    if (const auto token = after_mark(behind)) {
      hidden += '~';
      text = token->substr(std::min(token->find_first_of("/?# "), token->size()));
    }
  }
}

bool is_media_key_id(std::string_view id) {
  return !id.empty() && id.size() <= kMediaKeyIdMax && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

base::Result<MediaKey> parse_media_key(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view id = text.substr(0, colon);
  const auto bytes =
      colon == std::string_view::npos ? std::nullopt : base::from_base64url(text.substr(colon + 1));
  if (!is_media_key_id(id) || !bytes || bytes->size() != base::Ed25519PublicKey::kBytes) {
    return base::fail(base::ErrorCode::kInvalid,
                      "expected ID:KEY as \"headrace-origin media-key\" prints it");
  }
  auto key = base::Ed25519PublicKey::from_bytes(*bytes);
  if (!key) return std::unexpected(key.error());
  return MediaKey{std::string(id), std::move(*key)};
}

std::string to_text(const MediaKey& key) {
  return key.id + ':' + base::to_base64url(key.key.bytes());
}

base::Result<MediaKeys> MediaKeys::parse(const std::vector<std::string>& texts) {
  MediaKeys keys;
  for (const std::string& text : texts) {
    auto key = parse_media_key(text);
    if (!key) return std::unexpected(key.error());
    const bool is_known =
        std::ranges::any_of(keys.keys_, [&](const MediaKey& known) { return known.id == key->id; });
    if (is_known) {
      return base::fail(base::ErrorCode::kInvalid, "two keys have the id " + key->id);
    }
    keys.add(std::move(*key));
  }
  return keys;
}

std::expected<const MediaKey*, TokenFault> MediaKeys::key_of(const MediaToken& token,
                                                             base::WallTime now) const {
  const auto key =
      std::ranges::find_if(keys_, [&](const MediaKey& one) { return one.id == token.key_id; });
  if (key == keys_.end()) return std::unexpected(TokenFault::kUnknownKey);
  if (token.expires <= now) return std::unexpected(TokenFault::kExpired);
  return &*key;
}

bool is_signed_by(const MediaToken& token, const MediaKey& key) {
  const auto signature = base::from_base64url(token.signature);
  return signature &&
         key.key.verifies(signed_text(token.key_id, seconds_of(token.expires), token.prefix),
                          *signature);
}

std::string make_media_token(std::string_view key_id, const base::Ed25519PrivateKey& key,
                             base::WallTime expires, std::string_view prefix) {
  CHECK(is_media_key_id(key_id) && prefix.starts_with('/') && prefix.ends_with('/') &&
        prefix.size() <= kMediaPrefixMax);
  const std::int64_t seconds = seconds_of(expires);
  std::string token(key_id);
  token.append(1, '.').append(std::to_string(seconds)).append(1, '.');
  token.append(std::to_string(prefix.size())).append(1, '.');
  return token.append(base::to_base64url(key.sign(signed_text(key_id, seconds, prefix))));
}

}  // namespace http
