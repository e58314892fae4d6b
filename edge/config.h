// EdgeConfig: everything an operator may set, with its default, and one description per option.
//
// The reader, the range checks, --print-config and docs/edge-config.md are visitors of describe()
// (base/config.h). Read once, passed as const&, replaced whole on SIGHUP. Options marked (restart)
// are read at start only; a reload that changes one says so in the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/config.h"
#include "base/log.h"
#include "cache/freshness.h"
#include "cache/memory_tier.h"
#include "http/limits.h"

namespace edge {

using namespace base::literals;
using namespace std::chrono_literals;

enum class OriginOrder { kInOrder, kBalanced };
enum class QueryRule { kKeep, kSort, kDrop };
enum class LogForm { kJson, kCombined, kOff };

struct NodeConfig {
  std::string name = "edge-1";
  std::uint32_t threads = 0;
  std::uint32_t fill_threads = 1;
  std::string user;
};

struct ListenConfig {
  std::vector<std::string> http = {"0.0.0.0:8080"};
  std::vector<std::string> https;
  std::string admin = "127.0.0.1:8900";
};

struct CertificateConfig {
  std::vector<std::string> hosts;
  std::string certificate;
  std::string private_key;
};

struct TlsConfig {
  std::string certificate;
  std::string private_key;
  std::vector<CertificateConfig> sni;
};

struct CacheConfig {
  std::string path;
  base::Bytes memory_max = 512_MiB;
  base::Bytes disk_max = 10_GiB;
  cache::Policy policy = cache::MemoryTierOptions{}.policy;
  base::Bytes chunk_size = 1_MiB;
  bool direct_io = true;
  std::uint32_t disk_readers = 4;
  std::chrono::milliseconds pass_mark_time = 10s;
  base::Bytes fill_finish_max = 64_MiB;
  base::Bytes unvalidated_max = 64_MiB;
  std::uint32_t read_ahead_chunks = 8;
};

struct LogConfig {
  LogForm form = LogForm::kJson;
  std::string access;  // A file; "-": standard output; empty: none.
  base::LogLevel level = base::LogLevel::kInfo;
};

struct TimeoutConfig {
  std::chrono::milliseconds place = 3s;
  std::chrono::milliseconds connect = 3s;
  std::chrono::milliseconds first_byte = 15s;
  std::chrono::milliseconds stall = 15s;
  std::chrono::milliseconds total = 0s;
};

struct OriginTlsConfig {
  bool verify = true;
  std::string ca_file;
  std::string server_name;
  std::string client_certificate;
  std::string client_key;
};

struct HealthConfig {
  std::uint32_t failures = 3;
  std::chrono::milliseconds backoff = 1s;
  std::chrono::milliseconds backoff_max = 30s;
  std::string check_path;
  std::chrono::milliseconds check_interval = 10s;
  std::chrono::milliseconds check_timeout = 2s;
};

struct FreshnessConfig {
  std::chrono::milliseconds default_lifetime = 0s;
  std::chrono::milliseconds negative_lifetime = 5s;
  std::chrono::milliseconds stale_while_revalidate = 0s;
  std::chrono::milliseconds stale_if_error = 0s;
  std::chrono::milliseconds stale_max = 168h;
  bool respect_request_no_cache = true;
  cache::SetCookie set_cookie = cache::SetCookie::kRefuse;
};

struct QueryConfig {
  QueryRule rule = QueryRule::kKeep;
  std::vector<std::string> keep;
  std::vector<std::string> drop;
};

struct CorsConfig {
  std::vector<std::string> origins;
  std::vector<std::string> methods = {"GET", "HEAD", "OPTIONS"};
  std::vector<std::string> expose = {"content-length", "content-range", "date", "etag", "age"};
  std::chrono::milliseconds max_age = 24h;
};

struct SiteConfig {
  std::string name;
  std::vector<std::string> hosts;
  std::vector<std::string> origins;
  OriginOrder origin_order = OriginOrder::kInOrder;
  std::string origin_host;
  std::uint32_t origin_tries = 2;
  std::uint32_t origin_connections_max = 256;
  bool cache = true;
  std::vector<std::string> media_keys;
  TimeoutConfig timeouts;
  OriginTlsConfig tls;
  HealthConfig health;
  FreshnessConfig freshness;
  QueryConfig query;
  CorsConfig cors;
};

struct EdgeConfig {
  NodeConfig node;
  ListenConfig listen;
  TlsConfig tls;
  CacheConfig cache;
  http::Limits limits;
  std::chrono::milliseconds drain_patience = 30s;
  LogConfig log;
  std::vector<SiteConfig> sites;
};

void describe(CertificateConfig& config, base::ConfigVisitor& option);
void describe(SiteConfig& config, base::ConfigVisitor& option);
void describe(EdgeConfig& config, base::ConfigVisitor& option);

}  // namespace edge
