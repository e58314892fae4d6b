// The bytes of a test object: a pure function of its name and an offset, so that a client can check
// any range of any object without having the file.
//
// An object named N is the little-endian sequence of 8-byte blocks splitmix64(seed + block), where
// seed = pattern_seed(N). Checking costs about 0.1 CPU-s/GB: a load tool can afford to check all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace load {

// Of a file's name without its folders: the same object has the same bytes wherever it is served.
std::uint64_t pattern_seed(std::string_view name);

// The part of a request target that names the object: the last path segment, without the query.
std::string_view object_name(std::string_view target);

// Writes the object's bytes [offset, offset + into.size()).
void pattern_fill(std::uint64_t seed, std::uint64_t offset, std::span<std::byte> into);

// Whether `bytes` are the object's bytes from `offset` on.
bool pattern_matches(std::uint64_t seed, std::uint64_t offset, std::span<const std::byte> bytes);

}  // namespace load
