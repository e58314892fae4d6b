#include "cache/eviction_policy.h"

#include "base/check.h"

namespace cache {

std::unique_ptr<EvictionPolicy> make_policy(Policy policy) {
  switch (policy) {
    case Policy::kLru:
      return make_lru();
    case Policy::kSieve:
      return make_sieve();
    case Policy::kS3Fifo:
      return make_s3fifo();
  }
  CHECK(policy == Policy::kS3Fifo);
  return nullptr;
}

}  // namespace cache
