#include "cache/purge_log.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "base/log.h"
#include "cache/index_key.h"
#include "cache/index_record.h"

namespace cache {
namespace {

// A slot is a page, so that writing one can't tear the other: number, checksum, zeros.
constexpr std::size_t kSlotBytes = 4096;
constexpr std::uint64_t kSlots = 2;
constexpr std::uint64_t kMarkSeed = 0x5052'4755'4D52'4B31;  // Tells it from other numbers.

struct Slot {
  std::uint64_t sequence;
  std::uint64_t checksum;
};

std::array<char, kSlotBytes> encode_slot(std::uint64_t sequence) {
  std::array<char, kSlotBytes> bytes{};
  const Slot slot{sequence, XXH3_64bits_withSeed(&sequence, sizeof sequence, kMarkSeed)};
  std::memcpy(bytes.data(), &slot, sizeof slot);
  return bytes;
}

std::optional<std::uint64_t> decode_slot(std::span<const char> bytes) {
  Slot slot;
  std::memcpy(&slot, bytes.data(), sizeof slot);
  if (slot.checksum != XXH3_64bits_withSeed(&slot.sequence, sizeof slot.sequence, kMarkSeed)) {
    return std::nullopt;
  }
  return slot.sequence;
}

}  // namespace

base::Result<std::uint64_t> PurgeMark::read(FileSystem& files, const std::string& path) {
  const auto file = files.open(path, false);
  if (!file) {
    if (file.error().code == base::ErrorCode::kNotFound) return 0;
    return std::unexpected(file.error());
  }
  std::optional<std::uint64_t> newest;
  for (std::uint64_t i = 0; i < kSlots; ++i) {
    std::array<char, kSlotBytes> bytes;
    const auto read = (*file)->read(i * kSlotBytes, bytes);
    if (!read && read.error().code != base::ErrorCode::kCorrupt) {
      return std::unexpected(read.error());
    }
    if (const auto sequence = read ? decode_slot(bytes) : std::nullopt) {
      newest = std::max(newest.value_or(0), *sequence);
    }
  }
  if (!newest) return base::fail(base::ErrorCode::kCorrupt, path + ": no slot can be read");
  return *newest;
}

base::Result<std::unique_ptr<PurgeMark>> PurgeMark::create(FileSystem& files,
                                                           const std::string& path,
                                                           std::uint64_t sequence) {
  auto file = files.open(path, true);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<PurgeMark> mark(new PurgeMark(std::move(*file)));
  // One after the other, so that one is whole whenever power goes.
  for (std::uint64_t i = 0; i < kSlots; ++i) {
    if (auto written = mark->write(sequence); !written) return std::unexpected(written.error());
  }
  return mark;
}

base::Result<void> PurgeMark::write(std::uint64_t sequence) {
  const std::uint64_t slot = std::exchange(next_slot_, (next_slot_ + 1) % kSlots);
  if (auto written = file_->write(slot * kSlotBytes, encode_slot(sequence)); !written) {
    return written;
  }
  return file_->sync();
}

base::Result<void> PurgeLog::load(const Index& index, std::uint64_t newest, PurgeTable& table) {
  if (const auto stored = index.get(kFloorKey)) {
    const auto floor = decode_purge_floor(kFloorKey, *stored);
    if (!floor) return std::unexpected(floor.error());
    table.set_floor(floor->floor);
    newest = std::max(newest, floor->sequence);
  } else if (stored.error().code != base::ErrorCode::kNotFound) {
    return std::unexpected(stored.error());
  }
  base::Result<void> outcome;
  const auto scanned =
      index.scan(kPurgePrefix, {}, [&](std::string_view key, std::string_view value) {
        const auto purge = decode_purge(key, value);
        if (!purge) {
          outcome = std::unexpected(purge.error());
          return false;
        }
        table.publish(*purge);
        return true;
      });
  if (!scanned) return scanned;
  if (!outcome) return outcome;
  if (table.sequence() < newest) {
    return base::fail(base::ErrorCode::kCorrupt, "purge " + std::to_string(newest) +
                                                     " was acknowledged, but the newest is " +
                                                     std::to_string(table.sequence()));
  }
  return {};
}

base::Result<std::uint64_t> PurgeLog::purge(Purge purge) {
  if (purge.text.size() > kTextMax) {
    return base::fail(base::ErrorCode::kTooLarge, "what to purge is longer than 8 KiB");
  }
  const bool names_site = purge.text.find('\n') != std::string::npos;
  const bool everything = purge.kind == PurgeKind::kEverything && purge.text.empty();
  if (!names_site && !everything) {
    return base::fail(base::ErrorCode::kInvalid, "a purge needs the site it is for");
  }
  purge.sequence = table_.sequence() + 1;
  const std::string key = purge_key(purge);
  IndexBatch changes;
  changes.put(key, encode(key, purge));
  auto durable = index_.write(changes, Index::Write::kSynced);
  if (durable) durable = mark_->write(purge.sequence);

  const std::uint64_t floor = table_.floor();
  table_.publish(purge);
  if (table_.floor() != floor) drop_below_floor();
  if (!durable) return std::unexpected(durable.error());
  return purge.sequence;
}

// The entries that the table has replaced by its floor. In one batch with the floor itself: the
// entries never go without it.
void PurgeLog::drop_below_floor() {
  const PurgeFloor floor{.floor = table_.floor(), .sequence = table_.sequence()};
  IndexBatch changes;
  changes.put(std::string(kFloorKey), encode(kFloorKey, floor));
  const auto scanned =
      index_.scan(kPurgePrefix, {}, [&](std::string_view key, std::string_view value) {
        const auto purge = decode_purge(key, value);
        if (purge && purge->sequence <= floor.floor) changes.erase(std::string(key));
        return true;
      });
  base::Result<void> written = scanned;
  if (written) written = index_.write(changes, Index::Write::kWaits);
  // They stay until the floor rises again; what they say remains true.
  if (!written) base::log_warning("cache.purge_floor", {{"reason", written.error().context}});
}

}  // namespace cache
