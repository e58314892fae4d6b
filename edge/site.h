// Site: what a request's host selects: its key rules, freshness policy, CORS and origins.
// SiteTable: all sites of one config revision.
//
// Built once from the config, then immutable but for the origins' health; requests hold the Site
// they began with across a reload. Threads: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "cache/freshness.h"
#include "edge/config.h"
#include "edge/key_rules.h"
#include "edge/origin_pool.h"
#include "http/client.h"
#include "http/media_token.h"

namespace edge {

struct SiteMetrics;

struct Site {
  Site(const SiteConfig& site_config, const base::Clock& clock);

  const SiteConfig config;
  const std::string name;
  const std::shared_ptr<const cache::CachePolicy> policy;
  const http::FetchTimeouts timeouts;
  const http::OriginTls tls;
  const http::MediaKeys media_keys;  // Empty: nothing is known of media tokens here.
  mutable OriginPool origins;
  mutable const SiteMetrics* metrics = nullptr;  // Set before the site is shared.
  const bool rewrites_query;                     // False: the target is used as it came.
  const bool keys_have_host;  // The origin is told which of several hosts was asked for.

  // The key text of a target of this site (key_rules.h); `authority` as the client sent it.
  void write_key(std::string& out, std::string_view target, std::string_view authority) const {
    write_key_text(out, name, target, keys_have_host ? authority : std::string_view());
  }

  // The Access-Control-Allow-Origin value for a request's Origin; empty: none.
  [[nodiscard]] std::string_view allowed_origin(std::string_view origin) const;
};

class SiteTable {
 public:
  SiteTable(const std::vector<SiteConfig>& sites, const base::Clock& clock);

  // Takes over what the table before a reload knew of the same sites' origins.
  void inherit_health(const SiteTable& before) const;

  // By exact host, then by the longest "*.suffix", then "*". `host` in lower case without a port.
  // Null: not ours (421).
  [[nodiscard]] const std::shared_ptr<const Site>& find(std::string_view host) const;
  [[nodiscard]] const std::vector<std::shared_ptr<const Site>>& all() const { return sites_; }
  [[nodiscard]] std::shared_ptr<const Site> by_name(std::string_view name) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using ByHost =
      std::unordered_map<std::string, std::shared_ptr<const Site>, Hash, std::equal_to<>>;
  std::vector<std::shared_ptr<const Site>> sites_;
  ByHost exact_;
  ByHost wildcard_;  // "example.org" for "*.example.org".
  std::shared_ptr<const Site> fallback_;
};

}  // namespace edge
