// Which policy keeps most of what is asked for? Replays a trace through each, at several sizes, and
// through Belady's rule (evict what is needed last), which no policy that can't see the future
// beats when all entries are alike.
//
//   xzcat web12.trace.xz | policy_replay web12          big-endian 32-bit keys, entries alike
//   policy_replay cachelib DIR [REQUESTS]               CacheLib's CDN model: pop and sizes JSON
//
// docs/cache-policy.md has the table and what follows from it.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cache/eviction_policy.h"

namespace {

struct Trace {
  std::vector<std::uint32_t> requests;  // Indexes of `weights`.
  std::vector<std::uint32_t> weights;
  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const std::uint32_t weight : weights) sum += weight;
    return sum;
  }
};

struct Misses {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
};

Trace read_web12(std::istream& in) {
  Trace trace;
  std::unordered_map<std::uint32_t, std::uint32_t> indexes;
  unsigned char key[4];
  while (in.read(reinterpret_cast<char*>(key), sizeof key)) {
    const std::uint32_t name = std::uint32_t{key[0]} << 24 | std::uint32_t{key[1]} << 16 |
                               std::uint32_t{key[2]} << 8 | std::uint32_t{key[3]};
    const auto [entry, fresh] =
        indexes.try_emplace(name, static_cast<std::uint32_t>(indexes.size()));
    if (fresh) trace.weights.push_back(1);
    trace.requests.push_back(entry->second);
  }
  return trace;
}

// Requests are drawn one by one: a bucket by its weight, a key of it evenly; some keys come once
// and never again. A key's size is drawn once.
Trace draw_cachelib(const std::string& directory, std::size_t requests) {
  const auto load = [&](const char* name) {
    std::ifstream in(directory + "/" + name);
    return nlohmann::json::parse(in);
  };
  const auto popularity = load("cachelib-cdn-pop.json");
  const auto sizes = load("cachelib-cdn-sizes.json");
  const auto bucket_sizes = popularity["popularityBuckets"].get<std::vector<std::uint64_t>>();
  const auto bucket_weights = popularity["popularityWeights"].get<std::vector<double>>();
  const auto ranges = sizes["valSizeRange"].get<std::vector<std::uint32_t>>();
  const auto range_weights = sizes["valSizeRangeProbability"].get<std::vector<double>>();
  std::vector<std::uint64_t> bucket_starts(1, 0);
  for (const std::uint64_t size : bucket_sizes)
    bucket_starts.push_back(bucket_starts.back() + size);

  std::mt19937_64 random(1);
  std::discrete_distribution<std::size_t> any_bucket(bucket_weights.begin(), bucket_weights.end());
  std::discrete_distribution<std::size_t> any_range(range_weights.begin(), range_weights.end());
  std::bernoulli_distribution once(popularity["oneHits"].get<double>());
  Trace trace;
  std::unordered_map<std::uint64_t, std::uint32_t> indexes;
  std::uint64_t next_once = bucket_starts.back();
  while (trace.requests.size() < requests) {
    const std::size_t bucket = any_bucket(random);
    const std::uint64_t key =
        once(random) ? next_once++ : bucket_starts[bucket] + random() % bucket_sizes[bucket];
    const auto [entry, fresh] =
        indexes.try_emplace(key, static_cast<std::uint32_t>(indexes.size()));
    if (fresh) trace.weights.push_back(std::max(1U, ranges[any_range(random)]));
    trace.requests.push_back(entry->second);
  }
  return trace;
}

struct Entry final : cache::Resident {};

Misses replay(const Trace& trace, cache::Policy kind, std::uint64_t budget) {
  const auto policy = cache::make_policy(kind);
  const auto entries = std::make_unique<Entry[]>(trace.weights.size());
  Misses misses;
  for (const std::uint32_t index : trace.requests) {
    Entry& entry = entries[index];
    cache::Residence& notes = entry.residence;
    if (notes.queue != 0) {
      if (notes.uses < cache::EvictionPolicy::kUsesMax) ++notes.uses;
      if (policy->orders_hits()) policy->touch(entry);
      continue;
    }
    ++misses.requests;
    misses.bytes += trace.weights[index];
    notes.weight = trace.weights[index];
    notes.hash = (index + 1) * 0x9E3779B97F4A7C15ULL;
    notes.hash ^= notes.hash >> 32;
    notes.uses = 0;
    while (policy->bytes() + notes.weight > budget && policy->victim() != nullptr) {
    }
    policy->admit(entry);
  }
  while (policy->victim() != nullptr) {
  }
  return misses;
}

Misses replay_belady(const Trace& trace, std::uint64_t budget) {
  const std::size_t count = trace.requests.size();
  constexpr std::uint32_t kNever = ~std::uint32_t{0};
  std::vector<std::uint32_t> next(count), seen(trace.weights.size(), kNever);
  for (std::size_t i = count; i-- > 0;) {
    next[i] = seen[trace.requests[i]];
    seen[trace.requests[i]] = static_cast<std::uint32_t>(i);
  }
  std::vector<std::uint32_t> kept(trace.weights.size(), 0);  // When needed next, plus one; 0: out.
  std::set<std::pair<std::uint32_t, std::uint32_t>> order;   // (needed next, index).
  std::uint64_t used = 0;
  Misses misses;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t index = trace.requests[i];
    const std::uint32_t weight = trace.weights[index];
    if (kept[index] != 0) {
      order.erase({kept[index] - 1, index});
    } else {
      ++misses.requests;
      misses.bytes += weight;
      used += weight;
    }
    if (next[i] == kNever) {  // Never again: not kept.
      used -= weight;
      kept[index] = 0;
      continue;
    }
    order.insert({next[i], index});
    kept[index] = next[i] + 1;
    while (used > budget) {
      const auto last = std::prev(order.end());
      used -= trace.weights[last->second];
      kept[last->second] = 0;
      order.erase(last);
    }
  }
  return misses;
}

void report(const Trace& trace, std::initializer_list<double> shares) {
  const std::uint64_t footprint = trace.bytes();
  std::uint64_t asked = 0;
  for (const std::uint32_t index : trace.requests) asked += trace.weights[index];
  std::printf("%zu requests, %zu entries, weight %llu\n", trace.requests.size(),
              trace.weights.size(), static_cast<unsigned long long>(footprint));
  std::printf("miss ratio by requests / by bytes\n%8s %17s %17s %17s %17s\n", "size", "lru",
              "sieve", "s3fifo", "belady");
  for (const double share : shares) {
    const auto budget = static_cast<std::uint64_t>(share * static_cast<double>(footprint));
    std::printf("%7.1f%%", 100 * share);
    const auto print = [&](const Misses& misses) {
      std::printf("   %6.4f / %6.4f",
                  static_cast<double>(misses.requests) / static_cast<double>(trace.requests.size()),
                  static_cast<double>(misses.bytes) / static_cast<double>(asked));
      std::fflush(stdout);
    };
    using cache::Policy;
    for (const Policy policy : {Policy::kLru, Policy::kSieve, Policy::kS3Fifo}) {
      print(replay(trace, policy, budget));
    }
    print(replay_belady(trace, budget));
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "web12") {
    report(read_web12(std::cin), {0.01, 0.02, 0.05, 0.1, 0.2, 0.4});
  } else if (mode == "cachelib" && argc > 2) {
    const auto requests = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 5'000'000;
    report(draw_cachelib(argv[2], requests), {0.001, 0.01, 0.05, 0.1, 0.2});
  } else {
    std::fprintf(stderr,
                 "usage: xzcat web12.trace.xz | %s web12\n       %s cachelib DIR [REQUESTS]\n",
                 argv[0], argv[0]);
    return 1;
  }
  return 0;
}
