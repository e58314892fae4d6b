#include "bench/load/pattern.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "bench/load/random.h"

namespace load {
namespace {

static_assert(std::endian::native == std::endian::little);
constexpr std::size_t kBlock = 8;

std::array<std::byte, kBlock> block_bytes(std::uint64_t seed, std::uint64_t block) {
  return std::bit_cast<std::array<std::byte, kBlock>>(splitmix64(seed + block));
}

// The bytes up to the next whole block, or all when fewer are left.
std::size_t head_length(std::uint64_t offset, std::size_t length) {
  return std::min<std::size_t>((kBlock - offset % kBlock) % kBlock, length);
}

}  // namespace

std::uint64_t pattern_seed(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, then mixed so that near names end far apart.
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return splitmix64(hash);
}

std::string_view object_name(std::string_view target) {
  target = target.substr(0, target.find('?'));
  return target.substr(target.rfind('/') + 1);
}

void pattern_fill(std::uint64_t seed, std::uint64_t offset, std::span<std::byte> into) {
  while (!into.empty()) {
    const auto bytes = block_bytes(seed, offset / kBlock);
    const std::size_t from = offset % kBlock;
    const std::size_t count = std::min(kBlock - from, into.size());
    std::memcpy(into.data(), bytes.data() + from, count);
    into = into.subspan(count);
    offset += count;
  }
}

bool pattern_matches(std::uint64_t seed, std::uint64_t offset, std::span<const std::byte> bytes) {
  const auto part_matches = [&](std::size_t count) {
    const auto expected = block_bytes(seed, offset / kBlock);
    const bool same =
        count == 0 || std::memcmp(bytes.data(), expected.data() + offset % kBlock, count) == 0;
    bytes = bytes.subspan(count);
    offset += count;
    return same;
  };
  if (!part_matches(head_length(offset, bytes.size()))) return false;

  // Differences are gathered, not branched on, so that several blocks are under way at once.
  std::uint64_t difference = 0;
  std::uint64_t block = seed + offset / kBlock;
  const std::size_t blocks = bytes.size() / kBlock;
  for (std::size_t i = 0; i < blocks; ++i) {
    std::uint64_t found;
    std::memcpy(&found, bytes.data() + i * kBlock, kBlock);
    difference |= found ^ splitmix64(block++);
  }
  if (difference != 0) return false;
  bytes = bytes.subspan(blocks * kBlock);
  offset += blocks * kBlock;
  return part_matches(bytes.size());
}

}  // namespace load
