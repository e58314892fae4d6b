// What does a sandbox cost? A child's life with nothing in it, and a source read through it as a
// demuxer reads: 32 KiB at a time, in order.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "worker/sandbox/child_process.h"
#include "worker/sandbox/child_session.h"

namespace worker::sandbox {
namespace {

constexpr std::string_view kChildFlag = "--in-sandbox";
constexpr std::uint64_t kSourceSize = std::uint64_t{256} << 20;

// Costs a copy a block, as one over a chunk in memory does.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(base::Bytes size) : size_(size), block_(kBlockSize, std::byte{1}) {}
  [[nodiscard]] base::Bytes size() const override { return size_; }
  base::Result<void> read_at(std::uint64_t /*offset*/, std::span<std::byte> into) override {
    std::memcpy(into.data(), block_.data(), into.size());
    return {};
  }

 private:
  base::Bytes size_;
  std::vector<std::byte> block_;
};

class NoSink final : public ResultSink {
 public:
  base::Result<void> open(std::uint32_t, OutputKind, std::string_view) override { return {}; }
  base::Result<void> write(std::uint32_t, std::string_view) override { return {}; }
  base::Result<void> close(std::uint32_t) override { return {}; }
  base::Result<void> progressed(std::chrono::microseconds) override { return {}; }
};

base::Result<std::string> read_all(ChildSession& session) {
  std::vector<std::byte> piece(32'768);
  for (std::uint64_t offset = 0;;) {
    const auto count = session.source().read_at(offset, piece);
    if (!count) return std::unexpected(count.error());
    if (*count == 0) return "";
    offset += *count;
  }
}

void run(base::Bytes size) {
  ChildSpec spec;
  spec.arguments = {std::string(kChildFlag)};
  MemorySource source(size);
  NoSink sink;
  CHECK(run_in_child(spec, source, sink).kind == Exit::Kind::kOk);
}

void a_childs_life(benchmark::State& state) {
  for (auto _ : state) run(base::Bytes(0));
}
BENCHMARK(a_childs_life)->Unit(benchmark::kMillisecond)->UseRealTime();

void read_in_order(benchmark::State& state) {
  for (auto _ : state) run(base::Bytes(kSourceSize));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kSourceSize));
}
BENCHMARK(read_in_order)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace worker::sandbox

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == worker::sandbox::kChildFlag) {
    worker::sandbox::run_confined(worker::sandbox::read_all);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
