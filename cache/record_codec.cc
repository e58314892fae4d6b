// The stored form of records: docs/cache.md, "Records".
#include <xxhash.h>

#include <cstring>

#include "base/check.h"
#include "cache/chunk.h"
#include "cache/record.h"

namespace cache {
namespace {

constexpr std::uint8_t kFormat = 1;
// The same for an object that is not for everyone: a version that knows nothing of access can't read
// it, instead of giving it to whoever asks.
constexpr std::uint8_t kGuardedFormat = 2;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kPrefixBytes = kChecksumBytes + 2;  // And format, kind.
constexpr std::uint32_t kChunkSizeMax = Chunk::kBlocksMax * kBlockBytes;

constexpr std::uint8_t kMustRevalidate = 1;
constexpr std::uint8_t kNoCache = 2;
constexpr std::uint8_t kImmutable = 4;

// Seeded by the key, so that a record filed under another one does not verify.
std::uint64_t checksum_of(const Key& key, std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), key.high ^ key.low);
}

class Writer {
 public:
  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void fixed(std::uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8)
      byte(static_cast<std::uint8_t>(value >> shift));
  }
  void varint(std::uint64_t value) {  // LEB128: seven bits a byte, low ones first.
    while (value >= 0x80) {
      byte(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    byte(static_cast<std::uint8_t>(value));
  }
  void zigzag(std::int64_t value) {
    varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void text(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what Writer wrote. After the first thing missing, everything reads as zero and ok() is
// false, so that callers check once.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1).empty() ? '\0' : last_.front()); }
  std::uint64_t fixed() {
    std::uint64_t value = 0;
    const std::string_view bytes = take(8);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    }
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t next = byte();
      if (shift == 63 && next > 1) break;  // More than 64 bits.
      value |= std::uint64_t{next & 0x7FU} << shift;
      if ((next & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t zigzag() {
    const std::uint64_t value = varint();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  std::string_view text() { return take(varint()); }
  // A count of things of at least `bytes_min` each: never more than there are bytes for.
  std::size_t count(std::size_t bytes_min) {
    const std::uint64_t value = varint();
    if (value > rest_.size() / bytes_min) ok_ = false;
    return ok_ ? static_cast<std::size_t>(value) : 0;
  }

 private:
  std::string_view take(std::uint64_t bytes) {
    if (!ok_ || bytes > rest_.size()) {
      ok_ = false;
      return last_ = {};
    }
    last_ = rest_.substr(0, static_cast<std::size_t>(bytes));
    rest_.remove_prefix(last_.size());
    return last_;
  }

  std::string_view rest_;
  std::string_view last_;
  bool ok_ = true;
};

void write_freshness(Writer& out, const Freshness& freshness) {
  out.byte(static_cast<std::uint8_t>((freshness.must_revalidate ? kMustRevalidate : 0) |
                                     (freshness.no_cache ? kNoCache : 0) |
                                     (freshness.immutable ? kImmutable : 0)));
  out.zigzag(freshness.response_time.time_since_epoch().count());
  out.zigzag(freshness.age_initial.count());
  out.zigzag(freshness.lifetime.count());
  out.zigzag(freshness.stale_while_revalidate.count());
  out.zigzag(freshness.stale_if_error.count());
}

Freshness read_freshness(Reader& in) {
  using std::chrono::milliseconds;
  Freshness freshness;
  const std::uint8_t flags = in.byte();
  freshness.must_revalidate = (flags & kMustRevalidate) != 0;
  freshness.no_cache = (flags & kNoCache) != 0;
  freshness.immutable = (flags & kImmutable) != 0;
  freshness.response_time = base::WallTime(milliseconds(in.zigzag()));
  freshness.age_initial = milliseconds(in.zigzag());
  freshness.lifetime = milliseconds(in.zigzag());
  freshness.stale_while_revalidate = milliseconds(in.zigzag());
  freshness.stale_if_error = milliseconds(in.zigzag());
  return freshness;
}

void write_object(Writer& out, const Object& object) {
  const ObjectHead& head = object.head();
  out.fixed(head.version.high);
  out.fixed(head.version.low);
  out.varint(static_cast<std::uint64_t>(head.status));
  const auto length = object.length();
  out.varint(length ? *length + 1 : 0);
  out.varint(head.chunk_size);
  out.varint(head.purge_sequence);
  write_freshness(out, head.freshness);
  out.text(head.etag);
  const base::Fields& fields = object.fields()->fields;
  out.varint(fields.size());
  for (const base::Field field : fields) {
    out.text(field.name);
    out.text(field.value);
  }
  out.varint(head.tags.size());
  for (const std::uint64_t tag : head.tags) out.fixed(tag);
}

// Null when a value is one that no Object can have.
base::Ref<Record> read_object(Reader& in, const Key& key, std::string key_text, Access access) {
  ObjectHead head;
  head.access = access;
  head.key = key;
  head.key_text = std::move(key_text);
  head.version.high = in.fixed();
  head.version.low = in.fixed();
  const std::uint64_t status = in.varint();
  const std::uint64_t length_and_one = in.varint();
  const std::uint64_t chunk_size = in.varint();
  head.purge_sequence = in.varint();
  head.freshness = read_freshness(in);
  head.etag = in.text();
  for (std::size_t left = in.count(2); left > 0 && in.ok(); --left) {
    const std::string_view name = in.text();
    const std::string_view value = in.text();
    head.fields.add(name, value);
  }
  const std::size_t tags = in.count(8);
  head.tags.reserve(tags);
  for (std::size_t i = 0; i < tags; ++i) head.tags.push_back(in.fixed());

  if (!in.at_end() || status < 100 || status > 999) return nullptr;
  if (chunk_size == 0 || chunk_size > kChunkSizeMax) return nullptr;
  head.status = static_cast<int>(status);
  head.chunk_size = static_cast<std::uint32_t>(chunk_size);
  if (length_and_one != 0) {
    head.length = length_and_one - 1;
    // Chunk numbers are 32 bits wide.
    if (*head.length / chunk_size >= (std::uint64_t{1} << 32) - 1) return nullptr;
  }
  return base::make_ref<Object>(std::move(head));
}

void write_vary_rule(Writer& out, const VaryRule& rule) {
  out.varint(rule.purge_sequence);
  out.varint(rule.names.size());
  for (const std::string& name : rule.names) out.text(name);
}

base::Ref<Record> read_vary_rule(Reader& in, const Key& key, std::string key_text) {
  const std::uint64_t purge_sequence = in.varint();
  std::vector<std::string> names;
  for (std::size_t left = in.count(1); left > 0 && in.ok(); --left) names.emplace_back(in.text());
  if (!in.at_end()) return nullptr;
  return base::make_ref<VaryRule>(key, std::move(key_text), std::move(names), purge_sequence);
}

bool is_guarded(const Record& record) {
  return record.kind == Record::Kind::kObject &&
         static_cast<const Object&>(record).head().access == Access::kToken;
}

}  // namespace

std::string encode(const Record& record) {
  Writer out;
  out.fixed(0);  // The checksum's place.
  out.byte(is_guarded(record) ? kGuardedFormat : kFormat);
  out.byte(static_cast<std::uint8_t>(record.kind));
  out.text(record.key_text);
  switch (record.kind) {
    case Record::Kind::kObject:
      write_object(out, static_cast<const Object&>(record));
      break;
    case Record::Kind::kVaryRule:
      write_vary_rule(out, static_cast<const VaryRule&>(record));
      break;
    case Record::Kind::kPassMark:
      CHECK(record.kind != Record::Kind::kPassMark);  // In memory only.
  }
  std::string bytes = out.take();
  Writer checksum;
  checksum.fixed(checksum_of(record.key, std::string_view(bytes).substr(kChecksumBytes)));
  bytes.replace(0, kChecksumBytes, checksum.take());
  return bytes;
}

base::Result<base::Ref<Record>> decode(const Key& key, std::string_view bytes) {
  const auto corrupt = [&](std::string_view what) {
    return base::fail(base::ErrorCode::kCorrupt,
                      "record of key " + to_hex(key) + " " + std::string(what));
  };
  if (bytes.size() < kPrefixBytes) return corrupt("is cut short");
  Reader in(bytes);
  const std::uint64_t checksum = in.fixed();
  if (checksum != checksum_of(key, bytes.substr(kChecksumBytes))) {
    return corrupt("has a wrong checksum");
  }
  const std::uint8_t format = in.byte();
  if (format != kFormat && format != kGuardedFormat) {
    return base::fail(base::ErrorCode::kUnsupported, "record of key " + to_hex(key) +
                                                         " has format " + std::to_string(format) +
                                                         ", this version reads 1 and 2");
  }
  const auto kind = static_cast<Record::Kind>(in.byte());
  std::string key_text(in.text());
  base::Ref<Record> record;
  if (kind == Record::Kind::kObject) {
    record = read_object(in, key, std::move(key_text),
                         format == kGuardedFormat ? Access::kToken : Access::kAnyone);
  } else if (kind == Record::Kind::kVaryRule && format == kFormat) {
    record = read_vary_rule(in, key, std::move(key_text));
  }
  if (!record) return corrupt("does not parse");
  return record;
}

}  // namespace cache
