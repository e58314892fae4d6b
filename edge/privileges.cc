#include "edge/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
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

base::Result<AsUser> AsUser::become(const std::string& name) {
  AsUser state;
  if (name.empty()) return state;
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) return base::fail(base::ErrorCode::kNotFound, "no user named " + name);
  if (::geteuid() == user->pw_uid) return state;
  state.user_ = ::geteuid();
  state.group_ = ::getegid();
  state.groups_.resize(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  state.groups_.resize(static_cast<std::size_t>(
      std::max(0, ::getgroups(static_cast<int>(state.groups_.size()), state.groups_.data()))));
  if (::initgroups(name.c_str(), user->pw_gid) != 0 || ::setegid(user->pw_gid) != 0 ||
      ::seteuid(user->pw_uid) != 0) {
    const int error = errno;
    std::ignore = ::setegid(state.group_);
    std::ignore = ::setgroups(state.groups_.size(), state.groups_.data());
    return base::fail(base::ErrorCode::kDenied,
                      "can't become " + name + ": " + std::strerror(error));
  }
  state.active_ = true;
  return state;
}

AsUser::AsUser(AsUser&& other) noexcept
    : active_(std::exchange(other.active_, false)),
      user_(other.user_),
      group_(other.group_),
      groups_(std::move(other.groups_)) {}

void AsUser::end() {
  if (!std::exchange(active_, false)) return;
  CHECK(::seteuid(user_) == 0 && ::setegid(group_) == 0 &&
        ::setgroups(groups_.size(), groups_.data()) == 0);
}

}  // namespace edge
