// ConnectionQuota: how many connections there may be, in all and from one address. An IPv6 client
// owns a /64, so that is what counts as one address there.
//
// Threads    Any. Ownership: outlives its Places.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "http/limits.h"

namespace http {

class ConnectionQuota {
 public:
  using Address = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d.

  // One connection's share; given back when destroyed.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : quota_(std::exchange(other.quota_, nullptr)), address_(other.address_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (quota_ != nullptr) quota_->release(address_);
    }

   private:
    friend class ConnectionQuota;
    Place(ConnectionQuota& quota, const Address& address) : quota_(&quota), address_(address) {}
    ConnectionQuota* quota_ = nullptr;
    Address address_{};
  };

  struct Answer {
    std::optional<Place> place;
    std::string_view limit;  // Which one was reached, without a place.
  };
  Answer take(const Address& address, const Limits& limits);

  [[nodiscard]] std::uint64_t taken() const;
  // Called, on the thread of the release, whenever the last place is given back.
  void on_empty(std::function<void()> call);

  static Address address_of(const sockaddr_storage& address);

 private:
  void release(const Address& address);

  mutable base::Mutex mutex_;
  std::uint64_t taken_ GUARDED_BY(mutex_) = 0;
  // Ordered: nobody chooses addresses that collide.
  std::map<Address, std::uint32_t> by_address_ GUARDED_BY(mutex_);
  std::function<void()> on_empty_ GUARDED_BY(mutex_);
};

}  // namespace http
