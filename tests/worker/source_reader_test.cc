#include "worker/sandbox/source_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <tuple>

#include "base/thread.h"
#include "tests/worker/source_and_sink.h"
#include "worker/sandbox/conversation.h"

namespace worker::sandbox {
namespace {

// A reader with its parent, both in this process.
class Reading {
 public:
  explicit Reading(std::size_t size) : bytes(pattern(size)), source(bytes) {
    auto ends = PacketSocket::make_pair();
    auto window = Window::make();
    auto view = WindowView::open(base::UniqueFd(::dup(window->fd())));
    child_ = std::make_unique<PacketSocket>(std::move(ends->second));
    conversation_ =
        std::make_unique<Conversation>(std::move(ends->first), *std::move(window), source, sink_,
                                       Protections(), ConversationLimits());
    server_ = base::Thread("serve", [this] { conversation_->serve(); });
    std::ignore = child_->send(encode(FromChild(Ready{})));
    reader.emplace(*child_, *std::move(view), source.size());
  }
  ~Reading() { end_parent(); }

  std::string read(std::uint64_t offset, std::size_t length) {
    std::string piece(length, '\0');
    const auto count = reader->read_at(offset, std::as_writable_bytes(std::span(piece)));
    if (!count) return std::string(base::name_of(count.error().code));
    piece.resize(*count);
    return piece;
  }
  // The numbers of the blocks that the parent was asked for.
  std::vector<std::uint64_t> asked() {
    child_.reset();  // What was sent is still heard; no reading after this.
    server_.join();
    std::vector<std::uint64_t> numbers;
    for (const auto& [offset, length] : source.reads) numbers.push_back(offset / kBlockSize);
    return numbers;
  }
  void end_parent() {
    conversation_->stop();
    server_.join();
  }

  std::string bytes;
  StringSource source;
  std::optional<SourceReader> reader;

 private:
  RememberingSink sink_;
  std::unique_ptr<PacketSocket> child_;
  std::unique_ptr<Conversation> conversation_;
  base::Thread server_;
};

constexpr std::size_t kSize = 20 * kBlockSize + 1'000;

TEST(SourceReader, GivesTheBytesThatAreThere) {
  Reading reading(kSize);
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{kBlockSize} - 10, std::uint64_t{kSize} - 100,
        std::uint64_t{3} * kBlockSize + 5}) {
    EXPECT_EQ(reading.read(offset, 100), reading.bytes.substr(offset, 100)) << offset;
  }
  EXPECT_EQ(reading.read(100, 3 * kBlockSize), reading.bytes.substr(100, 3 * kBlockSize));
}

TEST(SourceReader, EndsWhereTheSourceEnds) {
  Reading reading(kBlockSize);  // Whose end is a block's end, too.
  EXPECT_EQ(reading.read(kBlockSize - 10, 100), reading.bytes.substr(kBlockSize - 10));
  EXPECT_EQ(reading.read(kBlockSize, 100), "");
  EXPECT_EQ(reading.read(~std::uint64_t{0}, 100), "");
  EXPECT_EQ(Reading(0).read(0, 100), "");
}

TEST(SourceReader, AsksOnceForABlockHoweverSmallThePieces) {
  Reading reading(kSize);
  std::string all;
  for (std::uint64_t offset = 0; offset < kSize; offset += 32'768) {
    all += reading.read(offset, 32'768);
  }
  EXPECT_TRUE(all == reading.bytes);
  EXPECT_EQ(reading.asked().size(), 21U);
}

TEST(SourceReader, AsksAheadOfWhoReadsInOrderOnly) {
  Reading in_order(kSize);
  in_order.read(0, 10);
  in_order.read(kBlockSize, 10);
  EXPECT_EQ(in_order.asked(), (std::vector<std::uint64_t>{0, 1, 2}));

  Reading jumping(kSize);
  for (const int block : {0, 9, 4, 20}) {
    jumping.read(static_cast<std::uint64_t>(block) * kBlockSize, 10);
  }
  EXPECT_EQ(jumping.asked(), (std::vector<std::uint64_t>{0, 9, 4, 20}));
}

TEST(SourceReader, KeepsTheBlocksUsedLast) {
  Reading reading(kSize);
  // Every other, so that nothing is asked for ahead.
  for (std::uint64_t i = 0; i < kBlocks; ++i) reading.read(2 * i * kBlockSize, 10);
  reading.read(0, 10);                         // Held, and now the youngest.
  reading.read(2 * kBlocks * kBlockSize, 10);  // Takes the place of block 2.
  reading.read(0, 10);
  reading.read(2 * kBlockSize, 10);
  EXPECT_EQ(reading.asked(), (std::vector<std::uint64_t>{0, 2, 4, 6, 8, 10, 12, 14, 16, 2}));
}

TEST(SourceReader, SaysSoWhenTheParentIsGone) {
  Reading reading(kSize);
  reading.read(0, 10);
  reading.end_parent();
  EXPECT_EQ(reading.read(0, 10), reading.bytes.substr(0, 10));  // Held.
  EXPECT_EQ(reading.read(5 * kBlockSize, 10), "aborted");
}

TEST(Window, CanBeReadAndNotWrittenByWhoIsHandedIt) {
  const auto window = Window::make();
  const base::UniqueFd fd(::dup(window->fd()));
  std::memcpy(window->block(1).data(), "bytes", 5);
  const auto view = WindowView::open(fd);
  EXPECT_EQ(std::memcmp(view->block(1).data(), "bytes", 5), 0);

  constexpr std::size_t kWhole = kBlocks * kBlockSize;
  EXPECT_EQ(::mmap(nullptr, kWhole, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0), MAP_FAILED);
  EXPECT_LT(::write(fd.get(), "x", 1), 0);
  EXPECT_LT(::ftruncate(fd.get(), 0), 0);
  EXPECT_LT(::ftruncate(fd.get(), 2 * kWhole), 0);
  EXPECT_LT(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE), 0);
}

}  // namespace
}  // namespace worker::sandbox
