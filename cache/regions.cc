#include "cache/regions.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/check.h"
#include "base/mutex.h"
#include "cache/growing_list.h"

namespace cache {
namespace {

// A home region is charged with at most this share of a file region's size.
constexpr std::uint64_t kHomeShare = 4;
// The smallest charge that is worth a slot: bounds a home region's bits.
constexpr std::uint64_t kSlotCharge = 256;
// Regions reclaimed before a full disk is asked again.
constexpr int kTurnsWhileFull = 8;

enum class Phase : std::uint8_t { kUnused, kFront, kSealed, kReclaiming };

}  // namespace

struct Regions::Region {
  Region(Regions& all, std::uint32_t index) : regions(all), number(index) {}

  Regions& regions;
  const std::uint32_t number;

  // Read without the lock. pin() raises `pins`, then looks at `phase`; end_reclaim() has set
  // `phase` before it looks at `pins`: with sequential consistency one of them notices the other.
  std::atomic<std::uint32_t> pins{0};
  std::atomic<Phase> phase{Phase::kUnused};
  std::atomic<std::uint32_t> epoch{0};
  std::atomic<File*> file{nullptr};
  std::atomic<std::atomic<std::uint64_t>*> bits{nullptr};  // Of `bits_made`, once there.
  std::atomic<std::size_t> bit_words{0};
  std::atomic<Kind> kind{Kind::kFile};

  // Under the lock.
  std::unique_ptr<File> file_owned;
  std::unique_ptr<std::atomic<std::uint64_t>[]> file_bits, home_bits;
  std::uint64_t birth = 0;
  std::uint64_t used = 0;
  std::uint64_t charged = 0;
  std::uint32_t on_their_way = 0;

  [[nodiscard]] bool idle() const { return phase == Phase::kUnused && pins == 0; }

  [[nodiscard]] std::atomic<std::uint64_t>* word(const DiskPlace& place, std::uint64_t& mask) {
    if (epoch.load() != place.epoch) return nullptr;
    const std::uint64_t bit =
        kind.load() == Kind::kFile ? place.offset / kDirectAlignment : place.offset;
    if (bit / 64 >= bit_words.load()) return nullptr;
    mask = std::uint64_t{1} << bit % 64;
    return &bits.load()[bit / 64];
  }
};

struct Regions::State {
  explicit State(const RegionsOptions& given)
      : limit(given.limit.count()),
        region_size(given.region_size.count()),
        home_charge_max(std::max<std::uint64_t>(region_size / kHomeShare, 16 * 1024)),
        on_idle(given.on_idle),
        // As many as fit, of each kind, and some that wait for their last reader.
        regions(limit / region_size + limit / home_charge_max + 16) {}

  const std::uint64_t limit;
  const std::uint64_t region_size;
  const std::uint64_t home_charge_max;
  const std::function<void()> on_idle;

  // Made when they are needed: a disk may have room for millions. Added to under the lock.
  GrowingList<Region> regions;

  mutable base::Mutex mutex;
  Region* front_file GUARDED_BY(mutex) = nullptr;
  Region* front_home GUARDED_BY(mutex) = nullptr;
  std::uint64_t births GUARDED_BY(mutex) = 0;
  std::uint64_t files GUARDED_BY(mutex) = 0;
  std::uint64_t charged GUARDED_BY(mutex) = 0;
  std::uint64_t index_used GUARDED_BY(mutex) = 0;
  std::uint64_t index_reserve GUARDED_BY(mutex) = 0;
  int turns_while_full GUARDED_BY(mutex) = 0;
  bool index_starved GUARDED_BY(mutex) = false;

  [[nodiscard]] std::uint64_t slots_max() const { return home_charge_max / kSlotCharge; }

  [[nodiscard]] Region* find(std::uint32_t number) const {
    return number < regions.size() ? &regions[number] : nullptr;
  }
  [[nodiscard]] Region& at(std::uint32_t number) const {
    Region* const region = find(number);
    CHECK(region != nullptr);
    return *region;
  }

  // What may still be used; negative: over the limit. The charge counts one and a half times, for
  // the index's own overhead, unless more than that was measured.
  [[nodiscard]] std::int64_t room() const REQUIRES(mutex) {
    return room_beside(std::max(index_used, charged + charged / 2));
  }
  // The same once RocksDB has compacted away what was erased.
  [[nodiscard]] std::int64_t room_to_come() const REQUIRES(mutex) {
    return room_beside(charged + charged / 2);
  }
  [[nodiscard]] std::int64_t room_beside(std::uint64_t index) const REQUIRES(mutex) {
    const auto left = static_cast<std::int64_t>(limit) -
                      static_cast<std::int64_t>(files * region_size + index + index_reserve);
    return index_starved ? std::min<std::int64_t>(left, -1) : left;
  }
  [[nodiscard]] std::uint64_t idle_files() const REQUIRES(mutex) {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        regions, [](const Region& region) { return region.file_owned && region.idle(); }));
  }
  [[nodiscard]] std::uint64_t files_that_fit() const REQUIRES(mutex) {
    if (turns_while_full > 0) return 0;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(room(), 0)) / region_size;
  }
  [[nodiscard]] bool homes_fit(std::uint64_t count) const REQUIRES(mutex) {
    return room() >= static_cast<std::int64_t>(count * home_charge_max);
  }
  // Below this nothing but the reclaimer opens a home.
  [[nodiscard]] bool index_is_short() const REQUIRES(mutex) { return !homes_fit(2); }
  [[nodiscard]] bool front_home_is_full() const REQUIRES(mutex) {
    return front_home == nullptr || front_home->charged >= home_charge_max ||
           front_home->used >= slots_max();
  }
  [[nodiscard]] bool any_file_in(Phase phase) const REQUIRES(mutex) {
    return std::ranges::any_of(regions, [&](const Region& region) {
      return region.phase == phase && region.kind == Kind::kFile;
    });
  }

  void set_bits(Region& region, Kind kind) REQUIRES(mutex) {
    auto& made = kind == Kind::kFile ? region.file_bits : region.home_bits;
    const std::uint64_t bits = kind == Kind::kFile ? region_size / kDirectAlignment : slots_max();
    const std::size_t words = bits / 64 + 1;
    // Kept once made: a late touch() may still write into them.
    if (!made) made = std::make_unique<std::atomic<std::uint64_t>[]>(words);
    for (std::size_t i = 0; i < words; ++i) made[i].store(0, std::memory_order_relaxed);
    region.bit_words = 0;
    region.kind = kind;
    region.bits = made.get();
    region.bit_words = words;
  }

  RegionEntry reopen(Region& region, Kind kind) REQUIRES(mutex) {
    region.epoch = region.epoch + 1;
    region.birth = ++births;
    region.used = 0;
    set_bits(region, kind);
    return {.kind = kind, .epoch = region.epoch, .birth = region.birth};
  }

  static void seal(Region*& front) {
    if (front != nullptr) front->phase = Phase::kSealed;
    front = nullptr;
  }
};

Regions::Regions(const RegionsOptions& options) : state_(std::make_unique<State>(options)) {
  CHECK(options.region_size.count() % kDirectAlignment == 0);
}
Regions::~Regions() = default;

bool Regions::has_more_regions() const {
  return state_->regions.size() < state_->regions.size_max();
}

Regions::Region& Regions::add_region() {
  const auto number = static_cast<std::uint32_t>(state_->regions.size());
  return state_->regions.add(std::make_unique<Region>(*this, number));
}

std::size_t Regions::made() const { return state_->regions.size(); }

void Regions::restore(std::vector<Stored> stored) {
  State& state = *state_;
  const base::MutexLock lock(state.mutex);
  for (Stored& one : stored) {
    state.regions.raise_size_max(std::size_t{one.number} + 1);
    while (state.regions.size() <= one.number) add_region();
    Region& region = state.regions[one.number];
    state.set_bits(region, one.entry.kind);
    region.epoch = one.entry.epoch;
    region.birth = one.entry.birth;
    region.used = one.used;
    region.charged = one.charged;
    region.file_owned = std::move(one.file);
    region.file = region.file_owned.get();
    region.phase = one.used == 0 ? Phase::kUnused : Phase::kSealed;
    state.births = std::max(state.births, region.birth);
    state.charged += region.charged;
    if (region.file_owned) ++state.files;
    if (one.used == 0) continue;
    Region*& front = one.entry.kind == Kind::kFile ? state.front_file : state.front_home;
    if (front == nullptr || front->birth < region.birth) front = &region;
  }
  if (state.front_file != nullptr && !state.front_file->file_owned) state.front_file = nullptr;
  if (state.front_file != nullptr) state.front_file->phase = Phase::kFront;
  if (state.front_home != nullptr) state.front_home->phase = Phase::kFront;
}

Regions::Pin::~Pin() {
  if (region_ == nullptr) return;
  Region& region = *region_;
  const auto& on_idle = region.regions.state_->on_idle;
  if (region.pins.fetch_sub(1) == 1 && region.phase == Phase::kReclaiming && on_idle) on_idle();
}

File& Regions::Pin::file() const { return *region_->file.load(); }

std::optional<Regions::Pin> Regions::pin(const DiskPlace& place) {
  Region* const region = state_->find(place.region);
  if (region == nullptr) return std::nullopt;
  region->pins.fetch_add(1);
  Pin pin(*region);
  const Phase phase = region->phase;
  if (phase != Phase::kFront && phase != Phase::kSealed) return std::nullopt;
  if (region->epoch != place.epoch || region->file == nullptr) return std::nullopt;
  return pin;
}

std::optional<Regions::Pin> Regions::pin_reclaiming(std::uint32_t number) {
  Region& region = state_->at(number);
  CHECK(region.phase == Phase::kReclaiming);
  region.pins.fetch_add(1);
  Pin pin(region);
  if (region.file == nullptr) return std::nullopt;
  return pin;
}

void Regions::touch(const DiskPlace& place) {
  Region* const region = state_->find(place.region);
  std::uint64_t mask = 0;
  if (region == nullptr || place.epoch == 0) return;
  if (auto* const word = region->word(place, mask)) word->fetch_or(mask, std::memory_order_relaxed);
}

bool Regions::hot(const DiskPlace& place) const {
  Region* const region = state_->find(place.region);
  std::uint64_t mask = 0;
  if (region == nullptr) return false;
  const auto* const word = region->word(place, mask);
  return word != nullptr && (word->load(std::memory_order_relaxed) & mask) != 0;
}

bool Regions::reclaiming(const DiskPlace& place) const {
  const Region* const region = state_->find(place.region);
  return region == nullptr || region->epoch != place.epoch ||
         (region->phase != Phase::kFront && region->phase != Phase::kSealed);
}

std::optional<DiskPlace> Regions::take_bytes(std::uint32_t length) {
  const base::MutexLock lock(state_->mutex);
  Region* const front = state_->front_file;
  if (front == nullptr || front->used + aligned(length) > state_->region_size) return std::nullopt;
  const DiskPlace place{front->number, front->epoch, front->used};
  front->used += aligned(length);
  ++front->on_their_way;
  return place;
}

std::optional<DiskPlace> Regions::take_slot() {
  const base::MutexLock lock(state_->mutex);
  if (state_->front_home_is_full()) return std::nullopt;
  Region* const front = state_->front_home;
  ++front->on_their_way;
  return DiskPlace{front->number, front->epoch, front->used++};
}

std::uint64_t Regions::charge(const DiskPlace& place, std::uint64_t bytes) {
  const base::MutexLock lock(state_->mutex);
  Region& region = state_->at(place.region);
  CHECK(region.epoch == place.epoch);
  state_->charged += bytes;
  return region.charged += bytes;
}

void Regions::settle(const DiskPlace& place) {
  const base::MutexLock lock(state_->mutex);
  Region& region = state_->at(place.region);
  CHECK(region.epoch == place.epoch && region.on_their_way > 0);
  --region.on_their_way;
}

std::optional<Regions::Opening> Regions::begin_file(Use use) {
  State& state = *state_;
  const base::MutexLock lock(state.mutex);
  State::seal(state.front_file);
  const std::uint64_t available = state.idle_files() + state.files_that_fit();
  // The last one is the reclaimer's, unless there is nothing that it could reclaim.
  const bool spare_needed = use == Use::kFill && (state.any_file_in(Phase::kSealed) ||
                                                  state.any_file_in(Phase::kReclaiming));
  if (available < (spare_needed ? 2 : 1)) return std::nullopt;
  Region* chosen = nullptr;
  for (Region& region : state.regions) {
    if (!region.idle() || region.used != 0) continue;
    if (chosen == nullptr || (region.file_owned && !chosen->file_owned)) chosen = &region;
    if (chosen->file_owned) break;
  }
  if (chosen == nullptr && has_more_regions()) chosen = &add_region();
  if (chosen == nullptr) return std::nullopt;
  if (!chosen->file_owned) {
    if (state.files_that_fit() == 0) return std::nullopt;
    ++state.files;  // Reserved from here on.
  }
  const RegionEntry entry = state.reopen(*chosen, Kind::kFile);
  chosen->phase = Phase::kReclaiming;  // Nobody else's until it is open.
  return Opening{chosen->number, entry, chosen->file_owned != nullptr};
}

void Regions::open_file(const Opening& opening, std::unique_ptr<File> file) {
  const base::MutexLock lock(state_->mutex);
  Region& region = state_->at(opening.number);
  CHECK(region.epoch == opening.entry.epoch && (file != nullptr) != opening.has_file);
  if (file) {
    region.file_owned = std::move(file);
    region.file = region.file_owned.get();
  }
  region.phase = Phase::kFront;
  state_->front_file = &region;
}

void Regions::give_up(const Opening& opening) {
  const base::MutexLock lock(state_->mutex);
  Region& region = state_->at(opening.number);
  CHECK(region.epoch == opening.entry.epoch);
  if (!opening.has_file) --state_->files;
  region.phase = Phase::kUnused;
}

std::optional<Regions::Opening> Regions::open_home(Use use) {
  State& state = *state_;
  const base::MutexLock lock(state.mutex);
  if (!state.homes_fit(use == Use::kFill ? 2 : 0)) return std::nullopt;
  Region* chosen = nullptr;
  for (Region& region : state.regions) {
    if (!region.idle() || region.file_owned || region.used != 0) continue;
    chosen = &region;
    break;
  }
  if (chosen == nullptr && has_more_regions()) chosen = &add_region();
  if (chosen == nullptr) return std::nullopt;
  State::seal(state.front_home);
  const RegionEntry entry = state.reopen(*chosen, Kind::kHome);
  chosen->phase = Phase::kFront;
  state.front_home = chosen;
  return Opening{chosen->number, entry, false};
}

bool Regions::index_is_short() const {
  const base::MutexLock lock(state_->mutex);
  return state_->index_is_short();
}

bool Regions::home_has_room() const {
  const base::MutexLock lock(state_->mutex);
  return !state_->front_home_is_full() || !state_->index_is_short();
}

bool Regions::wants_reclaim() const {
  const base::MutexLock lock(state_->mutex);
  const std::uint64_t idle = state_->idle_files();
  if (idle + state_->files_that_fit() < 2) return true;
  // For the index's sake: not while it only has to be compacted, unless it is over the limit. To
  // erase more would make more to compact.
  const auto homes = static_cast<std::int64_t>(2 * state_->home_charge_max);
  return idle < 3 && (state_->room_to_come() < homes || state_->room() < 0);
}

std::optional<Regions::Victim> Regions::begin_reclaim() {
  const base::MutexLock lock(state_->mutex);
  Region* oldest = nullptr;
  for (Region& region : state_->regions) {
    if (region.phase != Phase::kSealed || region.on_their_way > 0) continue;
    if (oldest == nullptr || region.birth < oldest->birth) oldest = &region;
  }
  if (oldest == nullptr) return std::nullopt;
  oldest->phase = Phase::kReclaiming;
  return Victim{oldest->number,
                {.kind = oldest->kind, .epoch = oldest->epoch, .birth = oldest->birth}};
}

bool Regions::end_reclaim(std::uint32_t number) {
  const base::MutexLock lock(state_->mutex);
  Region& region = state_->at(number);
  CHECK(region.phase == Phase::kReclaiming);
  if (region.pins != 0) return false;
  state_->charged -= region.charged;
  region.charged = 0;
  region.used = 0;
  region.phase = Phase::kUnused;
  if (state_->turns_while_full > 0) --state_->turns_while_full;
  return true;
}

void Regions::abandon_reclaim(std::uint32_t number) {
  Region& region = state_->at(number);
  CHECK(region.phase == Phase::kReclaiming);
  region.phase = Phase::kSealed;
}

std::optional<std::uint32_t> Regions::take_surplus_file() {
  const base::MutexLock lock(state_->mutex);
  const std::uint64_t keep = state_->room() < 0 ? 1 : 3;
  if (!state_->index_is_short() || state_->idle_files() < keep) return std::nullopt;
  for (Region& region : state_->regions) {
    if (!region.file_owned || !region.idle()) continue;
    region.file = nullptr;
    region.file_owned.reset();
    --state_->files;
    return region.number;
  }
  return std::nullopt;
}

void Regions::set_index_bytes(base::Bytes used, base::Bytes reserve) {
  const base::MutexLock lock(state_->mutex);
  state_->index_used = used.count();
  state_->index_reserve = reserve.count();
}

void Regions::set_disk_full() {
  const base::MutexLock lock(state_->mutex);
  state_->turns_while_full = kTurnsWhileFull;
}

bool Regions::disk_full() const {
  const base::MutexLock lock(state_->mutex);
  return state_->turns_while_full > 0;
}

void Regions::set_index_starved(bool starved) {
  const base::MutexLock lock(state_->mutex);
  state_->index_starved = starved;
}

std::uint64_t Regions::capacity_of(Kind kind) const {
  return kind == Kind::kFile ? state_->region_size : state_->home_charge_max;
}

base::Bytes Regions::used() const {
  const base::MutexLock lock(state_->mutex);
  return base::Bytes(state_->files * state_->region_size + state_->index_used);
}

bool Regions::over_limit() const {
  const base::MutexLock lock(state_->mutex);
  return state_->room() < 0;
}

}  // namespace cache
