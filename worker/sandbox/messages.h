// Messages: what a child and its parent say to each other, byte by byte.
//
// A message is one packet of a SOCK_SEQPACKET socket, so there is no framing to get out of step. It
// begins with one byte that names its kind; integers are little-endian; a text or bytes at the end
// reach to the packet's end. docs/sandbox.md has the layouts.
//
// Trust      The parent believes nothing: decode_from_child() refuses unknown kinds, wrong lengths,
//            values out of range and names that are not plain. What it can't know (is there such a
//            byte in the source, such an open output) is for conversation.h. The child trusts its
//            parent, and checks lengths only.
// Lifetime   A decoded message refers into the packet it was decoded from.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "worker/sandbox/limits.h"
#include "worker/sandbox/protections.h"

namespace worker::sandbox {

inline constexpr std::size_t kPacketMax = 65'536;
inline constexpr std::size_t kPayloadMax = 65'000;  // Of an order, a result, a piece of output.
inline constexpr std::size_t kNameMax = 128;
inline constexpr std::size_t kSentenceMax = 512;

// The window (window.h) has so many blocks of this size; the source is read by blocks.
inline constexpr std::size_t kBlocks = 8;
inline constexpr std::size_t kBlockSize = 1'048'576;

enum class OutputKind : std::uint8_t { kInit, kSegment, kImage, kDocument };

// --- Child to parent.

// "I am confined": the first message; before it the parent serves no byte of the source.
struct Ready {
  Protections in_force;
};
// Asks for bytes of the source into a block of the window. Answered by Filled.
struct Read {
  std::uint8_t block = 0;
  std::uint64_t offset = 0;
  std::uint32_t length = 0;  // 1 … kBlockSize.
};
// How far decoding has come.
struct Progress {
  std::chrono::microseconds decoded{0};
};
// An output begins, goes on, is complete. Several may be open; `id` is the child's choice.
struct OutputOpen {
  std::uint32_t id = 0;
  OutputKind kind = OutputKind::kInit;
  std::string_view name;  // [A-Za-z0-9._-], no dot first, 1 … kNameMax characters.
};
struct OutputBytes {
  std::uint32_t id = 0;
  std::string_view bytes;  // 1 … kPayloadMax.
};
struct OutputClose {
  std::uint32_t id = 0;
};
// The last message is one of these.
struct Done {
  std::string_view result;  // At most kPayloadMax bytes, in the words of the task.
};
struct Failed {
  base::ErrorCode code = base::ErrorCode::kInvalid;
  std::string sentence;  // One line of printable text: see one_line().
};

using FromChild =
    std::variant<Ready, Read, Progress, OutputOpen, OutputBytes, OutputClose, Done, Failed>;

// --- Parent to child.

// The first message.
struct Order {
  pid_t parent = 0;
  Limits limits;
  base::Bytes source_size;
  std::string_view text;  // What to do, in the words of the task.
};
// The block holds the bytes asked for.
struct Filled {
  std::uint8_t block = 0;
};

using FromParent = std::variant<Order, Filled>;

std::string encode(const FromChild& message);
std::string encode(const FromParent& message);
base::Result<FromChild> decode_from_child(std::string_view packet);  // Fails with kProtocol.
base::Result<FromParent> decode_from_parent(std::string_view packet);

// Text of unknown origin as one line that can be shown: control characters and bytes that are no
// UTF-8 become spaces, and it is cut to kSentenceMax bytes.
std::string one_line(std::string_view text);

}  // namespace worker::sandbox
