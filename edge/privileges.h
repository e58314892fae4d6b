// Becoming an unprivileged user: for a while, to open what that user is to own, and for good once
// the ports are open.
//
// Threads    Both change the whole process, threads that run already included.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace edge {

// Sets groups, group and user, for good. kNotFound: no such user; kDenied: not permitted.
base::Result<void> become_user(const std::string& name);

// The same for as long as this lives, by the effective ids. An empty name, or a process that may
// not change its groups and is that user already: nothing.
class AsUser {
 public:
  static base::Result<AsUser> become(const std::string& name);
  AsUser(AsUser&& other) noexcept;
  AsUser& operator=(AsUser&&) = delete;
  ~AsUser() { end(); }
  void end();

 private:
  AsUser() = default;
  bool active_ = false;
  uid_t user_ = 0;  // Who we were.
  gid_t group_ = 0;
  std::vector<gid_t> groups_;
};

}  // namespace edge
