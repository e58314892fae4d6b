// NoFileCanBeOpened: while it lives, the process has as many files open as it may.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include "base/check.h"

namespace origin {

class NoFileCanBeOpened {
 public:
  NoFileCanBeOpened() {
    CHECK(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int next = ::dup(STDOUT_FILENO);  // The lowest that is free.
    CHECK(next >= 0);
    ::close(next);
    const rlimit now{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before_.rlim_max};
    CHECK(::setrlimit(RLIMIT_NOFILE, &now) == 0);
  }
  NoFileCanBeOpened(const NoFileCanBeOpened&) = delete;
  NoFileCanBeOpened& operator=(const NoFileCanBeOpened&) = delete;
  ~NoFileCanBeOpened() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace origin
