#include "edge/target.h"

#include <algorithm>
#include <array>

#include "cache/freshness.h"
#include "http/message.h"

namespace edge {
namespace {

// Claims that only the edge can make, and fields of the client's connection. All X-Forwarded-* too.
constexpr std::array<std::string_view, 19> kNeverForwarded{
    "connection",      "keep-alive",        "proxy-connection", "te",
    "trailer",         "transfer-encoding", "upgrade",          "host",
    "expect",          "forwarded",         "x-real-ip",        "x-host",
    "x-original-host", "true-client-ip",    "x-client-ip",      "x-cluster-client-ip",
    "x-request-id",    "content-length",    kMediaAccessField};

// No key covers them, and frameworks let them change what is answered.
constexpr std::array<std::string_view, 13> kOverrides{
    "x-http-method-override", "x-http-method",  "x-method-override",
    "x-original-url",         "x-rewrite-url",  "proxy",
    "proxy-authorization",    "http2-settings", "x-forwarded",
    "front-end-https",        "x-url-scheme",   "x-scheme",
    "x-original-uri"};

constexpr std::array<std::string_view, 6> kConditions{
    "range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"};

template <std::size_t kCount>
bool contains(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string forwarded_value(const http::RequestHead& request, const http::Peer& peer) {
  const bool is_v6 = peer.address.find(':') != std::string::npos;
  std::string value = "for=";
  value += is_v6 ? "\"[" + peer.address + "]\"" : peer.address;
  if (!request.authority.empty()) value += ";host=\"" + request.authority + '"';
  value += ";proto=";
  value += peer.tls ? "https" : "http";
  return value;
}

}  // namespace

base::Fields forwarded_fields(const http::RequestHead& request, const http::Peer& peer,
                              const Site& site, std::string_view node_name,
                              std::string_view request_id, Forwarding forwarding) {
  base::Fields fields;
  fields.reserve(request.fields.size() + 8, request.fields.text_bytes() + 512);
  for (const base::Field field : request.fields) {
    if (contains(kNeverForwarded, field.name) || contains(kOverrides, field.name)) continue;
    // CGI and what came after it take "x_forwarded_host" for "x-forwarded-host": as another
    // spelling of a field, it would pass by all of the above.
    if (field.name.find('_') != std::string_view::npos) continue;
    if (field.name.starts_with("x-forwarded-")) continue;
    if (forwarding == Forwarding::kFill && contains(kConditions, field.name)) continue;
    if (field.name == "via" || field.name == "cdn-loop") continue;  // Extended below.
    if (field.name == "referer") {
      fields.add(field.name, http::hide_media_tokens(field.value));
      continue;
    }
    fields.add(field.name, field.value);
  }
  if (!site.media_keys.empty()) fields.add(kMediaAccessField, "enforced");
  // A fill is for everyone: what names one client, its host or its scheme is no part of the key, so
  // the origin must not be told it, or one client could shape what the others get.
  if (forwarding == Forwarding::kPass) {
    fields.add("forwarded", forwarded_value(request, peer));
    fields.add("x-forwarded-for", peer.address);
    fields.add("x-forwarded-proto", peer.tls ? "https" : "http");
    if (!request.authority.empty()) fields.add("x-forwarded-host", request.authority);
  }
  fields.add("x-request-id", request_id);

  std::string via = request.fields.joined("via");
  if (!via.empty()) via += ", ";
  via += request.version == http::Version::kHttp2    ? "2.0 "
         : request.version == http::Version::kHttp11 ? "1.1 "
                                                     : "1.0 ";
  fields.add("via", via.append(node_name));
  std::string loop = request.fields.joined("cdn-loop");
  if (!loop.empty()) loop += ", ";
  fields.add("cdn-loop", loop.append(node_name));
  if (forwarding == Forwarding::kFill) {
    // So that an origin may aim a Surrogate-Control at us.
    std::string capability(cache::kSurrogateName);
    fields.set("surrogate-capability", capability.append("=\"Surrogate/1.0\""));
  }
  return fields;
}

bool is_looping(const base::Fields& request, std::string_view node_name) {
  for (const base::Field field : request) {
    if (field.name != "cdn-loop") continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      const std::string_view entry = base::trim(rest.substr(0, comma));
      if (base::trim(entry.substr(0, entry.find(';'))) == node_name) return true;
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }
  return false;
}

std::string host_of(const Site& site, const http::Url& origin, std::string_view client_authority) {
  if (site.config.origin_host.empty()) return origin.authority();
  if (site.config.origin_host == "client") return std::string(client_authority);
  return site.config.origin_host;
}

}  // namespace edge
