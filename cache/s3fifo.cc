// S3-FIFO: most things that come to a cache are asked for once. So an arrival waits in a small
// queue, a tenth of the bytes; if it has been used by the time it gets to the end it moves on to
// the main queue, else it leaves, and only its name is kept. Who comes back while the name is still
// known goes to the main queue directly. There, use buys another round.
#include <algorithm>

#include "cache/eviction_policy.h"
#include "cache/ghost.h"

namespace cache {
namespace {

// How often an arrival must be used to move on: once, where the paper says twice.
// docs/cache-policy.md has the figures.
constexpr std::uint8_t kUsesToStay = 1;
constexpr std::uint64_t kSmallShare = 10;
// In a cache of few large entries a tenth may be less than one of them: room for this many, so that
// an arrival has time to be used.
constexpr std::uint64_t kSmallEntriesMin = 4;

class S3Fifo final : public EvictionPolicy {
 public:
  void admit(Resident& entry) override {
    Residence& notes = entry.residence;
    heaviest_ = std::max(heaviest_, notes.weight);
    if (ghost_.take(notes.hash, main_.bytes())) {
      notes.uses.store(0, std::memory_order_relaxed);
      main_.push_newest(entry);
    } else {
      small_.push_newest(entry);
    }
  }

  void readmit(Resident& entry) override { main_.push_newest(entry); }

  void forget(Resident& entry) override {
    if (small_.holds(entry)) small_.remove(entry);
    if (main_.holds(entry)) main_.remove(entry);
  }

  Resident* victim() override {
    for (int step = 0; !small_.empty() || !main_.empty(); ++step) {
      const bool last_step = step >= kStepsMax;
      const bool from_small = !small_.empty() && (small_.bytes() > small_target() || main_.empty());
      Resident& oldest = from_small ? *small_.oldest() : *main_.oldest();
      (from_small ? small_ : main_).remove(oldest);
      std::atomic<std::uint8_t>& mark = oldest.residence.uses;
      const std::uint8_t uses = mark.load(std::memory_order_relaxed);
      if (from_small && uses >= kUsesToStay && !last_step) {
        mark.store(0, std::memory_order_relaxed);
        main_.push_newest(oldest);
      } else if (!from_small && uses > 0 && !last_step) {
        mark.store(static_cast<std::uint8_t>(uses - 1), std::memory_order_relaxed);
        main_.push_newest(oldest);
      } else {
        if (from_small) {
          ghost_.expect(small_.size() + main_.size());
          ghost_.add(oldest.residence.hash, oldest.residence.weight);
        }
        return &oldest;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::uint64_t bytes() const override { return small_.bytes() + main_.bytes(); }
  [[nodiscard]] std::size_t memory_bytes() const override { return ghost_.memory_bytes(); }

 private:
  [[nodiscard]] std::uint64_t small_target() const {
    const std::uint64_t enough = std::max(bytes() / kSmallShare, kSmallEntriesMin * heaviest_);
    return std::min(enough, bytes() / 2);
  }

  ResidentList small_{1};
  ResidentList main_{2};
  Ghost ghost_;
  std::uint32_t heaviest_ = 0;  // Of all that came.
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_s3fifo() { return std::make_unique<S3Fifo>(); }

}  // namespace cache
