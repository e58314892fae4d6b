// A strict reader of HLS playlists (RFC 8216 §4), to hold the writers to the grammar. It shares no
// code with them.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "package/text.h"

namespace package {

struct PlaylistLine {
  std::string tag;    // "EXTINF"; empty: a URI.
  std::string value;  // Behind the ':', or the URI.
};

using Attributes = std::map<std::string, std::string>;  // Quoted strings without their quotes.

// None: not a list of attributes.
inline std::optional<Attributes> read_attributes(std::string_view text) {
  Attributes attributes;
  while (true) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
    const std::string name(text.substr(0, equals));
    const bool is_name = std::ranges::all_of(
        name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; });
    text.remove_prefix(equals + 1);
    std::size_t end = 0;
    std::string value;
    if (text.starts_with('"')) {
      const std::size_t quote = text.find('"', 1);
      if (quote == std::string_view::npos) return std::nullopt;
      value = text.substr(1, quote - 1);
      end = quote + 1;
    } else {
      end = std::min(text.find(','), text.size());
      value = text.substr(0, end);
      if (value.empty() || value.find_first_of("\" ") != std::string::npos) return std::nullopt;
    }
    if (!is_name || !attributes.emplace(name, value).second) return std::nullopt;
    text.remove_prefix(end);
    if (text.empty()) return attributes;
    if (!text.starts_with(',')) return std::nullopt;
    text.remove_prefix(1);
  }
}

inline bool is_playlist_uri(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && !std::string_view("#<>\"{}|\\^`").contains(c);
  });
}

// None: not a playlist.
inline std::optional<std::vector<PlaylistLine>> read_playlist(std::string_view text) {
  constexpr std::array<std::string_view, 16> kTags = {"EXTM3U",
                                                      "EXTINF",
                                                      "EXT-X-VERSION",
                                                      "EXT-X-TARGETDURATION",
                                                      "EXT-X-MEDIA-SEQUENCE",
                                                      "EXT-X-PLAYLIST-TYPE",
                                                      "EXT-X-INDEPENDENT-SEGMENTS",
                                                      "EXT-X-I-FRAMES-ONLY",
                                                      "EXT-X-MAP",
                                                      "EXT-X-BYTERANGE",
                                                      "EXT-X-ENDLIST",
                                                      "EXT-X-SESSION-DATA",
                                                      "EXT-X-MEDIA",
                                                      "EXT-X-STREAM-INF",
                                                      "EXT-X-I-FRAME-STREAM-INF",
                                                      ""};
  constexpr std::array<std::string_view, 5> kWithAttributes = {"EXT-X-MAP", "EXT-X-SESSION-DATA",
                                                               "EXT-X-MEDIA", "EXT-X-STREAM-INF",
                                                               "EXT-X-I-FRAME-STREAM-INF"};
  if (!text.starts_with("#EXTM3U\n") || find_invalid_utf8(text) != std::string_view::npos) {
    return std::nullopt;
  }
  std::vector<PlaylistLine> lines;
  bool expects_uri = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (std::ranges::any_of(line, [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
      return std::nullopt;
    }
    if (!line.starts_with('#')) {
      if (!expects_uri || !is_playlist_uri(line)) return std::nullopt;
      expects_uri = false;
      lines.push_back({"", std::string(line)});
      continue;
    }
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view tag = line.substr(1, colon - 1);
    const std::string_view value = line.substr(std::min(line.size(), colon + 1));
    if (tag.empty() || std::ranges::find(kTags, tag) == kTags.end()) return std::nullopt;
    if (std::ranges::find(kWithAttributes, tag) != kWithAttributes.end()) {
      const auto attributes = read_attributes(value);
      if (!attributes) return std::nullopt;
      const auto uri = attributes->find("URI");
      if (uri != attributes->end() && !is_playlist_uri(uri->second)) return std::nullopt;
    }
    if (expects_uri && tag != "EXT-X-BYTERANGE") return std::nullopt;
    expects_uri = expects_uri || tag == "EXTINF" || tag == "EXT-X-STREAM-INF";
    lines.push_back({std::string(tag), std::string(value)});
  }
  return expects_uri ? std::nullopt : std::optional(lines);
}

}  // namespace package
