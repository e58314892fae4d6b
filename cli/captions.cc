#include "cli/captions.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace cli {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kFileBytesMax = 1u << 20;

std::string percent_encode(const std::string& text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    const auto byte = static_cast<unsigned char>(c);
    if (plain) {
      encoded += c;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

std::string path_of(const std::string& video, const std::string& language) {
  return "/api/v1/videos/" + percent_encode(video) + "/captions/" + percent_encode(language);
}

}  // namespace

base::Result<CaptionsFile> parse_captions(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    return base::fail(ErrorCode::kInvalid,
                      "--captions " + text + ": write LANG=FILE, such as en=movie.srt");
  }
  return CaptionsFile{.language = text.substr(0, equals), .file = text.substr(equals + 1)};
}

base::Result<std::string> read_captions(const CaptionsFile& captions) {
  const std::unique_ptr<FILE, decltype([](FILE* file) { std::fclose(file); })> file(
      std::fopen(captions.file.c_str(), "rbe"));
  const auto failed = [&] {
    return base::fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kDenied,
                      captions.file + ": " + std::strerror(errno));
  };
  if (file == nullptr) return failed();
  std::string bytes;
  std::array<char, 65'536> buffer{};
  while (bytes.size() <= kFileBytesMax) {
    const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get());
    if (got == 0 && std::ferror(file.get()) != 0) return failed();
    if (got == 0) return bytes;
    bytes.append(buffer.data(), got);
  }
  return base::fail(ErrorCode::kTooLarge, captions.file + ": captions may have 1 MiB");
}

base::Result<json> send_captions(Api& api, const std::string& video, const CaptionsFile& captions,
                                 const std::string& bytes) {
  const std::string label =
      captions.label.empty() ? "" : "?label=" + percent_encode(captions.label);
  return api.put(path_of(video, captions.language) + label, bytes);
}

base::Result<json> list_captions(Api& api, const std::string& video) {
  return api.get("/api/v1/videos/" + percent_encode(video) + "/captions");
}

base::Result<json> remove_captions(Api& api, const std::string& video,
                                   const std::string& language) {
  return api.remove(path_of(video, language));
}

}  // namespace cli
