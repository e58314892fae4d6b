#include "origin/media_access.h"

#include <algorithm>
#include <utility>

#include "origin/media_plan.h"

namespace origin {
namespace {

using base::ErrorCode;

constexpr std::string_view kVideosDirectory = "media/";

std::unexpected<base::Error> denied(std::string_view sentence) {
  return base::fail(ErrorCode::kDenied, std::string(sentence), base::Blame::kClient);
}

// "media/q8Xk/720p/…" → "q8Xk".
std::string_view video_of(std::string_view name) {
  if (!name.starts_with(kVideosDirectory)) return {};
  name.remove_prefix(kVideosDirectory.size());
  return name.substr(0, name.find('/'));
}

// Calls `visit` with each directive of a Cache-Control.
template <class Visit>
void for_each_directive(std::string_view value, Visit&& visit) {
  while (!value.empty()) {
    const auto comma = value.find(',');
    const std::string_view directive = base::trim(value.substr(0, comma));
    if (!directive.empty()) visit(directive);
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
}

void append_directive(std::string& list, std::string_view directive) {
  if (!list.empty()) list += ", ";
  list += directive;
}

// What Cache-Control says of a public object, for a viewer's own cache alone.
std::string for_viewers(std::string_view cache_control) {
  std::string value = "private";
  for_each_directive(cache_control, [&](std::string_view directive) {
    const bool is_for_shared = base::equals_ignoring_case(directive, "public") ||
                               base::to_lower(directive).starts_with("s-maxage");
    if (!is_for_shared) append_directive(value, directive);
  });
  return value;
}

// The same for our edges, and for no other kind of cache.
std::string for_edges(std::string_view cache_control) {
  std::string value;
  for_each_directive(cache_control, [&](std::string_view directive) {
    append_directive(value, std::string(directive) + ";headrace");
  });
  return value;
}

}  // namespace

struct MediaAccess::State {
  State(http::MediaKeys media_keys, std::vector<http::AddressRange> edges, AccessOf lookup)
      : keys(std::move(media_keys)),
        trusted_edges(std::move(edges)),
        access_of(std::move(lookup)) {}

  // The target without its token.
  base::Result<std::string> check_token(std::string_view target, base::WallTime now) const {
    const auto token = http::parse_media_token(target);
    if (!token) return denied(http::sentence_of(token.error()));
    const auto key = keys.key_of(*token, now);
    if (!key) return denied(http::sentence_of(key.error()));
    if (!http::is_signed_by(*token, **key)) {
      return denied(http::sentence_of(http::TokenFault::kForged));
    }
    return http::target_without(*token);
  }

  bool is_trusted_edge(const http::RequestHead& request, std::string_view address) const {
    return request.fields.find("headrace-media-access") == "enforced" &&
           std::ranges::any_of(trusted_edges, [&](const http::AddressRange& range) {
             return range.contains(address);
           });
  }

  const http::MediaKeys keys;
  const std::vector<http::AddressRange> trusted_edges;
  const AccessOf access_of;
};

MediaAccess::MediaAccess() = default;
MediaAccess::MediaAccess(http::MediaKeys keys, std::vector<http::AddressRange> trusted_edges,
                         AccessOf access_of)
    : state_(std::make_unique<State>(std::move(keys), std::move(trusted_edges),
                                     std::move(access_of))) {}
MediaAccess::MediaAccess(MediaAccess&&) noexcept = default;
MediaAccess& MediaAccess::operator=(MediaAccess&&) noexcept = default;
MediaAccess::~MediaAccess() = default;

base::Result<MediaGrant> MediaAccess::grant(const http::RequestHead& request,
                                            std::string_view address, base::WallTime now) const {
  std::string target = request.target;
  const bool has_token = state_ != nullptr && http::has_media_token(target);
  if (has_token) {
    auto bare = state_->check_token(target, now);
    if (!bare) return std::unexpected(bare.error());
    target = std::move(*bare);
  }
  auto name = object_name(target);
  if (!name) return std::unexpected(name.error());
  MediaGrant grant{.name = std::move(*name)};
  if (has_token) grant.terms = MediaTerms::kPersonal;
  if (state_ == nullptr) return grant;
  grant.video = video_of(grant.name);
  if (grant.video.empty()) return grant;
  const auto access = state_->access_of(grant.video);
  if (!access) return std::unexpected(access.error());
  if (*access == "public" || has_token) return grant;
  if (!state_->is_trusted_edge(request, address)) {
    return denied(http::kNoMediaToken);
  }
  grant.terms = MediaTerms::kGuarded;
  return grant;
}

void apply_terms(const MediaGrant& grant, base::Fields& fields) {
  if (!grant.video.empty()) fields.add("surrogate-key", grant.video);
  if (grant.terms == MediaTerms::kPersonal) fields.set("cache-control", "private, no-store");
  if (grant.terms != MediaTerms::kGuarded) return;
  fields.add("headrace-access", "token");
  const std::string said(fields.find("cache-control").value_or(""));
  if (!said.empty()) fields.set("surrogate-control", for_edges(said));
  fields.set("cache-control", for_viewers(said));
}

}  // namespace origin
