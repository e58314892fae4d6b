// Target: everything the edge needs to ask a site's origin for one client's request, once the
// connection it came on is forgotten. Travels through the cache as an opaque OriginTarget.
//
// Immutable; threads: any.
#pragma once

#include <memory>
#include <string>

#include "base/fields.h"
#include "cache/origin.h"
#include "edge/site.h"
#include "http/exchange.h"

namespace edge {

class Target final : public cache::OriginTarget {
 public:
  Target(std::shared_ptr<const Site> target_site, std::string request_method,
         std::string request_target, std::string client_authority, base::Fields forwarded)
      : site(std::move(target_site)),
        method(std::move(request_method)),
        target(std::move(request_target)),
        authority(std::move(client_authority)),
        fields(std::move(forwarded)) {}

  const std::shared_ptr<const Site> site;
  const std::string method;
  const std::string target;     // Normalised by the site's query rules.
  const std::string authority;  // The host that the client asked for.
  const base::Fields fields;    // As they go out, but for Host, ranges and conditions of a fill.
};

// The fields of the client's request as they go to the origin: without what only concerns the
// client's connection or claims what only the edge can know (Forwarded, X-Forwarded-*, X-Real-IP,
// …), with Forwarded, X-Forwarded-*, Via, CDN-Loop and X-Request-Id set by us.
//
// A site that knows media tokens says so by kMediaAccessField; a token in a Referer is left out.
//
// kFill: also without Range, conditions and all of Forwarded and X-Forwarded-*, which the cache
// sets itself.
enum class Forwarding { kFill, kPass };
// Tells the origin that we hold clients to its Headrace-Access. docs/media-tokens.md.
inline constexpr std::string_view kMediaAccessField = "headrace-media-access";
base::Fields forwarded_fields(const http::RequestHead& request, const http::Peer& peer,
                              const Site& site, std::string_view node_name,
                              std::string_view request_id, Forwarding forwarding);

// True when CDN-Loop names this node: the request has been here before. RFC 8586.
bool is_looping(const base::Fields& request, std::string_view node_name);

// The Host to send: the origin's, a configured one, or the client's.
std::string host_of(const Site& site, const http::Url& origin, std::string_view client_authority);

}  // namespace edge
