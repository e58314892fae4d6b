// SIEVE keeps one queue in order of arrival and never moves an entry. The hand walks from the
// oldest to the newest and round again. An entry that was used since the hand last came by is
// marked unused and stays; the first unused one leaves. So what was popular for long gathers at the
// old end, and what came once is sifted out soon after it came.
#include "cache/eviction_policy.h"

namespace cache {
namespace {

class Sieve final : public EvictionPolicy {
 public:
  void admit(Resident& entry) override { queue_.push_newest(entry); }
  void readmit(Resident& entry) override { queue_.push_newest(entry); }

  void forget(Resident& entry) override {
    if (!queue_.holds(entry)) return;
    if (hand_ == &entry) hand_ = entry.residence.newer;
    queue_.remove(entry);
  }

  Resident* victim() override {
    if (queue_.empty()) return nullptr;
    for (int step = 0;; ++step) {
      Resident* const here = hand_ != nullptr ? hand_ : queue_.oldest();
      hand_ = here->residence.newer;
      const bool used = here->residence.uses.exchange(0, std::memory_order_relaxed) != 0;
      if (!used || step == kStepsMax) {
        queue_.remove(*here);
        return here;
      }
    }
  }

  [[nodiscard]] std::uint64_t bytes() const override { return queue_.bytes(); }

 private:
  ResidentList queue_{1};
  Resident* hand_ = nullptr;  // Looked at next; null: the oldest.
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_sieve() { return std::make_unique<Sieve>(); }

}  // namespace cache
