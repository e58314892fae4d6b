// A packet from a child that may have been taken over. What is accepted is within its bounds, and
// says the same when it is sent again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include "base/check.h"
#include "worker/sandbox/messages.h"

namespace {

using namespace worker::sandbox;

struct Bounds {
  void operator()(const Read& m) const {
    CHECK(m.block < kBlocks && m.length > 0 && m.length <= kBlockSize);
  }
  void operator()(const OutputOpen& m) const {
    CHECK(!m.name.empty() && m.name.size() <= kNameMax && m.name.front() != '.');
    CHECK(m.name.find('/') == std::string_view::npos);
    CHECK(m.kind <= OutputKind::kDocument);
  }
  void operator()(const OutputBytes& m) const {
    CHECK(!m.bytes.empty() && m.bytes.size() <= kPayloadMax);
  }
  void operator()(const Done& m) const { CHECK(m.result.size() <= kPayloadMax); }
  void operator()(const Failed& m) const {
    CHECK(m.sentence.size() <= kSentenceMax && one_line(m.sentence) == m.sentence);
    for (const char c : m.sentence) CHECK(static_cast<unsigned char>(c) >= ' ' && c != 0x7f);
    CHECK(base::name_of(m.code) != "unknown");
  }
  void operator()(const auto& /*other*/) const {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view packet(reinterpret_cast<const char*>(data), size);
  std::ignore = decode_from_parent(packet);
  const auto message = decode_from_child(packet);
  if (!message) return 0;
  std::visit(Bounds{}, *message);
  const std::string again = encode(*message);
  const auto decoded = decode_from_child(again);
  CHECK(decoded && decoded->index() == message->index());
  CHECK(encode(*decoded) == again);
  return 0;
}
