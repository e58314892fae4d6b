// SHA-256, piece by piece. FIPS 180-4; OpenSSL's, which uses what the processor has for it.
//
// Threads    One at a time.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace base {

class Sha256 {
 public:
  using Digest = std::array<unsigned char, 32>;

  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  // At most once; nothing may follow.
  Digest finish();
  std::string finish_hex() { return to_hex(finish()); }

  static Digest of(std::string_view bytes);
  static std::string hex_of(std::string_view bytes) { return to_hex(of(bytes)); }
  static std::string to_hex(const Digest& digest);  // 64 lower-case digits.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 64 lower-case hexadecimal digits.
bool is_sha256_hex(std::string_view text);

}  // namespace base
