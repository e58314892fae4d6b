// Where the server is and who asks: from flags, else the environment, else
// ~/.config/headrace/config.toml.
#pragma once

#include <string>

#include "base/config.h"
#include "base/result.h"

namespace cli {

inline constexpr const char* kServerDefault = "http://127.0.0.1:8080";

struct Settings {
  std::string server = kServerDefault;
  std::string token;
};

void describe(Settings& settings, base::ConfigVisitor& option);

// kInvalid: not a URL of http or https, without a query.
base::Result<void> check_server(const std::string& url);

// Empty flags are not given. HEADRACE_SERVER, HEADRACE_TOKEN, XDG_CONFIG_HOME and HOME are read.
// kInvalid: the file, or check_server().
base::Result<Settings> find_settings(const std::string& server_flag, const std::string& token_flag);

}  // namespace cli
