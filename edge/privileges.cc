#include "edge/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace edge {

base::Result<void> become_user(const std::string& name) {
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) return base::fail(base::ErrorCode::kNotFound, "no user named " + name);
  if (::getuid() == user->pw_uid) return {};
  if (::initgroups(name.c_str(), user->pw_gid) != 0 || ::setgid(user->pw_gid) != 0 ||
      ::setuid(user->pw_uid) != 0) {
    return base::fail(base::ErrorCode::kDenied,
                      "can't become " + name + ": " + std::strerror(errno));
  }
  return {};
}

base::Result<ForAWhile> ForAWhile::become(const std::string& name) {
  ForAWhile state;
  if (name.empty()) return state;
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) return base::fail(base::ErrorCode::kNotFound, "no user named " + name);
  if (::geteuid() == user->pw_uid) return state;
  state.user_ = ::geteuid();
  state.group_ = ::getegid();
  if (::setegid(user->pw_gid) != 0 || ::seteuid(user->pw_uid) != 0) {
    const int error = errno;
    std::ignore = ::setegid(state.group_);
    return base::fail(base::ErrorCode::kDenied,
                      "can't become " + name + ": " + std::strerror(error));
  }
  state.active_ = true;
  return state;
}

ForAWhile::ForAWhile(ForAWhile&& other) noexcept
    : active_(std::exchange(other.active_, false)), user_(other.user_), group_(other.group_) {}

void ForAWhile::end() {
  if (!std::exchange(active_, false)) return;
  CHECK(::seteuid(user_) == 0 && ::setegid(group_) == 0);
}

}  // namespace edge
