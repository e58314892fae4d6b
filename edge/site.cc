#include "edge/site.h"

#include <algorithm>

namespace edge {
namespace {

std::shared_ptr<const cache::CachePolicy> policy_of(const FreshnessConfig& config) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  auto policy = std::make_shared<cache::CachePolicy>();
  policy->default_lifetime = duration_cast<seconds>(config.default_lifetime);
  policy->negative_lifetime = duration_cast<seconds>(config.negative_lifetime);
  if (config.stale_while_revalidate.count() > 0) {
    policy->stale_while_revalidate = duration_cast<seconds>(config.stale_while_revalidate);
  }
  if (config.stale_if_error.count() > 0) {
    policy->stale_if_error = duration_cast<seconds>(config.stale_if_error);
  }
  policy->stale_max = duration_cast<seconds>(config.stale_max);
  policy->respect_request_no_cache = config.respect_request_no_cache;
  policy->set_cookie = config.set_cookie;
  return policy;
}

// The config's check has seen to it that they parse.
http::MediaKeys keys_of(const SiteConfig& config) {
  return http::MediaKeys::parse(config.media_keys).value_or(http::MediaKeys());
}

bool rewrites(const QueryConfig& query) {
  return query.rule != QueryRule::kKeep || !query.keep.empty() || !query.drop.empty();
}

}  // namespace

Site::Site(const SiteConfig& site_config, const base::Clock& clock)
    : config(site_config),
      name(site_config.name.empty() ? site_config.hosts.front() : site_config.name),
      policy(policy_of(site_config.freshness)),
      timeouts{site_config.timeouts.place, site_config.timeouts.connect,
               site_config.timeouts.first_byte, site_config.timeouts.stall,
               site_config.timeouts.total},
      tls{site_config.tls.verify, site_config.tls.ca_file, site_config.tls.server_name,
          site_config.tls.client_certificate, site_config.tls.client_key},
      media_keys(keys_of(site_config)),
      origins(site_config.origins, site_config.origin_order, site_config.health, clock),
      rewrites_query(rewrites(site_config.query)),
      keys_have_host(site_config.origin_host == "client" &&
                     std::ranges::any_of(site_config.hosts, [&](const std::string& host) {
                       return site_config.hosts.size() > 1 || host.contains('*');
                     })) {}

std::string_view Site::allowed_origin(std::string_view origin) const {
  for (const std::string& allowed : config.cors.origins) {
    if (allowed == "*") return "*";
    if (allowed == origin) return allowed;
  }
  return {};
}

SiteTable::SiteTable(const std::vector<SiteConfig>& sites, const base::Clock& clock) {
  for (const SiteConfig& config : sites) {
    auto site = std::make_shared<const Site>(config, clock);
    for (const std::string& text : config.hosts) {
      const std::string host = base::to_lower(text);
      if (host == "*") {
        fallback_ = site;
      } else if (host.starts_with("*.")) {
        wildcard_.emplace(host.substr(2), site);
      } else {
        exact_.emplace(host, site);
      }
    }
    sites_.push_back(std::move(site));
  }
}

void SiteTable::inherit_health(const SiteTable& before) const {
  for (const auto& site : sites_) {
    if (const auto same = before.by_name(site->name)) site->origins.inherit(same->origins);
  }
}

const std::shared_ptr<const Site>& SiteTable::find(std::string_view host) const {
  if (!exact_.empty()) {
    if (const auto it = exact_.find(host); it != exact_.end()) return it->second;
  }
  if (!wildcard_.empty()) {
    for (auto dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
      if (const auto it = wildcard_.find(host.substr(dot + 1)); it != wildcard_.end()) {
        return it->second;
      }
    }
  }
  return fallback_;
}

std::shared_ptr<const Site> SiteTable::by_name(std::string_view name) const {
  const auto it = std::find_if(sites_.begin(), sites_.end(),
                               [&](const auto& site) { return site->name == name; });
  return it == sites_.end() ? nullptr : *it;
}

}  // namespace edge
