// OriginConfig: everything an operator may set, with its default, and one description per option.
//
// The reader, the range checks, --print-config and docs/origin-config.md are visitors of describe()
// (base/config.h). Read once at the start and passed as const&.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/log.h"
#include "http/limits.h"
#include "origin/media_plan.h"

namespace origin {

struct ListenConfig {
  std::vector<std::string> http = {"127.0.0.1:9000"};
  std::vector<std::string> https;
  std::string admin;
};

struct TlsConfig {
  std::string certificate;
  std::string private_key;
};

struct MediaConfig {
  std::string root;
  std::uint32_t readers = 4;
  MediaRules rules = MediaRules::defaults();
};

struct OriginConfig {
  std::uint32_t threads = 0;
  ListenConfig listen;
  TlsConfig tls;
  MediaConfig media;
  http::Limits limits;
  std::chrono::milliseconds drain_patience = std::chrono::seconds(30);
  base::LogLevel log_level = base::LogLevel::kInfo;
};

void describe(CacheRule& config, base::ConfigVisitor& option);
void describe(OriginConfig& config, base::ConfigVisitor& option);

}  // namespace origin
