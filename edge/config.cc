#include "edge/config.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/fields.h"
#include "cache/arena.h"
#include "cache/chunk.h"
#include "edge/key_rules.h"
#include "http/media_token.h"
#include "http/url.h"

namespace edge {
namespace {

constexpr std::array kPolicyNames{base::EnumName{"lru", cache::Policy::kLru},
                                  base::EnumName{"sieve", cache::Policy::kSieve},
                                  base::EnumName{"s3fifo", cache::Policy::kS3Fifo}};
constexpr std::array kOrderNames{base::EnumName{"in_order", OriginOrder::kInOrder},
                                 base::EnumName{"balanced", OriginOrder::kBalanced}};
constexpr std::array kQueryNames{base::EnumName{"keep", QueryRule::kKeep},
                                 base::EnumName{"sort", QueryRule::kSort},
                                 base::EnumName{"drop", QueryRule::kDrop}};
constexpr std::array kSetCookieNames{base::EnumName{"refuse", cache::SetCookie::kRefuse},
                                     base::EnumName{"drop", cache::SetCookie::kDrop},
                                     base::EnumName{"keep", cache::SetCookie::kKeep}};
constexpr std::array kLogFormNames{base::EnumName{"json", LogForm::kJson},
                                   base::EnumName{"combined", LogForm::kCombined},
                                   base::EnumName{"off", LogForm::kOff}};

constexpr std::array kLogLevelNames{base::EnumName{"debug", base::LogLevel::kDebug},
                                    base::EnumName{"info", base::LogLevel::kInfo},
                                    base::EnumName{"warning", base::LogLevel::kWarning},
                                    base::EnumName{"error", base::LogLevel::kError}};

constexpr std::chrono::milliseconds kDay = 24h;

bool is_origin_url(const std::string& text) {
  const auto url = http::parse_url(text);
  return url && !url->target.contains('?') && ambiguity_of(url->target).empty();
}

bool is_node_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

// "video.example", "*.video.example", "*", "[::1]": what a Host without its port can be.
bool is_host_pattern(std::string_view host) {
  if (host == "*") return true;
  if (host.starts_with("*.")) host.remove_prefix(2);
  return http::is_authority(host) && (host.ends_with(']') || !host.contains(':'));
}

// Each host of all sites once, and each name.
void check_sites(const std::vector<SiteConfig>& sites, base::ConfigVisitor& option) {
  std::set<std::string> hosts, names;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const SiteConfig& site = sites[i];
    const std::string place = "site[" + std::to_string(i) + "].";
    bool are_new = true;
    for (const std::string& host : site.hosts) {
      option.check(
          place + "hosts", is_host_pattern(host),
          "hosts such as video.example, *.video.example or *, without scheme, port and path, "
          "and \"" +
              host + "\" is none");
      const bool is_new = hosts.insert(base::to_lower(host)).second;
      option.check(place + "hosts", is_new,
                   "each host in one site only, and \"" + host + "\" is in two");
      are_new &= is_new;
    }
    if (!are_new) continue;  // The name that it gives is one, too.
    const std::string& name =
        site.name.empty() && !site.hosts.empty() ? site.hosts.front() : site.name;
    option.check(place + "name", names.insert(name).second,
                 "a name of its own for each site, and two are \"" + name + "\"");
  }
}

void describe_cache(CacheConfig& c, base::ConfigVisitor& option) {
  option("cache.path", c.path,
         "Directory of the disk tier, for this process alone; empty: memory only. (restart)");
  option("cache.memory_max", c.memory_max, 64_MiB, 16_TiB,
         "Memory for cached bodies (about three quarters of it), records, RocksDB and connection "
         "buffers together. (restart)");
  option("cache.disk_max", c.disk_max, 256_MiB, 1024_TiB,
         "Disk space for bodies and index together; never exceeded. (restart)");
  option("cache.policy", c.policy, kPolicyNames, "What leaves memory first. (restart)");
  option("cache.chunk_size", c.chunk_size, 64_KiB, 4_MiB,
         "Unit of fills and of eviction, a multiple of 64KiB; for new objects. (restart)");
  option.check("cache.chunk_size", c.chunk_size.count() % cache::kBlockBytes == 0,
               "a multiple of 64KiB");
  option("cache.direct_io", c.direct_io,
         "Bypass the page cache, where the file system can. (restart)");
  option("cache.disk_readers", c.disk_readers, 1, 256, "Threads that read from disk. (restart)");
  option("cache.pass_mark_time", c.pass_mark_time, 0ms, 1h,
         "How long an uncacheable response lets others by without queueing. (restart)");
  option("cache.fill_finish_max", c.fill_finish_max, 0_B, 1_TiB,
         "Bytes that a fill may still fetch when no client waits for it any more. (restart)");
  option("cache.unvalidated_max", c.unvalidated_max, 0_B, 4_GiB,
         "Largest body kept of a response without a strong ETag. (restart)");
  option("cache.read_ahead_chunks", c.read_ahead_chunks, 0, 64,
         "Chunks fetched ahead of a sequential reader.");
}

}  // namespace

void describe(CertificateConfig& c, base::ConfigVisitor& option) {
  option("hosts", c.hosts, 1, 1'000, "Hosts it is for; \"*.example.org\" covers one label.");
  option("certificate", c.certificate, base::kRequired, "PEM file: the chain, leaf first.");
  option("private_key", c.private_key, base::kRequired, "PEM file of its key.");
}

void describe(SiteConfig& c, base::ConfigVisitor& option) {
  option("name", c.name,
         "Names the site in keys, purges, logs and metrics; default: its first host. Renaming it "
         "empties its cache.");
  option("hosts", c.hosts, 1, 1'000,
         "Hosts that share this site's cache: exact, \"*.example.org\", or \"*\" for all others.");
  option(
      "origins", c.origins, 1, 64,
      "Base URLs: http://host:port or https://host:port; a path, such as a bucket's, goes before "
      "the request's.");
  option.check("origins", std::all_of(c.origins.begin(), c.origins.end(), is_origin_url),
               "URLs such as http://10.0.0.5:9000 or https://s3.example.org/bucket");
  option("origin_order", c.origin_order, kOrderNames,
         "in_order: the first that is up; balanced: in turn.");
  option("origin_host", c.origin_host,
         "Host sent to the origin; empty: the origin URL's; \"client\": the one the client sent.");
  option("origin_tries", c.origin_tries, 1, 16,
         "Origins asked for one safe request before it fails.");
  option("origin_connections_max", c.origin_connections_max, 1, 65'535,
         "Connections to each origin, for each event loop and fill thread.");
  option("cache", c.cache, "false: everything passes through.");
  option(
      "media_keys", c.media_keys, 0, 16,
      "Public keys of media tokens, as \"headrace-origin media-key\" prints them: this edge then "
      "answers for who gets private media. Two while a key is changed.");
  const auto keys = http::MediaKeys::parse(c.media_keys);
  option.check("media_keys", keys.has_value(), "ID:KEY each, and each id once");

  option("timeouts.place", c.timeouts.place, 10ms, 1h,
         "Time to wait while origin_connections_max are in use; over it 503, or the next origin.");
  option("timeouts.connect", c.timeouts.connect, 10ms, 5min, "Time to connect to an origin.");
  option("timeouts.first_byte", c.timeouts.first_byte, 10ms, 1h,
         "Time from the request sent to the response's head; over it 504.");
  option("timeouts.stall", c.timeouts.stall, 10ms, 1h, "Time without a byte of a body.");
  option("timeouts.total", c.timeouts.total, 0ms, kDay, "Time for a whole response; 0: no limit.");

  option("tls.verify", c.tls.verify, "Verify https origins' certificates.");
  option("tls.ca_file", c.tls.ca_file, "PEM file of trusted authorities; empty: the system's.");
  option("tls.server_name", c.tls.server_name, "SNI and name to verify; empty: the URL's host.");
  option("tls.client_certificate", c.tls.client_certificate, "PEM file shown to the origin.");
  option("tls.client_key", c.tls.client_key, "PEM file of its key.");
  option.check("tls.client_key", c.tls.client_key.empty() == c.tls.client_certificate.empty(),
               "to be given together with tls.client_certificate");

  option("health.failures", c.health.failures, 1, 1'000,
         "Failures in a row that mark an origin down.");
  option("health.backoff", c.health.backoff, 10ms, 1h,
         "How long a down origin is left alone at first; doubles.");
  option("health.backoff_max", c.health.backoff_max, 10ms, kDay, "The longest backoff.");
  option("health.check_path", c.health.check_path,
         "Path asked of each origin at intervals, expecting 2xx; empty: no active checks.");
  option.check("health.check_path",
               c.health.check_path.empty() || http::is_origin_form(c.health.check_path),
               "a path that begins with '/'");
  option("health.check_interval", c.health.check_interval, 100ms, 1h, "Time between checks.");
  option("health.check_timeout", c.health.check_timeout, 10ms, 5min, "Time for one check.");

  option("freshness.default_lifetime", c.freshness.default_lifetime, 0ms, 365 * kDay,
         "Lifetime of a 200 that states none; 0: the usual heuristic.");
  option("freshness.negative_lifetime", c.freshness.negative_lifetime, 0ms, 1h,
         "Lifetime of a 404 or 410 that states none; the most for 5xx.");
  option("freshness.stale_while_revalidate", c.freshness.stale_while_revalidate, 0ms, 30 * kDay,
         "Serve stale this long while asking the origin, when it states none.");
  option("freshness.stale_if_error", c.freshness.stale_if_error, 0ms, 30 * kDay,
         "Serve stale this long when the origin fails, when it states none.");
  option("freshness.stale_max", c.freshness.stale_max, 0ms, 365 * kDay,
         "The longest that anything stale is served.");
  option("freshness.respect_request_no_cache", c.freshness.respect_request_no_cache,
         "A client's Cache-Control: no-cache asks the origin; false: it is ignored.");

  option(
      "freshness.set_cookie", c.freshness.set_cookie, kSetCookieNames,
      "A response that sets a cookie: refuse to store it; drop: store it without; keep: store it "
      "with its cookie when it is public or has s-maxage, as RFC 9111 allows.");

  option("query.rule", c.query.rule, kQueryNames,
         "keep: the query is part of the key as it came; sort: parameters sorted by name; drop: "
         "no query. The origin is asked for what the key names.");
  option("query.keep", c.query.keep, 0, 1'000, "Only these parameters; empty: all.");
  option("query.drop", c.query.drop, 0, 1'000, "Not these parameters.");

  option("cors.origins", c.cors.origins, 0, 1'000,
         "Origins whose pages may read responses; \"*\": all. Empty: CORS is the origin's affair.");
  option("cors.methods", c.cors.methods, 1, 20,
         "What these pages may do: uploads from them need POST, PUT, PATCH and DELETE, too.");
  option("cors.expose", c.cors.expose, 0, 100, "Fields that scripts may read.");
  option("cors.max_age", c.cors.max_age, 0ms, 30 * kDay, "How long a preflight may be kept.");
}

void describe(EdgeConfig& c, base::ConfigVisitor& option) {
  option("node.name", c.node.name, "Names this node in Via, Cache-Status and CDN-Loop.");
  option.check("node.name", is_node_name(c.node.name), "letters, digits, '-', '_' and '.'");
  option("node.threads", c.node.threads, 0, 1'024,
         "Event loops that serve clients; 0: one per core. (restart)");
  option("node.fill_threads", c.node.fill_threads, 1, 64, "Threads that fetch. (restart)");
  option("node.user", c.node.user,
         "User to become once the ports are open; empty: stay. (restart)");

  option("listen.http", c.listen.http, 0, 64,
         "Addresses for HTTP/1.0, HTTP/1.1 and h2c with prior knowledge. (restart)");
  option("listen.https", c.listen.https, 0, 64,
         "Addresses for TLS 1.2 and 1.3; ALPN h2 and http/1.1. (restart)");
  option.check("listen.http", !c.listen.http.empty() || !c.listen.https.empty(),
               "an address here or in listen.https");
  option("listen.admin", c.listen.admin,
         "Address for metrics, health, purge, drain and views; keep it private. Empty: none. "
         "(restart)");

  option("tls.certificate", c.tls.certificate, "PEM file of the default chain, leaf first.");
  option("tls.private_key", c.tls.private_key, "PEM file of its key.");
  option.check("tls.certificate", c.listen.https.empty() || !c.tls.certificate.empty(),
               "a file, since listen.https is given");
  option.check("tls.private_key", c.tls.private_key.empty() == c.tls.certificate.empty(),
               "to be given together with tls.certificate");
  option("tls.sni", c.tls.sni, 0, 10'000, "Further certificates, chosen by the client's SNI.");

  describe_cache(c.cache, option);
  describe(c.limits, option);
  option("limits.drain_patience", c.drain_patience, 0ms, 1h,
         "How long SIGQUIT waits for exchanges under way.");

  option("log.level", c.log.level, kLogLevelNames, "Least level of the daemon's own log.");
  option("log.access", c.log.access,
         "Access log: a file, \"-\" for standard output, or none. (restart)");
  option("log.form", c.log.form, kLogFormNames,
         "json: a JSON object a line; combined: nginx's. (restart)");

  option("site", c.sites, 1, 10'000, "A site: what some hosts serve, and from where.");
  check_sites(c.sites, option);
}

}  // namespace edge
