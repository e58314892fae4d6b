// The property that ranges rest on: whatever is in the cache, in memory, on disk or nowhere, and
// however a client cuts the object into ranges, it gets the origin's bytes.
#include <gtest/gtest.h>

#include "cache/file_system.h"
#include "tests/cache/disk_fixture.h"
#include "tests/cache/simulated_world.h"
#include "tests/cache/store_fixture.h"

namespace cache {
namespace {

enum class Tiers { kMemory, kMemoryAndDisk };

class Store_Ranges : public StoreFixture, public testing::WithParamInterface<Tiers> {
 protected:
  Store_Ranges() {
    // Room for about thirty chunks: most of what was read leaves again.
    options.memory_max = base::Bytes(4u << 20);
    if (GetParam() == Tiers::kMemory) return;
    options.memory_max += base::Bytes(1u << 20);
    options.disk = DiskTierOptions{.path = directory_.path(),
                                   .size_max = base::Bytes(16u << 20),
                                   .region_size = base::Bytes(1u << 20),
                                   .index_memory = base::Bytes(1u << 20)};
  }
  ~Store_Ranges() override { close(); }
  void adjust(StoreContext& context) override {
    context.files = files_.get();
    context.disk_readers = &loop;
    context.disk_writer = &loop;
    context.disk_index = &loop;
  }

  // Ends that lie on, just before and just behind the ends of chunks, and anywhere.
  std::uint64_t place(Dice& dice, std::uint64_t size) {
    if (dice.one_in(2)) return dice.below(size);
    const std::uint64_t near = dice.below(size / kChunk + 1) * kChunk + dice.below(3);
    return std::min(near > 0 ? near - 1 : 0, size - 1);
  }

 private:
  DiskDirectory directory_;
  std::unique_ptr<FileSystem> files_ = make_posix_file_system();
};

TEST_P(Store_Ranges, AnySequenceOfRangesOverAnyStateGivesTheOriginsBytes) {
  Dice dice(2026);
  std::vector<Resource> resources;
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{kChunk - 1}, std::size_t{kChunk}, std::size_t{kChunk + 1},
        std::size_t{7 * kChunk}, std::size_t{60 * kChunk + 321}}) {
    resources.push_back(resource(size, "\"e\"", static_cast<unsigned>(size)));
  }
  for (int step = 0; step < 600; ++step) {
    const std::uint64_t which = dice.below(resources.size());
    const Resource& wanted = resources[which];
    const std::uint64_t size = wanted.bytes.size();
    StoreClient::Get what{.key_text = "site\n/" + std::to_string(which)};
    std::string_view expected = wanted.bytes;
    if (!dice.one_in(10)) {
      std::uint64_t first = place(dice, size);
      std::uint64_t last = place(dice, size);
      if (first > last) std::swap(first, last);
      what.range = Span{first, last};
      expected = expected.substr(first, last - first + 1);
      if (dice.one_in(10)) {
        what.range->last = std::nullopt;
        expected = std::string_view(wanted.bytes).substr(first);
      }
    }
    what.read_ahead = static_cast<std::uint32_t>(dice.below(6));
    ASSERT_TRUE(same(fetched(wanted, what), expected)) << "step " << step;
    if (GetParam() == Tiers::kMemoryAndDisk && dice.one_in(60)) close();
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, Store_Ranges,
                         testing::Values(Tiers::kMemory, Tiers::kMemoryAndDisk),
                         [](const auto& tiers) {
                           return tiers.param == Tiers::kMemory ? "Memory" : "MemoryAndDisk";
                         });

}  // namespace
}  // namespace cache
