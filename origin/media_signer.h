// MediaSigner: makes media tokens. docs/media-tokens.md.
//
// The private key lies in a PEM file (PKCS #8), readable by its owner alone, whole or not at all
// there, whatever happens while it is made. Threads: any, once open.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/ed25519.h"
#include "base/result.h"
#include "http/media_token.h"

namespace origin {

class MediaSigner {
 public:
  MediaSigner(std::string key_id, base::Ed25519PrivateKey key)
      : key_id_(std::move(key_id)), key_(std::move(key)) {}

  // kNotFound, kIo, kInvalid: the file can't be read, or holds no such key.
  static base::Result<MediaSigner> read(const std::string& key_id, const std::string& file);
  // The same; where there is no file, one with a new key is made. Several processes may do so at
  // once: one key remains.
  static base::Result<MediaSigner> read_or_make(const std::string& key_id, const std::string& file);

  // Good for the paths behind the token that begin with `prefix`, "/VIDEO/", until `expires`.
  [[nodiscard]] std::string token(std::string_view prefix, base::WallTime expires) const {
    return http::make_media_token(key_id_, key_, expires, prefix);
  }
  [[nodiscard]] http::MediaKey public_key() const { return {key_id_, key_.public_key()}; }

 private:
  std::string key_id_;
  base::Ed25519PrivateKey key_;
};

}  // namespace origin
