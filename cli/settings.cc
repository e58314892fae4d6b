#include "cli/settings.h"

#include <cstdlib>
#include <filesystem>

#include "http/url.h"

namespace cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::filesystem::path config_file() {
  if (const std::string home = environment("XDG_CONFIG_HOME"); !home.empty()) {
    return std::filesystem::path(home) / "headrace" / "config.toml";
  }
  const std::string home = environment("HOME");
  if (home.empty()) return {};
  return std::filesystem::path(home) / ".config" / "headrace" / "config.toml";
}

}  // namespace

void describe(Settings& s, base::ConfigVisitor& option) {
  option("server", s.server, "URL of the edge or the origin.");
  option("token", s.token, "An API token, as headrace-origin token create makes them.");
}

base::Result<void> check_server(const std::string& url) {
  const auto parsed = http::parse_url(url);
  if (parsed && !parsed->target.contains('?')) return {};
  return base::fail(
      base::ErrorCode::kInvalid,
      "the server must be a URL such as https://video.example, and is \"" + url + "\"");
}

base::Result<Settings> find_settings(const std::string& server_flag,
                                     const std::string& token_flag) {
  Settings settings;
  std::error_code ignored;
  if (const auto file = config_file(); !file.empty() && std::filesystem::exists(file, ignored)) {
    auto read = base::read_config<Settings>(file.native());
    if (!read) return std::unexpected(read.error());
    settings = std::move(*read);
  }
  for (const std::string& server : {environment("HEADRACE_SERVER"), server_flag}) {
    if (!server.empty()) settings.server = server;
  }
  for (const std::string& token : {environment("HEADRACE_TOKEN"), token_flag}) {
    if (!token.empty()) settings.token = token;
  }
  while (settings.server.ends_with('/')) settings.server.pop_back();
  if (auto fit = check_server(settings.server); !fit) return std::unexpected(fit.error());
  return settings;
}

}  // namespace cli
