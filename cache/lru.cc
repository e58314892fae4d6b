#include "cache/eviction_policy.h"

namespace cache {
namespace {

class Lru final : public EvictionPolicy {
 public:
  void admit(Resident& entry) override { queue_.push_newest(entry); }
  void readmit(Resident& entry) override { queue_.push_newest(entry); }
  void forget(Resident& entry) override {
    if (queue_.holds(entry)) queue_.remove(entry);
  }
  Resident* victim() override {
    Resident* const oldest = queue_.oldest();
    if (oldest != nullptr) queue_.remove(*oldest);
    return oldest;
  }
  [[nodiscard]] bool orders_hits() const override { return true; }
  void touch(Resident& entry) override {
    if (!queue_.holds(entry)) return;
    queue_.remove(entry);
    queue_.push_newest(entry);
  }
  [[nodiscard]] std::uint64_t bytes() const override { return queue_.bytes(); }

 private:
  ResidentList queue_{1};
};

}  // namespace

std::unique_ptr<EvictionPolicy> make_lru() { return std::make_unique<Lru>(); }

}  // namespace cache
