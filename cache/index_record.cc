#include "cache/index_record.h"

#include <xxhash.h>

#include <concepts>
#include <utility>

#include "cache/block_hash.h"

namespace cache {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kHeadBytes = 1 + 8;
constexpr std::uint32_t kChunkBytesMax = Chunk::kBlocksMax * kBlockBytes;

template <std::unsigned_integral T>
void store(char* to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<char>(value >> (8 * i));
}

std::uint64_t checksum_of(std::string_view key, std::uint8_t format, std::string_view payload) {
  const std::uint64_t seed = XXH3_64bits(key.data(), key.size()) + format;
  return XXH3_64bits_withSeed(payload.data(), payload.size(), seed);
}

class Writer {
 public:
  Writer() : out_(kHeadBytes, '\0') {}

  template <std::unsigned_integral T>
  Writer& put(T value) {
    char bytes[sizeof(T)];
    store(bytes, value);
    out_.append(bytes, sizeof(T));
    return *this;
  }
  Writer& put(const Key& key) { return put(key.high).put(key.low); }
  Writer& put(const DiskPlace& place) {
    return put(place.region).put(place.epoch).put(place.offset);
  }
  Writer& bytes(std::string_view bytes) {  // To the end: nothing follows.
    out_.append(bytes);
    return *this;
  }

  std::string seal(std::string_view key) {
    out_[0] = static_cast<char>(kFormat);
    store(out_.data() + 1, checksum_of(key, kFormat, std::string_view(out_).substr(kHeadBytes)));
    return std::move(out_);
  }

 private:
  std::string out_;
};

// After the first number that is missing everything reads as zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view payload) : rest_(payload) {}

  template <std::unsigned_integral T>
  T take() {
    if (rest_.size() < sizeof(T)) {
      ok_ = false;
      rest_ = {};
      return 0;
    }
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<T>(value | static_cast<T>(static_cast<unsigned char>(rest_[i])) << 8 * i);
    }
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  Key take_key() {
    const auto high = take<std::uint64_t>();
    return {high, take<std::uint64_t>()};
  }
  DiskPlace take_place() {
    DiskPlace place;
    place.region = take<std::uint32_t>();
    place.epoch = take<std::uint32_t>();
    place.offset = take<std::uint64_t>();
    return place;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::unexpected<base::Error> corrupt(const char* what) {
  return base::fail(base::ErrorCode::kCorrupt, std::string("index: ") + what);
}

base::Result<Reader> open(std::string_view key, std::string_view value) {
  if (value.size() < kHeadBytes) return corrupt("value too short");
  const auto format = static_cast<std::uint8_t>(value.front());
  Reader head(value.substr(1, 8));
  const std::string_view payload = value.substr(kHeadBytes);
  // The checksum first: a flipped bit in the format is damage, not news from the future.
  if (head.take<std::uint64_t>() != checksum_of(key, format, payload)) {
    return corrupt("checksum does not match");
  }
  if (format > kFormat) {
    return base::fail(base::ErrorCode::kUnsupported, "index: written by a newer version");
  }
  if (format != kFormat) return corrupt("unknown format");
  return Reader(payload);
}

}  // namespace

std::string encode(std::string_view key, const RecordEntry& entry) {
  return Writer().put(entry.home).bytes(entry.record).seal(key);
}

base::Result<RecordEntry> decode_record_entry(std::string_view key, std::string_view value) {
  auto reader = open(key, value);
  if (!reader) return std::unexpected(reader.error());
  RecordEntry entry;
  entry.home = reader->take_place();
  if (!reader->ok()) return corrupt("record too short");
  entry.record = reader->rest();
  return entry;
}

std::string encode(std::string_view key, const ChunkEntry& entry) {
  Writer writer;
  writer.put(entry.object).put(entry.length).put(entry.place);
  if (entry.is_inline()) return writer.bytes(entry.body).seal(key);
  for (const std::uint64_t checksum : entry.checksums) writer.put(checksum);
  return writer.seal(key);
}

base::Result<ChunkEntry> decode_chunk_entry(std::string_view key, std::string_view value) {
  auto reader = open(key, value);
  if (!reader) return std::unexpected(reader.error());
  ChunkEntry entry;
  entry.object = reader->take_key();
  entry.length = reader->take<std::uint32_t>();
  entry.place = reader->take_place();
  if (!reader->ok() || entry.length == 0 || entry.length > kChunkBytesMax) {
    return corrupt("chunk of an impossible length");
  }
  if (entry.length <= kInlineMax) {
    if (reader->rest().size() != entry.length) return corrupt("inline body of another length");
    entry.body = reader->rest();
    return entry;
  }
  const std::uint32_t blocks = blocks_in(entry.length);
  entry.checksums.reserve(blocks);
  for (std::uint32_t i = 0; i < blocks; ++i) {
    entry.checksums.push_back(reader->take<std::uint64_t>());
  }
  if (!reader->at_end()) return corrupt("chunk with too few or too many checksums");
  return entry;
}

std::string encode(std::string_view key, const ContentEntry& entry) {
  return Writer().put(entry.length).put(entry.charged).bytes(entry.index_key).seal(key);
}

base::Result<ContentEntry> decode_content_entry(std::string_view key, std::string_view value) {
  auto reader = open(key, value);
  if (!reader) return std::unexpected(reader.error());
  ContentEntry entry;
  entry.length = reader->take<std::uint32_t>();
  entry.charged = reader->take<std::uint64_t>();
  if (!reader->ok()) return corrupt("content entry too short");
  entry.index_key = reader->rest();
  return entry;
}

std::string encode(std::string_view key, const RegionEntry& entry) {
  return Writer()
      .put(static_cast<std::uint8_t>(entry.kind))
      .put(entry.epoch)
      .put(entry.birth)
      .seal(key);
}

base::Result<RegionEntry> decode_region_entry(std::string_view key, std::string_view value) {
  auto reader = open(key, value);
  if (!reader) return std::unexpected(reader.error());
  const auto kind = reader->take<std::uint8_t>();
  RegionEntry entry{.kind = static_cast<RegionEntry::Kind>(kind)};
  entry.epoch = reader->take<std::uint32_t>();
  entry.birth = reader->take<std::uint64_t>();
  if (!reader->at_end() || kind < 1 || kind > 2 || entry.epoch == 0) {
    return corrupt("region row does not parse");
  }
  return entry;
}

std::string encode(std::string_view key, const Settings& settings) {
  return Writer().put(settings.seed).put(settings.region_size.count()).seal(key);
}

base::Result<Settings> decode_settings(std::string_view key, std::string_view value) {
  auto reader = open(key, value);
  if (!reader) return std::unexpected(reader.error());
  Settings settings;
  settings.seed = reader->take<std::uint64_t>();
  settings.region_size = base::Bytes(reader->take<std::uint64_t>());
  if (!reader->at_end()) return corrupt("settings do not parse");
  return settings;
}

std::string encode(std::string_view key, const PurgeFloor& floor) {
  return Writer().put(floor.floor).put(floor.sequence).seal(key);
}

base::Result<PurgeFloor> decode_purge_floor(std::string_view key, std::string_view value) {
  auto reader = open(key, value);
  if (!reader) return std::unexpected(reader.error());
  PurgeFloor floor;
  floor.floor = reader->take<std::uint64_t>();
  floor.sequence = reader->take<std::uint64_t>();
  if (!reader->at_end() || floor.floor > floor.sequence) return corrupt("floor does not parse");
  return floor;
}

std::string encode(std::string_view key, const Purge& purge) {
  return Writer()
      .put(purge.sequence)
      .put(static_cast<std::uint8_t>(purge.kind))
      .put(static_cast<std::uint8_t>(purge.soft ? 1 : 0))
      .bytes(purge.text)
      .seal(key);
}

base::Result<Purge> decode_purge(std::string_view key, std::string_view value) {
  auto reader = open(key, value);
  if (!reader) return std::unexpected(reader.error());
  Purge purge;
  purge.sequence = reader->take<std::uint64_t>();
  const auto kind = reader->take<std::uint8_t>();
  const auto soft = reader->take<std::uint8_t>();
  if (!reader->ok() || kind < 1 || kind > 4 || soft > 1 || purge.sequence == 0) {
    return corrupt("purge does not parse");
  }
  purge.kind = static_cast<PurgeKind>(kind);
  purge.soft = soft == 1;
  purge.text = reader->rest();
  return purge;
}

std::uint64_t block_checksum(const ChunkKey& chunk, std::uint32_t block, std::string_view bytes) {
  // The version is random: an odd multiplier is enough to tell its chunks and blocks apart.
  const std::uint64_t place = std::uint64_t{chunk.index} << 32 | block;
  const std::uint64_t seed = chunk.version.low + place * 0x9E3779B97F4A7C15ULL;
  return block_hash(bytes, seed ^ chunk.version.high);
}

}  // namespace cache
