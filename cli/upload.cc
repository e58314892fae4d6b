#include "cli/upload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "base/unique_fd.h"
#include "cli/captions.h"

namespace cli {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::uint64_t kChunk = 8u << 20;
constexpr std::size_t kMissingAtOnce = 100'000;  // Hashes in a question.

class File {
 public:
  static base::Result<File> open(const std::string& path) {
    File file;
    file.fd_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts{};
    if (file.fd_.get() < 0 || ::fstat(file.fd_.get(), &facts) != 0) {
      return base::fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kDenied,
                        path + ": " + std::strerror(errno));
    }
    if (!S_ISREG(facts.st_mode)) return base::fail(ErrorCode::kInvalid, path + ": not a file");
    if (facts.st_size == 0) return base::fail(ErrorCode::kInvalid, path + ": it is empty");
    file.size_ = static_cast<std::uint64_t>(facts.st_size);
    return file;
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

  base::Result<std::string> read(std::uint64_t offset, std::uint64_t length) const {
    std::string bytes(length, '\0');
    for (std::uint64_t have = 0; have < length;) {
      const ssize_t got =
          ::pread(fd_.get(), bytes.data() + have, length - have, static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return base::fail(ErrorCode::kIo, std::strerror(errno));
      if (got == 0) return base::fail(ErrorCode::kInvalid, "the file became shorter meanwhile");
      have += static_cast<std::uint64_t>(got);
    }
    return bytes;
  }

 private:
  base::UniqueFd fd_;
  std::uint64_t size_ = 0;
};

struct Chunk {
  std::string hash;
  std::uint64_t offset = 0, size = 0;
};

base::Result<std::vector<Chunk>> hash_chunks(const File& file, ProgressLine& progress) {
  std::vector<Chunk> chunks;
  progress.begin("hashing", file.size());
  for (std::uint64_t offset = 0; offset < file.size(); offset += kChunk) {
    const std::uint64_t size = std::min(kChunk, file.size() - offset);
    const auto bytes = file.read(offset, size);
    if (!bytes) return std::unexpected(bytes.error());
    chunks.push_back({base::Sha256::hex_of(*bytes), offset, size});
    progress.show(offset + size, ProgressLine::Unit::kBytes);
  }
  progress.end();
  return chunks;
}

base::Result<std::set<std::string>> ask_missing(Api& api, const std::vector<Chunk>& chunks) {
  std::set<std::string> missing;
  std::vector<std::string> hashes;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    hashes.push_back(chunks[i].hash);
    if (hashes.size() < kMissingAtOnce && i + 1 < chunks.size()) continue;
    const auto some = api.missing(hashes);
    if (!some) return std::unexpected(some.error());
    missing.insert(some->begin(), some->end());
    hashes.clear();
  }
  return missing;
}

base::Result<void> send(Api& api, const File& file, const std::vector<Chunk>& chunks,
                        std::set<std::string> missing, ProgressLine& progress) {
  std::vector<Chunk> wanted;  // Each once, however often the file has it.
  std::uint64_t total = 0;
  for (const Chunk& chunk : chunks) {
    if (missing.erase(chunk.hash) == 0) continue;
    wanted.push_back(chunk);
    total += chunk.size;
  }
  if (wanted.empty()) return {};
  progress.begin("sending", total);
  std::uint64_t sent = 0;
  for (const Chunk& chunk : wanted) {
    const auto bytes = file.read(chunk.offset, chunk.size);
    if (!bytes) return std::unexpected(bytes.error());
    if (base::Sha256::hex_of(*bytes) != chunk.hash) {
      return base::fail(ErrorCode::kInvalid, "the file was changed while it was being sent");
    }
    if (auto put = api.put_chunk(chunk.hash, *bytes,
                                 [&](std::uint64_t of_chunk) {
                                   progress.show(sent + of_chunk, ProgressLine::Unit::kBytes);
                                 });
        !put) {
      return put;
    }
    sent += chunk.size;
  }
  progress.end();
  return {};
}

using ReadCaptions = std::vector<std::pair<CaptionsFile, std::string>>;

base::Result<ReadCaptions> read_all_captions(const std::vector<std::string>& texts) {
  ReadCaptions all;
  for (const std::string& text : texts) {
    auto captions = parse_captions(text);
    if (!captions) return std::unexpected(captions.error());
    auto bytes = read_captions(*captions);
    if (!bytes) return std::unexpected(bytes.error());
    all.emplace_back(std::move(*captions), std::move(*bytes));
  }
  return all;
}

}  // namespace

base::Result<json> upload(Api& api, const UploadOptions& options, ProgressLine& progress) {
  const auto captions = read_all_captions(options.captions);
  if (!captions) return std::unexpected(captions.error());
  auto file = File::open(options.file);
  if (!file) return std::unexpected(file.error());
  const auto chunks = hash_chunks(*file, progress);
  if (!chunks) return std::unexpected(chunks.error());
  const auto missing = ask_missing(api, *chunks);
  if (!missing) return std::unexpected(missing.error());
  if (auto sent = send(api, *file, *chunks, *missing, progress); !sent) {
    return std::unexpected(sent.error());
  }
  json list = json::array();
  for (const Chunk& chunk : *chunks) list.push_back({{"hash", chunk.hash}, {"size", chunk.size}});
  json video{{"file_name", std::filesystem::path(options.file).filename().native()},
             {"access", options.access},
             {"chunks", list}};
  if (!options.title.empty()) video["title"] = options.title;
  auto made = api.create_video(video);
  if (!made || captions->empty()) return made;
  const std::string id = made->value("id", "");
  for (const auto& [file_of, bytes] : *captions) {
    if (auto taken = send_captions(api, id, file_of, bytes); !taken) {
      return base::fail(taken.error().code, "the video " + id + " is made, but of its captions " +
                                                file_of.file + ": " + taken.error().context);
    }
  }
  return api.get("/api/v1/videos/" + id);
}

}  // namespace cli
