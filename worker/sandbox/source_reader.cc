#include "worker/sandbox/source_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

namespace worker::sandbox {

SourceReader::SourceReader(const PacketSocket& socket, WindowView window, base::Bytes size)
    : socket_(socket), window_(std::move(window)), size_(size), buffer_(kPacketMax) {}

base::Result<std::size_t> SourceReader::read_at(std::uint64_t offset, std::span<std::byte> into) {
  std::size_t copied = 0;
  while (copied < into.size() && offset < size_.count()) {
    const std::uint64_t number = offset / kBlockSize;
    const auto index = hold(number);
    if (!index) return std::unexpected(index.error());
    const std::size_t start = offset % kBlockSize;
    const std::size_t count =
        std::min<std::uint64_t>(into.size() - copied, length_of(number) - start);
    std::memcpy(into.data() + copied, window_.block(*index).data() + start, count);
    copied += count;
    offset += count;
  }
  return copied;
}

base::Result<std::size_t> SourceReader::hold(std::uint64_t number) {
  std::size_t index = find(number);
  if (index == kBlocks) {
    const auto asked = ask(number);
    if (!asked) return asked;
    index = *asked;
  }
  blocks_[index].last_use = ++uses_;
  // Before waiting for this one, so that the parent goes on to the next without a pause.
  const bool in_order = number == last_number_ + 1;
  if (in_order && length_of(number + 1) > 0 && find(number + 1) == kBlocks) {
    const auto ahead = ask(number + 1);
    if (!ahead) return ahead;
    blocks_[*ahead].last_use = uses_;
  }
  last_number_ = number;
  while (blocks_[index].state == State::kAsked) {
    if (const auto answer = take_answer(); !answer) return std::unexpected(answer.error());
  }
  return index;
}

base::Result<std::size_t> SourceReader::ask(std::uint64_t number) {
  std::size_t index = oldest();
  while (index == kBlocks) {
    if (const auto answer = take_answer(); !answer) return std::unexpected(answer.error());
    index = oldest();
  }
  const Read read{static_cast<std::uint8_t>(index), number * kBlockSize,
                  static_cast<std::uint32_t>(length_of(number))};
  if (const auto sent = socket_.send(encode(read)); !sent) return std::unexpected(sent.error());
  blocks_[index] = {.state = State::kAsked, .number = number, .last_use = uses_};
  return index;
}

base::Result<void> SourceReader::take_answer() {
  const auto packet = socket_.receive(buffer_);
  if (!packet) return std::unexpected(packet.error());
  if (!*packet) return base::fail(base::ErrorCode::kAborted, "the parent is gone");
  const auto message = decode_from_parent(**packet);
  if (!message) return std::unexpected(message.error());
  const auto* const filled = std::get_if<Filled>(&*message);
  if (filled == nullptr || filled->block >= kBlocks ||
      blocks_[filled->block].state != State::kAsked) {
    return base::fail(base::ErrorCode::kProtocol, "an answer to nothing that was asked");
  }
  blocks_[filled->block].state = State::kHeld;
  return {};
}

std::size_t SourceReader::find(std::uint64_t number) const {
  const auto found = std::ranges::find_if(blocks_, [&](const Block& block) {
    return block.state != State::kEmpty && block.number == number;
  });
  return static_cast<std::size_t>(found - blocks_.begin());
}

std::size_t SourceReader::oldest() const {
  std::size_t oldest = kBlocks;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    if (blocks_[i].state == State::kAsked) continue;
    if (oldest == kBlocks || blocks_[i].last_use < blocks_[oldest].last_use) oldest = i;
  }
  return oldest;
}

std::uint64_t SourceReader::length_of(std::uint64_t number) const {
  const std::uint64_t size = size_.count();
  if (number > size / kBlockSize) return 0;
  return std::min<std::uint64_t>(kBlockSize, size - number * kBlockSize);
}

}  // namespace worker::sandbox
