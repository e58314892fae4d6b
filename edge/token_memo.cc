#include "edge/token_memo.h"

#include <utility>

namespace edge {

bool TokenMemo::is_signed_by(const http::MediaToken& token, const http::MediaKey& key) {
  const auto holds = [&](const Generation& generation) {
    const auto known = generation.find(token.text);
    return known != generation.end() && known->second == key.key.bytes();
  };
  if (holds(young_)) return true;
  if (!holds(old_) && !http::is_signed_by(token, key)) return false;
  remember(token.text, key.key.bytes());
  return true;
}

void TokenMemo::remember(std::string_view text, const std::string& key) {
  if (young_.size() >= generation_max_) old_ = std::exchange(young_, {});
  young_.insert_or_assign(std::string(text), key);
}

}  // namespace edge
