// A whole conversation with a child that may have been taken over: packets, each after a byte of
// length. Whatever it says, the source is read within its bounds and the sink sees outputs that are
// opened once, written while open, and no larger than allowed.
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "worker/sandbox/conversation.h"

namespace {

using namespace worker::sandbox;

constexpr std::uint64_t kSourceSize = 70'000;
constexpr std::uint64_t kReadMax = 2 * kSourceSize;
constexpr std::size_t kOutputMax = 1'000;

class CheckedSource final : public ByteSource {
 public:
  [[nodiscard]] base::Bytes size() const override { return base::Bytes(kSourceSize); }
  base::Result<void> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    CHECK(!into.empty() && offset < kSourceSize && into.size() <= kSourceSize - offset);
    read_ += into.size();
    CHECK(read_ <= kReadMax);
    return {};
  }

 private:
  std::uint64_t read_ = 0;
};

class CheckedSink final : public ResultSink {
 public:
  base::Result<void> open(std::uint32_t id, OutputKind /*kind*/, std::string_view name) override {
    CHECK(names_.emplace(name).second && names_.size() <= 5);
    CHECK(open_.emplace(id, 0).second && open_.size() <= 3);
    return {};
  }
  base::Result<void> write(std::uint32_t id, std::string_view bytes) override {
    open_.at(id) += bytes.size();
    CHECK(open_.at(id) <= kOutputMax);
    return {};
  }
  base::Result<void> close(std::uint32_t id) override {
    CHECK(open_.erase(id) == 1);
    return {};
  }
  base::Result<void> progressed(std::chrono::microseconds decoded) override {
    CHECK(decoded > decoded_);
    decoded_ = decoded;
    return {};
  }
  [[nodiscard]] bool all_closed() const { return open_.empty(); }

 private:
  std::set<std::string, std::less<>> names_;
  std::map<std::uint32_t, std::size_t> open_;
  std::chrono::microseconds decoded_{-1};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  auto ends = PacketSocket::make_pair();
  auto window = Window::make();
  CHECK(ends && window);
  CheckedSource source;
  CheckedSink sink;
  Conversation conversation(std::move(ends->first), *std::move(window), source, sink,
                            Protections::required(),
                            {.source_reads_max = 2,
                             .source_read_floor = base::Bytes(0),
                             .outputs_max = 5,
                             .outputs_open_max = 3,
                             .output_max = base::Bytes(kOutputMax),
                             .outputs_total_max = base::Bytes(2 * kOutputMax)});
  {
    // All of it fits in the socket's buffer; what does not is not said.
    const PacketSocket child(std::move(ends->second));
    for (int packets = 0; packets < 64 && !input.empty(); ++packets) {
      const auto length = static_cast<unsigned char>(input.front());
      input.remove_prefix(1);
      const std::string_view packet = input.substr(0, length);
      input.remove_prefix(packet.size());
      if (!child.send(packet)) break;
    }
  }
  const Outcome outcome = conversation.serve();
  const int endings = int{outcome.result.has_value()} + int{outcome.failure.has_value()} +
                      int{outcome.broken_rule.has_value()} + int{outcome.ours.has_value()};
  CHECK(endings <= 1);
  CHECK(!outcome.result || sink.all_closed());
  return 0;
}
