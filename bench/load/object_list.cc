#include "bench/load/object_list.h"

#include <utility>

#include "bench/load/pattern.h"
#include "http/url.h"

namespace load {
namespace {

std::string_view next_word(std::string_view& text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return text = {};
  const auto end = text.find_first_of(" \t\r", begin);
  const std::string_view word = text.substr(begin, end - begin);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  return word;
}

}  // namespace

base::Result<void> ObjectListBuilder::set_server(std::string_view text, std::string& target) {
  auto url = http::parse_url(text);
  if (!url) {
    return base::fail(base::ErrorCode::kInvalid,
                      "'" + std::string(text) + "': " + url.error().context);
  }
  const bool tls = url->scheme == "https";
  if (server_known_ && (list_.tls != tls || list_.authority != url->authority())) {
    return base::fail(base::ErrorCode::kInvalid, "'" + std::string(text) +
                                                     "' is on another server than " +
                                                     list_.authority + ": a run loads one server");
  }
  list_.tls = tls;
  list_.host = url->host;
  list_.port = url->port;
  list_.authority = url->authority();
  server_known_ = true;
  target = std::move(url->target);
  return {};
}

base::Result<void> ObjectListBuilder::set_base(std::string_view url) {
  if (auto set = set_server(url, base_path_); !set) return set;
  while (base_path_.ends_with('/')) base_path_.pop_back();
  return {};
}

base::Result<void> ObjectListBuilder::add(std::string_view url, std::optional<base::Bytes> size) {
  if (list_.objects.size() >= kObjectsMax) {
    return base::fail(base::ErrorCode::kTooLarge,
                      "more than " + std::to_string(kObjectsMax) + " objects");
  }
  Object object;
  if (url.starts_with('/')) {
    if (!server_known_) {
      return base::fail(base::ErrorCode::kInvalid,
                        "'" + std::string(url) + "' is a path: --base must name the server");
    }
    object.target = base_path_ + std::string(url);
    if (!http::is_origin_form(object.target)) {
      return base::fail(base::ErrorCode::kInvalid, "'" + std::string(url) + "' is not a path");
    }
  } else if (auto set = set_server(url, object.target); !set) {
    return set;
  }
  if (size) object.size = size->count();
  object.seed = pattern_seed(object_name(object.target));
  list_.objects.push_back(std::move(object));
  return {};
}

base::Result<void> ObjectListBuilder::add_lines(std::string_view text, std::string_view source,
                                                std::optional<base::Bytes> default_size) {
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const auto at_line = [&](const std::string& what) {
      return base::fail(base::ErrorCode::kInvalid,
                        std::string(source) + ":" + std::to_string(number) + ": " + what);
    };
    const std::string_view url = next_word(line);
    if (url.empty() || url.starts_with('#')) continue;
    std::optional<base::Bytes> size = default_size;
    if (const std::string_view word = next_word(line); !word.empty()) {
      const auto parsed = base::parse_bytes(word);
      if (!parsed) return at_line(parsed.error().context);
      size = *parsed;
    }
    if (!next_word(line).empty()) return at_line("expected a URL and a size, found more");
    if (auto added = add(url, size); !added) return at_line(added.error().context);
  }
  return {};
}

base::Result<ObjectList> ObjectListBuilder::take() {
  if (list_.objects.empty()) {
    return base::fail(base::ErrorCode::kInvalid, "nothing to ask for: give a URL or --list FILE");
  }
  return std::move(list_);
}

}  // namespace load
