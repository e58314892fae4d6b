// ConfigTree: a described config as tables in tables, the way TOML nests them; what the printer and
// the reference pages walk.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/config.h"

namespace base {

struct ConfigTree {
  struct Array {
    std::string name;
    std::string help;
    std::size_t min, max;
    std::vector<ConfigTree> tables;
    std::vector<ConfigTree> sample;  // One table of defaults.
  };

  std::string name;                                           // The last part of its path.
  std::vector<std::pair<std::string, ConfigOption>> options;  // By the last part of the key.
  std::vector<ConfigTree> children;                           // In order of first mention.
  std::vector<Array> arrays;
};

ConfigTree config_tree(const Describe& describe);

// An option's value as TOML.
std::string toml_value(const ConfigOption& option);

}  // namespace base
