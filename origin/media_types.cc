#include "origin/media_types.h"

#include <array>
#include <utility>

#include "base/fields.h"

namespace origin {
namespace {

constexpr std::array kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    // Playlists and manifests.
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"mpd", "application/dash+xml"},
    // Segments and files.
    {"ts", "video/mp2t"},
    {"m4s", "video/iso.segment"},
    {"cmfv", "video/mp4"},
    {"cmfa", "audio/mp4"},
    {"mp4", "video/mp4"},
    {"m4v", "video/mp4"},
    {"m4a", "audio/mp4"},
    {"mov", "video/quicktime"},
    {"webm", "video/webm"},
    {"mkv", "video/x-matroska"},
    {"aac", "audio/aac"},
    {"mp3", "audio/mpeg"},
    {"opus", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"flac", "audio/flac"},
    // Captions, storyboards, posters.
    {"vtt", "text/vtt; charset=utf-8"},
    {"ttml", "application/ttml+xml"},
    {"srt", "application/x-subrip"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"gif", "image/gif"},
    {"svg", "image/svg+xml"},
    {"ico", "image/vnd.microsoft.icon"},
    // The rest of a page.
    {"json", "application/json"},
    {"html", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"txt", "text/plain; charset=utf-8"},
    {"xml", "application/xml"},
    {"key", "application/octet-stream"},  // HLS AES-128 keys, by convention.
});

}  // namespace

std::string_view media_type_of(std::string_view name) {
  const auto dot = name.find_last_of("./");
  if (dot != std::string_view::npos && name[dot] == '.') {
    const std::string_view extension = name.substr(dot + 1);
    for (const auto& [known, type] : kTypes) {
      if (base::equals_ignoring_case(known, extension)) return type;
    }
  }
  return "application/octet-stream";
}

}  // namespace origin
