// Media tokens: any target, any text around one, any key line. Line 1: a target; the rest: a text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "edge/token_memo.h"
#include "http/media_token.h"

namespace {

const http::MediaKey kKey{"k1", base::Ed25519PrivateKey::make().public_key()};

void check_target(std::string_view target) {
  if (!http::has_media_token(target)) return;
  const auto token = http::parse_media_token(target);
  if (!token) {
    CHECK(token.error() == http::TokenFault::kMalformed);
    return;
  }
  CHECK(http::is_media_key_id(token->key_id));
  CHECK(token->prefix.starts_with('/') && token->prefix.ends_with('/'));
  CHECK(token->prefix.size() <= http::kMediaPrefixMax && token->rest.starts_with(token->prefix));
  CHECK(token->text.ends_with(token->prefix));
  const std::string bare = http::target_without(*token);
  CHECK(bare.starts_with("/media/") && target.ends_with(std::string_view(bare).substr(6)));
  CHECK(bare.find(token->signature) == std::string::npos ||
        token->rest.find(token->signature) != std::string_view::npos);
  // Nobody has signed anything with this key.
  edge::TokenMemo memo(4);
  CHECK(!memo.is_signed_by(*token, kKey) && memo.size() == 0);
}

void check_hiding(std::string_view text) {
  const std::string hidden = http::hide_media_tokens(text);
  CHECK(hidden.size() <= text.size());
  CHECK(http::hide_media_tokens(hidden) == hidden);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = input.find('\n');
  check_target(input.substr(0, end));
  check_hiding(input);
  if (const auto key = http::parse_media_key(input)) CHECK(http::to_text(*key) == input);
  return 0;
}
