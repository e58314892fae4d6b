#include "worker/sandbox/packet_socket.h"

#include <gtest/gtest.h>

#include <vector>

namespace worker::sandbox {
namespace {

// The kernel tells of what the peer left unread before it gives out what the peer has said.
TEST(PacketSocket, WhatWasSaidIsHeardThoughThePeerLeftSomethingUnread) {
  auto ends = PacketSocket::make_pair();
  ASSERT_TRUE(ends);
  {
    const PacketSocket peer(std::move(ends->second));
    ASSERT_TRUE(ends->first.send("read ahead"));
    ASSERT_TRUE(peer.send("an output"));
    ASSERT_TRUE(peer.send("done"));
  }
  std::vector<char> buffer(64);
  for (const char* said : {"an output", "done"}) {
    const auto packet = ends->first.receive(buffer);
    ASSERT_TRUE(packet && *packet) << said;
    EXPECT_EQ(**packet, said);
  }
  const auto end = ends->first.receive(buffer);
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

}  // namespace
}  // namespace worker::sandbox
