// What a load run is to do, as the command line says it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "bench/load/choice.h"
#include "bench/load/cpu_meter.h"
#include "bench/load/exchange.h"
#include "bench/load/object_list.h"
#include "bench/load/session.h"
#include "bench/load/transport.h"

namespace load {

struct RawOptions {
  ObjectList objects;
  ChoiceRule choice;
  std::optional<base::Bytes> range;       // Random ranges of this size.
  std::optional<base::Bytes> seek_after;  // Leave each response after so many bytes, ask elsewhere.
  Verify verify = Verify::kLength;
  std::uint64_t seed = 1;

  std::size_t connections = 1;
  std::size_t streams = 1;
  std::size_t stalled = 0;
  std::size_t idle = 0;
  bool together = false;  // No request before all connections are open.

  std::optional<double> rate;  // Requests a second, whatever the answers do: an open loop.
  bool poisson = false;
  std::optional<std::chrono::milliseconds> duration;
  std::optional<std::uint64_t> requests;
  std::chrono::milliseconds warm_up{0};
  std::chrono::milliseconds drain{5'000};  // Open loop: wait for what is under way.
  std::chrono::milliseconds timeout{10'000};

  Protocol protocol = Protocol::kAuto;
  TlsSettings tls;
  Http2Settings http2;
  RequestCommon common;
  std::optional<base::Bytes> receive_buffer;
  std::string connect_to;  // "host:port" instead of the URL's.

  ServerCpu server;
  std::string json_file;
};

// A run bounded only by a number of requests ends after this, whatever happens.
inline constexpr std::chrono::minutes kDurationMax{10};

struct MakeFilesOptions {
  std::string directory;
  std::string prefix = "object-";
  std::size_t count = 1;
  base::Bytes size;
  std::string list_file;  // Empty: none is written.
};

struct Help {
  std::string text;
};

using Options = std::variant<RawOptions, MakeFilesOptions, Help>;

// kInvalid with one line that says what is wrong and what was expected.
base::Result<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace load
