// Options that a running process can't change: their help ends in "(restart)", and that is all
// there is to say of them. A reload goes on with the values in force and tells which are waiting.
#pragma once

#include <string>
#include <vector>

#include "base/config.h"

namespace base {

struct PendingOption {
  std::string key;
  std::string in_force;  // As TOML.
  std::string wanted;
  bool operator==(const PendingOption&) const = default;
};

// Gives each "(restart)" option of `next` the value that it has in `in_force`; what that changed,
// in the order of description. Arrays of tables are not entered: what is in them can be replaced
// whole.
std::vector<PendingOption> keep_until_restart(const Describe& in_force, const Describe& next);

template <Described T>
std::vector<PendingOption> keep_until_restart(T in_force, T& next) {
  return keep_until_restart([&in_force](ConfigVisitor& option) { describe(in_force, option); },
                            [&next](ConfigVisitor& option) { describe(next, option); });
}

}  // namespace base
