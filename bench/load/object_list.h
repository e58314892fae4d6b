// What a run asks for: objects of one server, each with its size when that is known.
//
// A list file has one object a line: a URL, or a path taken relative to the base URL; then, if
// known, its size ("/v/00017.bin 1MiB"). Empty lines and lines that begin with # are skipped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace load {

inline constexpr std::size_t kObjectsMax = 10'000'000;  // A list of more is refused.

struct Object {
  std::string target;  // Path and query.
  std::optional<std::uint64_t> size;
  std::uint64_t seed = 0;  // Of its pattern.
};

struct ObjectList {
  bool tls = false;
  std::string host;  // To connect to; brackets of an IPv6 literal kept.
  std::uint16_t port = 0;
  std::string authority;  // For Host and :authority.
  std::vector<Object> objects;
};

class ObjectListBuilder {
 public:
  // `url` is absolute, or a path after a base was given. Fails when it names another server than
  // those before it: one run loads one server.
  base::Result<void> add(std::string_view url, std::optional<base::Bytes> size);

  base::Result<void> set_base(std::string_view url);

  // Adds the lines of `text`; errors name `source` and the line.
  base::Result<void> add_lines(std::string_view text, std::string_view source,
                               std::optional<base::Bytes> default_size);

  // Fails when there is no object.
  base::Result<ObjectList> take();

 private:
  base::Result<void> set_server(std::string_view url, std::string& target);

  ObjectList list_;
  std::string base_path_;
  bool server_known_ = false;
};

}  // namespace load
