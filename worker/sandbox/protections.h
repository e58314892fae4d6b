// Protections: which of the sandbox's walls stand around a child. A set of bits, because the child
// reports it to its parent and the kernel may lack some.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace worker::sandbox {

enum class Protection : std::uint32_t {
  kNoNewPrivileges = 1U << 0,   // No setuid program can raise it.
  kDescriptors = 1U << 1,       // No descriptor but the five it was started with.
  kLimits = 1U << 2,            // Memory, CPU, threads, files, core.
  kUserNamespace = 1U << 3,     // Its user is nobody, its capabilities are worth nothing outside.
  kNetworkNamespace = 1U << 4,  // An empty network: not even a loopback that is up.
  kNoCapabilities = 1U << 5,
  kLandlock = 1U << 6,       // No path may be opened, made, run or removed.
  kSyscallFilter = 1U << 7,  // seccomp: the calls a decoder needs and no other.
};

// "landlock": for logs and config.
std::string_view name_of(Protection protection);

class Protections {
 public:
  constexpr Protections() = default;
  constexpr Protections(std::initializer_list<Protection> members) {
    for (const Protection member : members) add(member);
  }
  static constexpr Protections all() { return from_bits((1U << kCount) - 1); }
  // What the parent insists on unless told otherwise: what every kernel from 5.13 on has, in
  // containers too. Namespaces are often forbidden there, and denied twice over by the filter.
  static constexpr Protections required() {
    return {Protection::kNoNewPrivileges, Protection::kDescriptors, Protection::kLimits,
            Protection::kNoCapabilities,  Protection::kLandlock,    Protection::kSyscallFilter};
  }
  // Bits that name no protection are dropped.
  static constexpr Protections from_bits(std::uint32_t bits) {
    Protections set;
    set.bits_ = bits & ((1U << kCount) - 1);
    return set;
  }

  constexpr void add(Protection member) { bits_ |= static_cast<std::uint32_t>(member); }
  constexpr void remove(Protection member) { bits_ &= ~static_cast<std::uint32_t>(member); }
  [[nodiscard]] constexpr bool has(Protection member) const {
    return (bits_ & static_cast<std::uint32_t>(member)) != 0;
  }
  // What this set has and the other has not.
  [[nodiscard]] constexpr Protections without(Protections other) const {
    return from_bits(bits_ & ~other.bits_);
  }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  [[nodiscard]] std::string to_string() const;  // "landlock, syscall_filter"; "none".

  constexpr bool operator==(const Protections&) const = default;

 private:
  static constexpr unsigned kCount = 8;
  std::uint32_t bits_ = 0;
};

}  // namespace worker::sandbox
