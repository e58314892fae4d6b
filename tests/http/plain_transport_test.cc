// PlainTransport on a socket pair: what is lent arrives like what is copied, whatever the socket
// takes at a time.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "base/slice.h"
#include "http/loop_buffers.h"
#include "http/transport.h"

namespace http {
namespace {

// Bytes that may be lent, and how often that was asked.
struct Lender final : base::SliceOwner {
  explicit Lender(std::size_t size) : bytes(size, '\0') {
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  }
  [[nodiscard]] bool lend() const override {
    ++asked;
    return true;
  }
  std::string bytes;
  mutable int asked = 0;
};

class PlainTransportTest : public ::testing::Test {
 protected:
  PlainTransportTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    server_.reset(ends[0]);
    client_.reset(ends[1]);
    transport_ = make_plain_transport(server_.get(), buffers_);
  }

  base::Slice lent(std::size_t offset, std::size_t size) {
    return {lender_->bytes.data() + offset, size, lender_};
  }

  // Flushes and reads until all is through.
  std::string transfer() {
    std::string got;
    for (int turn = 0; turn < 10'000; ++turn) {
      const Transport::State state = transport_->flush();
      EXPECT_NE(state, Transport::State::kFailed);
      char piece[10'000];
      ssize_t size = 0;
      while ((size = recv(client_.get(), piece, sizeof piece, 0)) > 0) {
        got.append(piece, static_cast<std::size_t>(size));
      }
      if (state == Transport::State::kDone) break;
    }
    EXPECT_EQ(transport_->unsent(), 0U);
    return got;
  }

  LoopBuffers buffers_;
  base::UniqueFd server_;
  base::UniqueFd client_;
  std::unique_ptr<Transport> transport_;
  base::Ref<Lender> lender_ = base::make_ref<Lender>(3'000'000);
};

TEST_F(PlainTransportTest, LentPiecesArriveInOrderBetweenCopies) {
  transport_->begin_batch(1 << 20);
  transport_->copy("head\r\n\r\n");
  transport_->share(lent(0, 65'536));
  transport_->share(lent(65'536, 65'536));
  transport_->copy("next head");
  transport_->share(lent(1'000'001, 70'000));
  transport_->share(base::Slice::of_static("tail"));
  EXPECT_EQ(transfer(), "head\r\n\r\n" + lender_->bytes.substr(0, 131'072) + "next head" +
                            lender_->bytes.substr(1'000'001, 70'000) + "tail");
  EXPECT_EQ(lender_->asked, 3);
}

TEST_F(PlainTransportTest, MoreThanAPipeHoldsGoesInSeveral) {
  transport_->begin_batch(4 << 20);
  transport_->share(lent(123, 2'900'000));
  EXPECT_EQ(transfer(), lender_->bytes.substr(123, 2'900'000));
}

TEST_F(PlainTransportTest, SmallPiecesAreNotWorthLending) {
  transport_->begin_batch(1 << 20);
  transport_->share(lent(0, 32 * 1024 - 1));
  EXPECT_EQ(lender_->asked, 0);
  transport_->share(lent(0, 32 * 1024));
  EXPECT_EQ(lender_->asked, 1);
}

TEST_F(PlainTransportTest, WhatTheKernelHoldsOutlivesTheTransport) {
  transport_->begin_batch(1 << 20);
  transport_->share(lent(0, 100'000));
  transport_->flush();
  transport_.reset();
  char piece[4'096];
  ASSERT_EQ(recv(client_.get(), piece, sizeof piece, 0), 4'096);
  EXPECT_EQ(std::string(piece, sizeof piece), lender_->bytes.substr(0, 4'096));
}

TEST_F(PlainTransportTest, WithoutAPipeItCopies) {
  std::vector<PipePool::Pipe> taken;
  while (auto pipe = buffers_.pipes().take()) taken.push_back(std::move(*pipe));
  EXPECT_EQ(taken.size(), PipePool::kPipesMax);
  transport_->begin_batch(1 << 20);
  transport_->share(lent(0, 300'000));
  EXPECT_EQ(transfer(), lender_->bytes.substr(0, 300'000));
  for (PipePool::Pipe& pipe : taken) buffers_.pipes().give_back(std::move(pipe));
  EXPECT_TRUE(buffers_.pipes().take().has_value());
}

// Memory that can't be lent, such as what is not mapped: the pipe is not kept for it.
TEST_F(PlainTransportTest, WhatThePipeRefusesLeavesItToOthers) {
  struct Liar final : base::SliceOwner {
    [[nodiscard]] bool lend() const override { return true; }
  };
  transport_->begin_batch(1 << 20);
  transport_->share({reinterpret_cast<const char*>(4'096), 65'536, base::make_ref<Liar>()});
  EXPECT_EQ(transport_->flush(), Transport::State::kFailed);  // EFAULT, for the copy as well.
  std::vector<PipePool::Pipe> taken;
  while (auto pipe = buffers_.pipes().take()) taken.push_back(std::move(*pipe));
  EXPECT_EQ(taken.size(), PipePool::kPipesMax);
}

TEST_F(PlainTransportTest, AStalledClientKeepsItsPipeAndOthersGetTheirs) {
  transport_->begin_batch(4 << 20);
  transport_->share(lent(0, 2'000'000));
  EXPECT_EQ(transport_->flush(), Transport::State::kBlocked);
  const auto other = buffers_.pipes().take();
  EXPECT_TRUE(other.has_value());
  EXPECT_EQ(transfer(), lender_->bytes.substr(0, 2'000'000));
}

TEST_F(PlainTransportTest, LendingConnectionsTakeLargerBatches) {
  EXPECT_EQ(transport_->batch_max(), BatchSize::kMax);
  transport_->begin_batch(1 << 20);
  transport_->share(lent(0, 65'536));
  transfer();
  EXPECT_EQ(transport_->batch_max(), BatchSize::kLentMax);
}

}  // namespace
}  // namespace http
