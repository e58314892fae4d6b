// SourceReader: the source as the child sees it: read anywhere, as from a file. Made for the read
// and seek callbacks of an AVIO context.
//
// A demuxer reads by 32 KiB; the parent is asked for whole blocks of 1 MiB (window.h), of which the
// kBlocks used last are kept. Who reads in order has the next block asked for ahead, so that it
// arrives while this one is decoded; who jumps about has not.
//
// Threads   One at a time.
// Blocking  Until the parent has answered. There is no deadline here: the parent has one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "worker/sandbox/messages.h"
#include "worker/sandbox/packet_socket.h"
#include "worker/sandbox/window.h"

namespace worker::sandbox {

class SourceReader {
 public:
  // The socket must outlive it, and only this object may receive from it.
  SourceReader(const PacketSocket& socket, WindowView window, base::Bytes size);

  [[nodiscard]] base::Bytes size() const { return size_; }

  // Copies bytes from `offset` and says how many: all of `into`, or fewer at the source's end, 0 at
  // or past it. Fails with kAborted when the parent is gone.
  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into);

 private:
  enum class State {
    kEmpty,
    kAsked,  // The parent writes into it.
    kHeld,
  };
  struct Block {
    State state = State::kEmpty;
    std::uint64_t number = 0;  // Its place in the source, in blocks.
    std::uint64_t last_use = 0;
  };

  base::Result<std::size_t> hold(std::uint64_t number);  // Which block of the window it is in.
  base::Result<std::size_t> ask(std::uint64_t number);
  base::Result<void> take_answer();
  [[nodiscard]] std::size_t find(std::uint64_t number) const;  // kBlocks: nowhere.
  [[nodiscard]] std::size_t oldest() const;                    // Of those not asked for.
  [[nodiscard]] std::uint64_t length_of(std::uint64_t number) const;

  const PacketSocket& socket_;
  WindowView window_;
  const base::Bytes size_;
  std::array<Block, kBlocks> blocks_;
  std::uint64_t uses_ = 0;
  std::uint64_t last_number_ = ~std::uint64_t{0} - 1;  // Next to none.
  std::vector<char> buffer_;
};

}  // namespace worker::sandbox
