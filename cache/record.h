// Records: what the cache knows under a Key. An Object (a response's head; its body lies in
// chunks), a VaryRule (look again under the variant's key), or a PassMark (known to be
// uncacheable: don't queue behind a fill).
//
// Records are immutable, but for marks of an Object that only grow; a revalidation makes a new
// Object of the same version. Threads: any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fields.h"
#include "base/ref.h"
#include "base/result.h"
#include "cache/freshness.h"
#include "cache/key.h"
#include "cache/resident.h"

namespace cache {

class Record : public Resident {
 public:
  enum class Kind : std::uint8_t { kObject = 1, kVaryRule = 2, kPassMark = 3 };

  const Kind kind;
  const Key key;
  const std::string key_text;

  // About what it holds in memory, for the budget.
  [[nodiscard]] virtual std::size_t memory_bytes() const = 0;

 protected:
  Record(Kind record_kind, const Key& record_key, std::string text)
      : kind(record_kind), key(record_key), key_text(std::move(text)) {}
};

// Who may have an object. The cache keeps and tells it; whoever gives an object to a client holds him
// to it.
enum class Access : std::uint8_t {  // The stricter the greater.
  kAnyone,
  kToken,  // Who has shown that he may (docs/media-tokens.md).
};

struct ObjectHead {
  Key key;
  std::string key_text;
  Version version;
  int status = 200;
  // As served: without Age, Content-Length, Headrace-Access and connection fields.
  base::Fields fields;
  Access access = Access::kAnyone;
  std::string etag;  // Strong validator, or empty: then no range of it is ever fetched alone.
  std::optional<std::uint64_t> length;  // None: known when its only fill ends.
  std::uint32_t chunk_size = 1 << 20;
  Freshness freshness;
  std::vector<std::uint64_t> tags;   // Hashes of its surrogate keys, sorted (purge.h: tag_hash).
  std::uint64_t purge_sequence = 0;  // Current when the origin request was sent.
  // Of the versions that this process has fetched, which one; 0: it was read from disk. Not stored.
  std::uint64_t number = 0;
};

class Object final : public Record {
 public:
  explicit Object(ObjectHead head);

  // Its `fields` and `length` are moved out: see below.
  [[nodiscard]] const ObjectHead& head() const { return head_; }
  [[nodiscard]] const base::Ref<const base::SharedFields>& fields() const { return fields_; }
  [[nodiscard]] const Version& version() const { return head_.version; }
  [[nodiscard]] std::uint32_t chunk_size() const { return head_.chunk_size; }

  // None while a body of unknown length still flows in.
  [[nodiscard]] std::optional<std::uint64_t> length() const;
  void set_length(std::uint64_t length);  // Once, by its fill, before the last chunk turns whole.

  // Length of chunk `index`; the full chunk size while the length is unknown.
  [[nodiscard]] std::uint32_t chunk_length(std::uint32_t index) const;
  [[nodiscard]] std::uint32_t chunk_count() const;  // CHECKs that the length is known.

  // Marks. The newest purge sequence this object was found valid at; whether a soft purge has made
  // it stale (purge.h). Whether its record is on disk (spares repeated writes; harmless if lost).
  mutable std::atomic<std::uint64_t> purge_checked{0};
  mutable std::atomic<bool> soft_purged{false};
  mutable std::atomic<bool> on_disk{false};
  // One more than the highest chunk that anyone has asked for: tells a fill how far its readers
  // are, so that it does not run far ahead of them.
  mutable std::atomic<std::uint32_t> chunks_asked{0};

  [[nodiscard]] std::size_t memory_bytes() const override;

 private:
  ObjectHead head_;
  base::Ref<const base::SharedFields> fields_;
  std::atomic<std::int64_t> length_;  // -1: unknown.
};

class VaryRule final : public Record {
 public:
  VaryRule(const Key& key, std::string key_text, std::vector<std::string> names,
           std::uint64_t purge_sequence);
  const std::vector<std::string> names;  // As vary_names() gives them.
  const std::uint64_t purge_sequence;
  [[nodiscard]] std::size_t memory_bytes() const override;
};

class PassMark final : public Record {  // In memory only.
 public:
  PassMark(const Key& key, std::string key_text, base::MonoTime until);
  const base::MonoTime until;
  [[nodiscard]] std::size_t memory_bytes() const override;
};

// The stored form of Object and VaryRule; docs/cache.md "Records". decode() takes bytes that may be
// anything: kCorrupt, never a crash; a newer format is kUnsupported.
std::string encode(const Record& record);
base::Result<base::Ref<Record>> decode(const Key& key, std::string_view bytes);

}  // namespace cache
