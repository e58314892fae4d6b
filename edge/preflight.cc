#include "edge/preflight.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "base/config.h"
#include "edge/config.h"
#include "edge/privileges.h"
#include "http/listener.h"
#include "http/tls_store.h"

namespace edge {
namespace {

namespace fs = std::filesystem;

// By the effective user.
bool allows(const fs::path& path, int mode) {
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

fs::path directory_of(const fs::path& path) {
  const fs::path trimmed = path.has_filename() ? path : path.parent_path();
  return trimmed.has_parent_path() ? trimmed.parent_path() : fs::path(".");
}

void check_addresses(const char* key, const std::vector<std::string>& addresses,
                     base::ConfigVisitor& option) {
  for (const std::string& address : addresses) {
    option.check(key, http::is_listen_address(address),
                 "addresses such as 0.0.0.0:8080 or [::1]:8080, and \"" + address + "\" is none");
  }
}

void check_pair(const std::string& key, const std::string& certificate,
                const std::string& private_key, base::ConfigVisitor& option) {
  if (certificate.empty()) return;
  const auto loaded = http::TlsStore().reload({{{}, certificate, private_key}});
  option.check(key, loaded.has_value(),
               "a certificate and its key" + (loaded ? "" : " (" + loaded.error().context + ")"));
}

void check_tls(const TlsConfig& tls, base::ConfigVisitor& option) {
  check_pair("tls.certificate", tls.certificate, tls.private_key, option);
  for (std::size_t i = 0; i < tls.sni.size(); ++i) {
    check_pair("tls.sni[" + std::to_string(i) + "].certificate", tls.sni[i].certificate,
               tls.sni[i].private_key, option);
  }
}

void check_sites(const std::vector<SiteConfig>& sites, base::ConfigVisitor& option) {
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const std::string place = "site[" + std::to_string(i) + "].tls.";
    const OriginTlsConfig& tls = sites[i].tls;
    option.check(place + "ca_file", tls.ca_file.empty() || allows(tls.ca_file, R_OK),
                 "a file that can be read");
    check_pair(place + "client_certificate", tls.client_certificate, tls.client_key, option);
  }
}

void check_cache(const CacheConfig& cache, base::ConfigVisitor& option) {
  if (cache.path.empty()) return;
  std::error_code ignored;
  if (!fs::exists(cache.path, ignored)) {
    const fs::path parent = directory_of(cache.path);
    option.check("cache.path", fs::is_directory(parent, ignored) && allows(parent, W_OK | X_OK),
                 "a directory, or the name of one that can be made in " + parent.native());
    return;
  }
  option.check("cache.path",
               fs::is_directory(cache.path, ignored) && allows(cache.path, R_OK | W_OK | X_OK),
               "a directory that can be read and written");
  // Its first file says that it is a cache.
  const bool is_empty = fs::is_empty(cache.path, ignored);
  option.check("cache.path",
               is_empty || ignored || fs::exists(fs::path(cache.path) / "format", ignored),
               "a directory of its own, and " + cache.path + " holds other files");
}

void check_log(const LogConfig& log, base::ConfigVisitor& option) {
  if (log.access.empty() || log.access == "-") return;
  std::error_code ignored;
  const fs::path file = log.access;
  const bool writable = fs::exists(file, ignored)
                            ? !fs::is_directory(file, ignored) && allows(file, W_OK)
                            : allows(directory_of(file), W_OK | X_OK);
  option.check("log.access", writable, "a file that can be written");
}

}  // namespace

base::Result<void> preflight(const std::string& config_file) {
  const auto text = base::read_config_text(config_file);
  if (!text) return std::unexpected(text.error());
  const auto config = base::parse_config<EdgeConfig>(*text, config_file);
  if (!config) return std::unexpected(config.error());
  EdgeConfig again;
  return base::parse_config(*text, config_file, [&](base::ConfigVisitor& option) {
    describe(again, option);
    check_addresses("listen.http", config->listen.http, option);
    check_addresses("listen.https", config->listen.https, option);
    if (!config->listen.admin.empty()) {
      check_addresses("listen.admin", {config->listen.admin}, option);
    }
    std::set<std::string> addresses;
    for (const auto& [key, list] : {std::pair{"listen.http", config->listen.http},
                                    {"listen.https", config->listen.https},
                                    {"listen.admin", std::vector{config->listen.admin}}}) {
      for (const std::string& address : list) {
        option.check(key,
                     address.empty() || address.ends_with(":0") || addresses.insert(address).second,
                     "each address once, and " + address + " is given twice");
      }
    }
    check_tls(config->tls, option);
    // What follows is opened as that user.
    const auto user = AsUser::become(config->node.user);
    option.check("node.user", user.has_value(),
                 "a user of this machine that this process may become" +
                     (user ? "" : " (" + user.error().context + ")"));
    check_cache(config->cache, option);
    check_log(config->log, option);
    check_sites(config->sites, option);
  });
}

}  // namespace edge
