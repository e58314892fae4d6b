// Request: may this client have it? docs/media-tokens.md, "At the edge".
#include <optional>
#include <string>
#include <string_view>

#include "edge/request.h"
#include "http/media_token.h"

namespace edge {
namespace {

using http::TokenFault;

}  // namespace

// From here on the request is one for the target without the token: key, log and origin know no other.
bool Request::take_token() {
  const std::string_view target = exchange_.request().target;
  if (site_->media_keys.empty() || !http::has_media_token(target)) return true;
  const auto token = http::parse_media_token(target);
  if (!token) {
    asked_ = "/media/~";
    refuse_access(token.error());
    return false;
  }
  const auto key = site_->media_keys.key_of(*token, worker_.clock.wall());
  const bool is_signed = key && worker_.tokens.is_signed_by(*token, **key);
  if (!is_signed) {
    asked_ = std::string("/media/~").append(token->rest);
    refuse_access(key ? TokenFault::kForged : key.error());
    return false;
  }
  asked_ = http::target_without(*token);
  has_token_ = true;
  return true;
}

bool Request::admits(cache::Access access) {
  if (access == cache::Access::kAnyone || has_token_) return true;
  refuse_access(std::nullopt);
  return false;
}

void Request::refuse_access(std::optional<TokenFault> fault) {
  worker_.metrics.count_access_refused(fault);
  status_ = {};  // Whether we have it is nobody's business who may not.
  object_ = nullptr;
  stale_ = nullptr;
  // Players on any page may read why; it is all that there is to read.
  const base::Fields readable{{"access-control-allow-origin", "*"}};
  refuse(403, fault ? http::sentence_of(*fault) : http::kNoMediaToken,
         site_->config.cors.origins.empty() ? readable : base::Fields());
}

}  // namespace edge
