#include "http/connection_quota.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace http {

ConnectionQuota::Answer ConnectionQuota::take(const Address& address, const Limits& limits) {
  base::MutexLock lock(mutex_);
  if (taken_ >= limits.connections_max) return {{}, "connections_max"};
  std::uint32_t& here = by_address_[address];
  if (here >= limits.connections_per_address_max) {
    if (here == 0) by_address_.erase(address);
    return {{}, "connections_per_address_max"};
  }
  ++here;
  ++taken_;
  return {Place(*this, address), {}};
}

void ConnectionQuota::release(const Address& address) {
  std::function<void()> call;
  {
    base::MutexLock lock(mutex_);
    const auto here = by_address_.find(address);
    CHECK(here != by_address_.end() && taken_ > 0);
    if (--here->second == 0) by_address_.erase(here);
    if (--taken_ == 0) call = on_empty_;
  }
  if (call) call();
}

std::uint64_t ConnectionQuota::taken() const {
  base::MutexLock lock(mutex_);
  return taken_;
}

void ConnectionQuota::on_empty(std::function<void()> call) {
  base::MutexLock lock(mutex_);
  on_empty_ = std::move(call);
}

ConnectionQuota::Address ConnectionQuota::address_of(const sockaddr_storage& address) {
  Address bytes{};
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(&bytes[12], &four.sin_addr, 4);
  } else if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) != 0;
    std::memcpy(bytes.data(), &six.sin6_addr, mapped ? 16 : 8);
  }
  return bytes;
}

}  // namespace http
