#include "worker/sandbox/messages.h"

#include <algorithm>
#include <type_traits>

#include "base/check.h"

namespace worker::sandbox {
namespace {

// The first byte of a packet. Fixed only within one version: parent and child are one binary.
enum class Kind : std::uint8_t {
  kReady = 1,
  kRead,
  kProgress,
  kOutputOpen,
  kOutputBytes,
  kOutputClose,
  kDone,
  kFailed,
  kOrder = 0x81,
  kFilled,
};

constexpr auto kLastOutputKind = OutputKind::kDocument;
constexpr auto kLastErrorCode = base::ErrorCode::kBusy;

class Writer {
 public:
  explicit Writer(Kind kind) { integer(static_cast<std::uint8_t>(kind)); }

  template <class Integer>
  Writer& integer(Integer value) {
    auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      packet_.push_back(static_cast<char>((bits >> (8 * i)) & 0xff));
    }
    return *this;
  }
  Writer& rest(std::string_view bytes) {
    packet_.append(bytes);
    return *this;
  }
  std::string take() {
    CHECK(packet_.size() <= kPacketMax);
    return std::move(packet_);
  }

 private:
  std::string packet_;
};

// Reading past the end gives zeros and is remembered; ended() asks once, at the end.
class Reader {
 public:
  explicit Reader(std::string_view packet) : left_(packet) {}

  template <class Integer>
  Integer integer() {
    if (left_.size() < sizeof(Integer)) {
      short_ = true;
      return 0;
    }
    std::make_unsigned_t<Integer> bits = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      bits |= static_cast<std::make_unsigned_t<Integer>>(
          static_cast<std::make_unsigned_t<Integer>>(static_cast<unsigned char>(left_[i]))
          << (8 * i));
    }
    left_.remove_prefix(sizeof(Integer));
    return static_cast<Integer>(bits);
  }
  std::string_view rest() { return std::exchange(left_, {}); }
  [[nodiscard]] bool ended() const { return !short_ && left_.empty(); }

 private:
  std::string_view left_;
  bool short_ = false;
};

std::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(base::ErrorCode::kProtocol, "malformed message: " + std::string(what));
}

bool is_plain_name(std::string_view name) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= kNameMax && name.front() != '.' &&
         name.find_first_not_of(kPlain) == std::string_view::npos;
}

// The length of the UTF-8 sequence at the text's beginning; 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xc2   ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, past U+10FFFF; and U+0080 … U+009F, which are controls.
  const unsigned char second = byte(1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f) ||
      (lead == 0xc2 && second < 0xa0)) {
    return 0;
  }
  return length;
}

struct Encoder {
  std::string operator()(const Ready& m) const {
    return Writer(Kind::kReady).integer(m.in_force.bits()).take();
  }
  std::string operator()(const Read& m) const {
    return Writer(Kind::kRead).integer(m.block).integer(m.offset).integer(m.length).take();
  }
  std::string operator()(const Progress& m) const {
    return Writer(Kind::kProgress).integer(std::int64_t{m.decoded.count()}).take();
  }
  std::string operator()(const OutputOpen& m) const {
    return Writer(Kind::kOutputOpen)
        .integer(m.id)
        .integer(static_cast<std::uint8_t>(m.kind))
        .rest(m.name)
        .take();
  }
  std::string operator()(const OutputBytes& m) const {
    return Writer(Kind::kOutputBytes).integer(m.id).rest(m.bytes).take();
  }
  std::string operator()(const OutputClose& m) const {
    return Writer(Kind::kOutputClose).integer(m.id).take();
  }
  std::string operator()(const Done& m) const { return Writer(Kind::kDone).rest(m.result).take(); }
  std::string operator()(const Failed& m) const {
    return Writer(Kind::kFailed)
        .integer(static_cast<std::uint8_t>(m.code))
        .rest(one_line(m.sentence))
        .take();
  }
  std::string operator()(const Order& m) const {
    return Writer(Kind::kOrder)
        .integer(std::int32_t{m.parent})
        .integer(m.limits.address_space.count())
        .integer(std::int64_t{m.limits.cpu_time.count()})
        .integer(m.limits.threads)
        .integer(m.source_size.count())
        .rest(m.text)
        .take();
  }
  std::string operator()(const Filled& m) const {
    return Writer(Kind::kFilled).integer(m.block).take();
  }
};

base::Result<FromChild> decode_read(Reader& in) {
  const auto block = in.integer<std::uint8_t>();
  const auto offset = in.integer<std::uint64_t>();
  const auto length = in.integer<std::uint32_t>();
  if (block >= kBlocks) return malformed("a read into a block that is not there");
  if (length == 0 || length > kBlockSize) return malformed("a read of no or too many bytes");
  return Read{block, offset, length};
}

base::Result<FromChild> decode_output_open(Reader& in) {
  const auto id = in.integer<std::uint32_t>();
  const auto kind = in.integer<std::uint8_t>();
  const std::string_view name = in.rest();
  if (kind > static_cast<std::uint8_t>(kLastOutputKind)) return malformed("an output of no kind");
  if (!is_plain_name(name)) return malformed("an output with a name that is not plain");
  return OutputOpen{id, static_cast<OutputKind>(kind), name};
}

base::Result<FromChild> decode_output_bytes(Reader& in) {
  const auto id = in.integer<std::uint32_t>();
  const std::string_view bytes = in.rest();
  if (bytes.empty() || bytes.size() > kPayloadMax)
    return malformed("output of no or too many bytes");
  return OutputBytes{id, bytes};
}

base::Result<FromChild> decode_failed(Reader& in) {
  const auto code = in.integer<std::uint8_t>();
  const std::string_view sentence = in.rest();
  if (code > static_cast<std::uint8_t>(kLastErrorCode)) return malformed("a failure without code");
  return Failed{static_cast<base::ErrorCode>(code), one_line(sentence)};
}

base::Result<FromChild> decode_body(Kind kind, Reader& in) {
  switch (kind) {
    case Kind::kReady:
      return Ready{Protections::from_bits(in.integer<std::uint32_t>())};
    case Kind::kRead:
      return decode_read(in);
    case Kind::kProgress:
      return Progress{std::chrono::microseconds(in.integer<std::int64_t>())};
    case Kind::kOutputOpen:
      return decode_output_open(in);
    case Kind::kOutputBytes:
      return decode_output_bytes(in);
    case Kind::kOutputClose:
      return OutputClose{in.integer<std::uint32_t>()};
    case Kind::kDone: {
      const Done done{in.rest()};
      if (done.result.size() > kPayloadMax) return malformed("a result that is too long");
      return done;
    }
    case Kind::kFailed:
      return decode_failed(in);
    case Kind::kOrder:
    case Kind::kFilled:
      break;
  }
  return malformed("of no kind that a child sends");
}

}  // namespace

std::string encode(const FromChild& message) { return std::visit(Encoder{}, message); }

std::string encode(const FromParent& message) { return std::visit(Encoder{}, message); }

base::Result<FromChild> decode_from_child(std::string_view packet) {
  Reader in(packet);
  auto message = decode_body(static_cast<Kind>(in.integer<std::uint8_t>()), in);
  if (message && !in.ended()) return malformed("of the wrong length");
  return message;
}

base::Result<FromParent> decode_from_parent(std::string_view packet) {
  Reader in(packet);
  FromParent message;
  switch (static_cast<Kind>(in.integer<std::uint8_t>())) {
    case Kind::kOrder: {
      Order order;
      order.parent = in.integer<std::int32_t>();
      order.limits.address_space = base::Bytes(in.integer<std::uint64_t>());
      order.limits.cpu_time = std::chrono::seconds(in.integer<std::int64_t>());
      order.limits.threads = in.integer<std::uint32_t>();
      order.source_size = base::Bytes(in.integer<std::uint64_t>());
      order.text = in.rest();
      message = order;
      break;
    }
    case Kind::kFilled:
      message = Filled{in.integer<std::uint8_t>()};
      break;
    default:
      return malformed("of no kind that a parent sends");
  }
  if (!in.ended()) return malformed("of the wrong length");
  return message;
}

std::string one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const bool printable = length > 1 || (length == 1 && text[0] >= ' ' && text[0] != 0x7f);
    const std::string_view piece = printable ? text.substr(0, length) : std::string_view(" ");
    if (line.size() + piece.size() > kSentenceMax) break;
    line += piece;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return line;
}

}  // namespace worker::sandbox
