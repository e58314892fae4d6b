// ChunkStore: pieces of uploaded files, as files named by their SHA-256. docs/platform.md, "Upload".
//
// A chunk comes into being whole or not at all: written under a temporary name, hashed on the way,
// synced, renamed, and the directory synced, before finish() says so. What a crash left half-way is
// removed at the next open().
//
// Threads    Any that may block; a Writer by one at a time.
// Errors     kNoSpace (disk full, or less free than disk_free_min would be left), kIo; finish():
//            kInvalid when the bytes have another hash or length; read(): kNotFound, kCorrupt.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"
#include "base/unique_fd.h"

namespace origin {

class ChunkStore {
 public:
  static constexpr base::Bytes kChunkMax{16u << 20};
  // Of those that a file is listed in, but for its last; who takes the list holds it to that.
  static constexpr base::Bytes kChunkMin{4u << 20};

  // Makes the directory if need be.
  static base::Result<std::unique_ptr<ChunkStore>> open(const std::filesystem::path& directory,
                                                        base::Bytes disk_free_min);

  class Writer {
   public:
    Writer(Writer&&) noexcept = default;
    Writer& operator=(Writer&&) = delete;
    ~Writer();  // Unfinished: nothing is left.

    base::Result<void> append(std::string_view bytes);  // kTooLarge beyond kChunkMax.
    [[nodiscard]] std::uint64_t size() const { return size_; }
    // Makes it durable. `expected`: the hash that it must have; empty: whatever it has. Its hash.
    base::Result<std::string> finish(std::string_view expected);
    // Makes what there is durable under a name outside of the store, for resume().
    base::Result<void> keep_as(const std::filesystem::path& path);

   private:
    friend class ChunkStore;
    Writer(ChunkStore& store, std::filesystem::path path, base::UniqueFd file)
        : store_(&store), path_(std::move(path)), file_(std::move(file)) {}
    ChunkStore* store_;
    std::filesystem::path path_;  // Empty once finished.
    base::UniqueFd file_;
    base::Sha256 hash_;
    std::uint64_t size_ = 0;
    std::uint64_t begun_ = 0;  // Bytes that the disk has been told to write.
  };
  // `size`: as far as it is known, so that a full disk is told before the bytes come.
  base::Result<Writer> begin(std::uint64_t size);
  // Goes on with the first `size` bytes of what was kept. kCorrupt: there are fewer. Until it is kept
  // again, or finished, the file stays where it was.
  base::Result<Writer> resume(const std::filesystem::path& path, std::uint64_t size);

  [[nodiscard]] bool has(std::string_view hash) const;
  // Fills `into` from `offset`, all of it within the chunk.
  base::Result<void> read(std::string_view hash, std::uint64_t offset, std::span<char> into) const;
  base::Result<void> remove(std::string_view hash);
  // Where chunks lie whose hash begins with this byte.
  [[nodiscard]] std::filesystem::path directory_of(std::uint8_t first_byte) const;

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  ChunkStore(std::filesystem::path directory, base::Bytes disk_free_min)
      : directory_(std::move(directory)), disk_free_min_(disk_free_min) {}
  [[nodiscard]] std::filesystem::path path_of(std::string_view hash) const;

  const std::filesystem::path directory_;
  const base::Bytes disk_free_min_;
};

}  // namespace origin
