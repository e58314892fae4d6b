// OriginConfig: everything an operator may set, with its default, and one description per option.
//
// The reader, the range checks, --print-config and docs/origin-config.md are visitors of describe()
// (base/config.h). Read once at the start and passed as const&.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/config.h"
#include "base/log.h"
#include "http/limits.h"
#include "origin/media_plan.h"
#include "origin/videos/originals.h"
#include "origin/videos/plan.h"

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
  std::string key_id = "k1";
  std::string key_file;
  std::vector<std::string> former_keys;
  std::vector<std::string> trusted_edges;
  MediaRules rules = MediaRules::defaults();
};

// The services behind /api. Without a directory the origin serves media alone.
struct DataConfig {
  std::string directory;
  std::string database;
  std::uint32_t api_threads = 8;
  base::Bytes bodies_max{512ull << 20};
};

struct UploadsConfig {
  base::Bytes size_max{64ull << 30};
  base::Bytes quota{100ull << 30};
  std::uint32_t open_max = 100;
  std::uint32_t under_way_max = 1'000;
  base::Bytes disk_free_min{1ull << 30};
  std::chrono::milliseconds claim_time = std::chrono::hours(24 * 7);
};

struct OriginalsConfig {
  KeepOriginals keep = KeepOriginals::kAlways;
};

struct TasksConfig {
  std::chrono::milliseconds lease_time{60'000};
};

struct LadderConfig {
  std::vector<std::string> rungs = {"234p", "360p", "540p", "720p", "1080p"};
  std::vector<std::string> more_codecs;
  std::string preset = "veryfast";
  std::uint32_t crf = 23;
  FirstRung first_rung = FirstRung::kEarly;
};

struct OriginConfig {
  std::uint32_t threads = 0;
  ListenConfig listen;
  TlsConfig tls;
  MediaConfig media;
  DataConfig data;
  UploadsConfig uploads;
  OriginalsConfig originals;
  TasksConfig tasks;
  LadderConfig ladder;
  http::Limits limits;
  std::chrono::milliseconds drain_patience = std::chrono::seconds(30);
  base::LogLevel log_level = base::LogLevel::kInfo;
};

void describe(CacheRule& config, base::ConfigVisitor& option);
void describe(OriginConfig& config, base::ConfigVisitor& option);

}  // namespace origin
