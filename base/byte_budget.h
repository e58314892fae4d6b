// ByteBudget: bytes that several owners, on several threads, may hold together.
//
// An owner keeps a Share and says how much it holds. What it can't do without it takes in any case
// (hold), and what would only make it faster as far as the budget reaches (try_hold): so a budget
// that is used up makes everyone slower and stops nobody. How far the first may go over the limit
// is for who counts the owners to bound.
//
// Ownership  The budget outlives its shares.
// Threads    ByteBudget: any. A Share: one at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.h"

namespace base {

class ByteBudget {
 public:
  explicit ByteBudget(Bytes limit) : limit_(limit) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  [[nodiscard]] Bytes limit() const { return limit_; }
  [[nodiscard]] Bytes held() const { return Bytes(held_.load(std::memory_order_relaxed)); }

  class Share {
   public:
    Share() = default;  // Of no budget: everything is granted.
    explicit Share(ByteBudget* budget) : budget_(budget) {}
    Share(Share&& other) noexcept
        : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept {
      hold(0);
      budget_ = other.budget_;
      bytes_ = std::exchange(other.bytes_, 0);
      return *this;
    }
    ~Share() { hold(0); }

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    // From now on `bytes` in all.
    void hold(std::size_t bytes) {
      if (budget_ != nullptr) budget_->held_.fetch_add(bytes - bytes_, std::memory_order_relaxed);
      bytes_ = bytes;
    }
    // The same if that is less than before, or the limit allows it. False: as it was.
    [[nodiscard]] bool try_hold(std::size_t bytes) {
      if (budget_ != nullptr && bytes > bytes_ && !budget_->try_add(bytes - bytes_)) return false;
      if (budget_ == nullptr || bytes > bytes_) {
        bytes_ = bytes;
      } else {
        hold(bytes);
      }
      return true;
    }

   private:
    ByteBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

 private:
  bool try_add(std::uint64_t bytes) {
    std::uint64_t held = held_.load(std::memory_order_relaxed);
    do {
      if (held + bytes > limit_.count()) return false;
    } while (!held_.compare_exchange_weak(held, held + bytes, std::memory_order_relaxed));
    return true;
  }

  const Bytes limit_;
  std::atomic<std::uint64_t> held_{0};
};

}  // namespace base
