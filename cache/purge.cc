// How a check costs the same however many purges there are: targets are hashes, so a URL costs one
// look-up, a tag one each, and a prefix one for each *length* that any purged prefix has. What an
// object was checked against before is skipped by kind, as each kind's newest number is known.
#include "cache/purge.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

namespace cache {
namespace {

// The newest purges of one target, hard and soft; 0: none.
struct Newest {
  std::uint64_t hard = 0;
  std::uint64_t soft = 0;

  void note(bool is_soft, std::uint64_t sequence) {
    std::uint64_t& newest = is_soft ? soft : hard;
    newest = std::max(newest, sequence);
  }
  [[nodiscard]] std::uint64_t either() const { return std::max(hard, soft); }
};

// "SITE\nPATH?QUERY" of a key text that may go on with "\nNAME=VALUE" for a variant.
std::string_view without_variant(std::string_view key_text) {
  const auto site_end = key_text.find('\n');
  if (site_end == std::string_view::npos) return key_text;
  return key_text.substr(0, key_text.find('\n', site_end + 1));
}

template <class Map>
void drop_up_to(Map& map, std::uint64_t sequence) {
  std::erase_if(map, [&](const auto& entry) { return entry.second.either() <= sequence; });
}

}  // namespace

std::uint64_t tag_hash(std::string_view site, std::string_view tag, Seed seed) {
  std::string text(site);
  text += '\n';
  text += tag;
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

struct PurgeTable::State {
  State(Seed key_seed, std::size_t max) : seed(key_seed), entries_max(max) {}

  const Seed seed;
  const std::size_t entries_max;
  std::atomic<std::uint64_t> sequence{0};
  std::atomic<std::uint64_t> floor{0};

  mutable base::Mutex mutex;
  std::unordered_map<Key, Newest> urls GUARDED_BY(mutex);
  std::unordered_map<Key, Newest> prefixes GUARDED_BY(mutex);
  std::map<std::size_t, std::size_t> prefix_lengths GUARDED_BY(mutex);  // Length → how many.
  std::unordered_map<Key, std::size_t> length_of GUARDED_BY(mutex);     // Of each prefix.
  std::unordered_map<std::uint64_t, Newest> tags GUARDED_BY(mutex);
  Newest newest_url GUARDED_BY(mutex), newest_prefix GUARDED_BY(mutex),
      newest_tag GUARDED_BY(mutex);

  [[nodiscard]] std::size_t entries() const REQUIRES(mutex) {
    return urls.size() + prefixes.size() + tags.size();
  }

  void note(const Purge& purge) REQUIRES(mutex) {
    switch (purge.kind) {
      case PurgeKind::kUrl:
        urls[key_of(purge.text, seed)].note(purge.soft, purge.sequence);
        newest_url.note(purge.soft, purge.sequence);
        return;
      case PurgeKind::kTag:
        tags[XXH3_64bits_withSeed(purge.text.data(), purge.text.size(), seed)].note(purge.soft,
                                                                                    purge.sequence);
        newest_tag.note(purge.soft, purge.sequence);
        return;
      case PurgeKind::kPrefix:
      case PurgeKind::kEverything: {  // "SITE\n" and "" are prefixes of all that they mean.
        const Key key = key_of(purge.text, seed);
        prefixes[key].note(purge.soft, purge.sequence);
        if (length_of.try_emplace(key, purge.text.size()).second) {
          ++prefix_lengths[purge.text.size()];
        }
        newest_prefix.note(purge.soft, purge.sequence);
        return;
      }
    }
  }

  void forget_up_to(std::uint64_t last) REQUIRES(mutex) {
    drop_up_to(urls, last);
    drop_up_to(tags, last);
    drop_up_to(prefixes, last);
    std::erase_if(length_of, [&](const auto& entry) REQUIRES(mutex) {
      if (prefixes.contains(entry.first)) return false;
      const auto length = prefix_lengths.find(entry.second);
      CHECK(length != prefix_lengths.end());
      if (--length->second == 0) prefix_lengths.erase(length);
      return true;
    });
  }

  // Replaces the oldest eighth by a floor, so that the cost is spread over many purges.
  void make_room() REQUIRES(mutex) {
    std::vector<std::uint64_t> sequences;
    sequences.reserve(entries());
    const auto collect = [&](const auto& map) {
      for (const auto& [target, newest] : map) sequences.push_back(newest.either());
    };
    collect(urls);
    collect(prefixes);
    collect(tags);
    const auto last_to_go = sequences.begin() + static_cast<std::ptrdiff_t>(sequences.size() / 8);
    std::ranges::nth_element(sequences, last_to_go);
    const std::uint64_t last = *last_to_go;
    forget_up_to(last);
    floor = std::max(floor.load(), last);
  }

  // The newest matching purges beyond `after`.
  [[nodiscard]] Newest matching(const Object& object, std::uint64_t after) const REQUIRES(mutex) {
    Newest found;
    const auto consider = [&](const auto& map, const auto& target) {
      if (const auto entry = map.find(target); entry != map.end()) {
        found.hard = std::max(found.hard, entry->second.hard);
        found.soft = std::max(found.soft, entry->second.soft);
      }
    };
    const std::string_view text = without_variant(object.key_text);
    if (newest_url.either() > after) consider(urls, key_of(text, seed));
    if (newest_tag.either() > after) {
      for (const std::uint64_t tag : object.head().tags) consider(tags, tag);
    }
    if (newest_prefix.either() > after) {
      for (const auto& [length, count] : prefix_lengths) {
        if (length > text.size()) break;
        consider(prefixes, key_of(text.substr(0, length), seed));
      }
    }
    return found;
  }
};

PurgeTable::PurgeTable(Seed seed, std::size_t entries_max)
    : state_(std::make_unique<State>(seed, entries_max)) {
  CHECK(entries_max >= 8);
}
PurgeTable::~PurgeTable() = default;

std::uint64_t PurgeTable::sequence() const {
  return state_->sequence.load(std::memory_order_acquire);
}
std::uint64_t PurgeTable::floor() const { return state_->floor.load(std::memory_order_acquire); }

std::size_t PurgeTable::entries() const {
  const base::MutexLock lock(state_->mutex);
  return state_->entries();
}

PurgeVerdict PurgeTable::check(const Object& object) const {
  const auto kept = [&] {
    return object.soft_purged.load(std::memory_order_relaxed) ? PurgeVerdict::kSoft
                                                              : PurgeVerdict::kKeep;
  };
  // The sequence is read before the tables: a purge published in between is found or, at worst,
  // looked for again next time.
  const std::uint64_t now = sequence();
  const std::uint64_t checked = object.purge_checked.load(std::memory_order_acquire);
  if (checked >= now) return kept();
  const std::uint64_t admitted = object.head().purge_sequence;
  const std::uint64_t after = std::max(checked, admitted);
  Newest found;
  if (after < now) {
    const base::MutexLock lock(state_->mutex);
    // Under the lock: an entry that is gone from the tables is in the floor.
    if (admitted < state_->floor) return PurgeVerdict::kHard;
    found = state_->matching(object, after);
  }
  if (found.hard > admitted) return PurgeVerdict::kHard;
  if (found.soft > admitted) object.soft_purged.store(true, std::memory_order_relaxed);
  object.purge_checked.store(now, std::memory_order_release);
  return kept();
}

void PurgeTable::publish(const Purge& purge) {
  const base::MutexLock lock(state_->mutex);
  if (purge.sequence <= state_->floor) return;  // The floor says it already.
  state_->note(purge);
  if (state_->entries() > state_->entries_max) state_->make_room();
  if (purge.sequence > state_->sequence.load(std::memory_order_relaxed)) {
    state_->sequence.store(purge.sequence, std::memory_order_release);
  }
}

void PurgeTable::set_floor(std::uint64_t sequence) {
  const base::MutexLock lock(state_->mutex);
  if (sequence <= state_->floor) return;
  state_->forget_up_to(sequence);
  state_->floor.store(sequence, std::memory_order_release);
  if (sequence > state_->sequence.load(std::memory_order_relaxed)) {
    state_->sequence.store(sequence, std::memory_order_release);
  }
}

}  // namespace cache
