#include "edge/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

}  // namespace edge
