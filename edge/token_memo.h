// TokenMemo: the media tokens that were verified, so that a viewer's segments cost a look-up each and
// only the first a signature's verification.
//
// Only good ones are kept, so nobody but the origin can fill it: a made-up token costs its
// verification and drives nothing out. An entry says which public key it verified under, so it is
// worth nothing once that key is taken away, whatever its id.
//
// Bound      At most `tokens_max`, in two generations: when the young one holds half, it becomes the
//            old one, and the old one goes. What is asked for comes back into the young one.
// Threads    One loop's. Time is looked at by MediaKeys::key_of(), at each use.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/media_token.h"

namespace edge {

class TokenMemo {
 public:
  explicit TokenMemo(std::size_t tokens_max) : generation_max_(tokens_max / 2) {}

  bool is_signed_by(const http::MediaToken& token, const http::MediaKey& key);

  [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  // By MediaToken::text; the value is the public key.
  using Generation = std::unordered_map<std::string, std::string, Hash, std::equal_to<>>;

  void remember(std::string_view text, const std::string& key);

  const std::size_t generation_max_;
  Generation young_, old_;
};

}  // namespace edge
