// Regions: the space that the disk tier has, and what it is used for. docs/cache.md, "Regions".
//
// A region's life   unused ──open──► front ──full──► sealed ──► reclaiming ──no pin left──► unused
//   unused      Nothing is in it. A file region may still have its file, ready for use.
//   front       The one region of its kind that is written to.
//   sealed      Read only. The oldest is the next to be reclaimed.
//   reclaiming  Nothing begins to be read from it; who began holds a Pin.
//
// Epochs     Every opening gives a region a new epoch. A place of another epoch is nowhere.
// Budget     Files, what the index uses or is charged with, and what its compactions need stay
//            below the limit. What is opened must fit; one file and one home are kept back for the
//            reclaimer's rewriting.
// Recency    A bit for each granule of a file and each slot of a home. Lost at restart; harmless.
// Threads    pin(), touch() and hot(): any, without locks. The rest: any, one short lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "cache/chunk.h"
#include "cache/file_system.h"
#include "cache/index_record.h"

namespace cache {

// Where bodies begin in a region file, for direct I/O.
constexpr std::uint64_t aligned(std::uint64_t bytes) {
  return (bytes + kDirectAlignment - 1) / kDirectAlignment * kDirectAlignment;
}

struct RegionsOptions {
  base::Bytes limit;        // For files and index together.
  base::Bytes region_size;  // Of a file; a multiple of kDirectAlignment.
  // Called, on the thread that did it, when the last pin of a reclaiming region goes.
  std::function<void()> on_idle = nullptr;
};

class Regions {
  struct Region;

 public:
  using Kind = RegionEntry::Kind;

  explicit Regions(const RegionsOptions& options);
  Regions(const Regions&) = delete;
  Regions& operator=(const Regions&) = delete;
  ~Regions();

  // What the index knows about a region at start. The youngest of each kind goes on as its front.
  struct Stored {
    std::uint32_t number = 0;
    RegionEntry entry;
    std::uint64_t used = 0;      // Bytes of the file, or slots; 0: nothing is in it.
    std::uint64_t charged = 0;   // Bytes of the index that go with it.
    std::unique_ptr<File> file;  // Of a file region; null: gone.
  };
  void restore(std::vector<Stored> stored);

  // Keeps the bytes at its place from being overwritten.
  class Pin {
   public:
    Pin(Pin&& other) noexcept : region_(std::exchange(other.region_, nullptr)) {}
    Pin& operator=(Pin&&) = delete;
    ~Pin();
    [[nodiscard]] File& file() const;

   private:
    friend class Regions;
    explicit Pin(Region& region) : region_(&region) {}
    Region* region_;
  };
  // Of a file region. None: the place is of another epoch, or is being reclaimed.
  [[nodiscard]] std::optional<Pin> pin(const DiskPlace& place);
  // The same for the reclaimer, whose region is being reclaimed.
  [[nodiscard]] std::optional<Pin> pin_reclaiming(std::uint32_t number);

  void touch(const DiskPlace& place);
  [[nodiscard]] bool hot(const DiskPlace& place) const;
  [[nodiscard]] bool reclaiming(const DiskPlace& place) const;

  // A place in the front file, or a slot in the front home. It is on its way until settle(), and
  // its region is not reclaimed before. None: full.
  [[nodiscard]] std::optional<DiskPlace> take_bytes(std::uint32_t length);
  [[nodiscard]] std::optional<DiskPlace> take_slot();
  // Charges the region with bytes of the index; gives all that it is charged with.
  std::uint64_t charge(const DiskPlace& place, std::uint64_t bytes);
  void settle(const DiskPlace& place);

  // The next front; the old one is sealed. A file region's bytes may be taken after open_file().
  // None: no room.
  struct Opening {
    std::uint32_t number = 0;
    RegionEntry entry;
    bool has_file = false;
  };
  // For the reclaimer's rewriting there is always some room kept.
  enum class Use : std::uint8_t { kFill, kRewrite };
  [[nodiscard]] std::optional<Opening> begin_file(Use use);
  void open_file(const Opening& opening, std::unique_ptr<File> file);  // Null: it has one.
  void give_up(const Opening& opening);
  [[nodiscard]] std::optional<Opening> open_home(Use use);

  [[nodiscard]] bool index_is_short() const;  // Only the reclaimer opens homes now.
  [[nodiscard]] bool home_has_room() const;   // For a fill, in the front or a home to be opened.
  // Whether a region should be reclaimed now, so that there is room when it is needed.
  [[nodiscard]] bool wants_reclaim() const;
  // The oldest sealed region that nothing is on its way to. None: there is none.
  struct Victim {
    std::uint32_t number = 0;
    RegionEntry entry;
  };
  [[nodiscard]] std::optional<Victim> begin_reclaim();
  // False: someone still reads it; try again after `on_idle`.
  [[nodiscard]] bool end_reclaim(std::uint32_t number);
  void abandon_reclaim(std::uint32_t number);  // It is sealed again.
  // A region whose file is to be removed, because the index needs the room.
  [[nodiscard]] std::optional<std::uint32_t> take_surplus_file();

  // What the index uses on disk, and needs while it compacts.
  void set_index_bytes(base::Bytes used, base::Bytes reserve);
  // The file system refused room for a file: none is made until some regions were reclaimed.
  void set_disk_full();
  [[nodiscard]] bool disk_full() const;
  // The file system refused room for the index: idle files give way until a write succeeds.
  void set_index_starved(bool starved);

  // What a region of the kind holds: bytes of its file, or of the index.
  [[nodiscard]] std::uint64_t capacity_of(Kind kind) const;
  [[nodiscard]] base::Bytes used() const;  // Files and index, as on disk.
  [[nodiscard]] bool over_limit() const;
  [[nodiscard]] std::size_t made()
      const;  // Regions that take memory; the others are no more than room.

 private:
  struct State;
  [[nodiscard]] bool has_more_regions() const;
  Region& add_region();
  std::unique_ptr<State> state_;
};

}  // namespace cache
