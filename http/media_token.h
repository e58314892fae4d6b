// Media tokens: who may fetch a private video's media, told by a segment of the path.
// docs/media-tokens.md.
//
//   /media/~KEYID.EXPIRES.PREFIXLEN.SIGNATURE/VIDEO/720p/video.m3u8?query
//
// Pure functions of text that may be anything; nothing here knows a clock or remembers. Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ed25519.h"
#include "base/result.h"

namespace http {

inline constexpr std::size_t kMediaKeyIdMax = 16;
inline constexpr std::size_t kMediaPrefixMax = 1'024;

enum class TokenFault : std::uint8_t {
  kMalformed,
  kUnknownKey,
  kExpired,
  kForged,  // No signature of that key over this path's prefix: made up, or of another video.
};
std::string_view name_of(TokenFault fault);  // "malformed", …
// For who asked: what is wrong, and what to do.
std::string_view sentence_of(TokenFault fault);
inline constexpr std::string_view kNoMediaToken =
    "this is private: ask with a URL that carries a media token";

// A token as it stands in a target, which it refers to.
struct MediaToken {
  std::string_view key_id;
  base::WallTime expires;
  std::string_view signature;  // In base64url.
  std::string_view prefix;     // Of the path behind the token: what it is good for, "/VIDEO/".
  std::string_view rest;       // The path behind the token, with the query.
  std::string_view text;       // From KEYID to the end of `prefix`: all that verifying depends on.
};

// Whether the target is "/media/~…" ("%7E" is as good as "~"): such a one is no object's path.
bool has_media_token(std::string_view target);
// Of a target that has one. kMalformed, or a token that nobody has verified.
std::expected<MediaToken, TokenFault> parse_media_token(std::string_view target);
// The target without its token: "/media/VIDEO/720p/video.m3u8?query".
std::string target_without(const MediaToken& token);
// Any text, such as a Referer, with what stands between "/media/~" and the next "/", "?", "#" or
// space left out.
std::string hide_media_tokens(std::string_view text);

struct MediaKey {
  std::string id;
  base::Ed25519PublicKey key;
};

// "ID:BASE64URL of the 32 bytes", as `headrace-origin media-key` prints it. kInvalid.
base::Result<MediaKey> parse_media_key(std::string_view text);
std::string to_text(const MediaKey& key);
// 1 to 16 of [a-z0-9].
bool is_media_key_id(std::string_view id);

// The public keys that tokens may be signed with: more than one while keys are changed.
class MediaKeys {
 public:
  // kInvalid: what is wrong with which; two of one id.
  static base::Result<MediaKeys> parse(const std::vector<std::string>& texts);
  void add(MediaKey key) { keys_.push_back(std::move(key)); }

  [[nodiscard]] bool empty() const { return keys_.empty(); }
  // The key that the token names, while the token's time lasts. Never null.
  [[nodiscard]] std::expected<const MediaKey*, TokenFault> key_of(const MediaToken& token,
                                                                  base::WallTime now) const;

 private:
  std::vector<MediaKey> keys_;
};

// Costs a signature's verification. The token's time is not looked at.
bool is_signed_by(const MediaToken& token, const MediaKey& key);

// A token for the paths that begin with `prefix`, which begins and ends with "/", without the "~".
std::string make_media_token(std::string_view key_id, const base::Ed25519PrivateKey& key,
                             base::WallTime expires, std::string_view prefix);

}  // namespace http
