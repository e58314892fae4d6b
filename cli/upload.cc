#include "cli/upload.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "cli/chunk_senders.h"
#include "cli/source_file.h"
#include "cli/text.h"

namespace cli {
namespace {

using nlohmann::json;

constexpr std::uint64_t kChunk = 8u << 20;
// Chunks in a question: few at first, so that sending begins early; twice as many each time, so that a
// file that is there already costs few questions.
constexpr std::size_t kAskedFirst = 4;
constexpr std::size_t kAskedMax = 1'024;

// Hashes a file, asks what of it is missing, and sends that, all at the same time.
class Sending {
 public:
  Sending(Api& api, const SourceFile& file, ProgressLine& progress)
      : api_(api), file_(file), progress_(progress) {}

  base::Result<std::vector<Chunk>> run() {
    progress_.begin("hashing", file_.size());
    std::size_t at_once = kAskedFirst;
    for (std::uint64_t offset = 0; offset < file_.size(); offset += kChunk) {
      const std::uint64_t size = std::min(kChunk, file_.size() - offset);
      auto hash = file_.hash(offset, size);
      if (!hash) return std::unexpected(hash.error());
      chunks_.push_back({std::move(*hash), offset, size});
      show();
      const bool is_last = offset + size == file_.size();
      if (chunks_.size() - asked_ < at_once && !is_last) continue;
      at_once = std::min(2 * at_once, kAskedMax);
      if (auto sent = send_missing(); !sent) return std::unexpected(sent.error());
    }
    if (senders_) {
      if (auto sent = senders_->finish([this] { show(); }); !sent) {
        return std::unexpected(sent.error());
      }
    }
    progress_.show_bytes(file_.size(), senders_ ? to_send_ : file_.size());
    progress_.end();
    progress_.say(account());
    return std::move(chunks_);
  }

 private:
  // Of the chunks hashed since the last time.
  base::Result<void> send_missing() {
    std::vector<std::string> hashes;
    for (std::size_t i = asked_; i < chunks_.size(); ++i) hashes.push_back(chunks_[i].hash);
    const auto answer = api_.missing(hashes);
    if (!answer) return std::unexpected(answer.error());
    std::set<std::string, std::less<>> missing(answer->begin(), answer->end());
    for (; asked_ < chunks_.size(); ++asked_) {
      const Chunk& chunk = chunks_[asked_];
      // Each once, however often the file has it.
      if (missing.erase(chunk.hash) == 0 || !added_.insert(chunk.hash).second) {
        there_ += chunk.size;
        continue;
      }
      if (!senders_) {
        senders_.emplace(api_.settings(), file_);
        progress_.go_on_as("sending");
      }
      to_send_ += chunk.size;
      if (auto added = senders_->add(chunk, [this] { show(); }); !added) return added;
    }
    return {};
  }

  void show() {
    const std::uint64_t moved =
        senders_ ? senders_->sent() : chunks_.back().offset + chunks_.back().size;
    const std::uint64_t done = senders_ ? there_ + moved : moved;
    // What has left is not there yet: it is whole once the server has said so of all of it.
    progress_.show_bytes(std::min(done, file_.size() - 1), moved);
  }

  [[nodiscard]] std::string account() const {
    const std::string whole = readable_bytes(static_cast<double>(file_.size()));
    if (to_send_ == 0) return "all of it was there already";
    if (to_send_ == file_.size()) return "sent " + whole;
    return "sent " + readable_bytes(static_cast<double>(to_send_)) + " of " + whole;
  }

  Api& api_;
  const SourceFile& file_;
  ProgressLine& progress_;
  std::vector<Chunk> chunks_;
  std::size_t asked_ = 0;      // Chunks whose fate is known.
  std::uint64_t there_ = 0;    // Bytes of them that need not be sent.
  std::uint64_t to_send_ = 0;  // Bytes of the others.
  std::set<std::string, std::less<>> added_;
  std::optional<ChunkSenders> senders_;  // From the first that is missing.
};

}  // namespace

base::Result<Api::MadeVideo> upload(Api& api, const UploadOptions& options,
                                    ProgressLine& progress) {
  const auto file = SourceFile::open(options.file);
  if (!file) return std::unexpected(file.error());
  const auto chunks = Sending(api, *file, progress).run();
  if (!chunks) return std::unexpected(chunks.error());
  json list = json::array();
  for (const Chunk& chunk : *chunks) list.push_back({{"hash", chunk.hash}, {"size", chunk.size}});
  json video{{"file_name", std::filesystem::path(options.file).filename().native()},
             {"access", options.access},
             {"chunks", list}};
  if (!options.title.empty()) video["title"] = options.title;
  if (!options.again) video["once"] = true;
  return api.create_video(video);
}

std::string already_there(const json& video, const UploadOptions& asked) {
  const std::string title = text_of(video, "title");
  const std::string access = text_of(video, "access");
  const std::string told = "this file is already the video " + text_of(video, "id") + ", \"" +
                           title + "\", made " + readable_date(number_of(video, "created_us")) +
                           "; --again makes another";
  std::string stays;
  if (!asked.title.empty() && plain(asked.title) != title) {
    stays = "its title stays \"" + title + "\"";
  }
  if (!access.empty() && asked.access != access) {
    stays += (stays.empty() ? "it stays " : ", and it stays ") + access;
  }
  return stays.empty() ? told : told + "\nit is not changed: " + stays;
}

}  // namespace cli
