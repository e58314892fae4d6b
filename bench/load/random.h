// Random: a small seeded generator, so that a run can be repeated with the same choices.
#pragma once

#include <cmath>
#include <cstdint>

namespace load {

// A bijection of 64-bit integers that looks random (Steele, Lea, Flood 2014).
constexpr std::uint64_t splitmix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() { return splitmix64(state_++); }

  // In [0, bound). The bias of the multiplication is below 2^-32 for the bounds used here.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }

  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  // Exponentially distributed with mean 1: the gaps of a Poisson process.
  double exponential() { return -std::log1p(-unit()); }

 private:
  std::uint64_t state_;
};

}  // namespace load
