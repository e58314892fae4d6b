#include "cli/captions.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

namespace cli {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kFileBytesMax = 1u << 20;

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

base::Result<std::vector<ReadCaptions>> read_all_captions(const std::vector<std::string>& texts) {
  std::vector<ReadCaptions> all;
  for (const std::string& text : texts) {
    auto captions = parse_captions(text);
    if (!captions) return std::unexpected(captions.error());
    auto bytes = read_captions(*captions);
    if (!bytes) return std::unexpected(bytes.error());
    all.push_back({.from = std::move(*captions), .bytes = std::move(*bytes)});
  }
  return all;
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
