#include "base/config_restart.h"

#include <map>
#include <utility>

#include "base/config_tree.h"

namespace base {
namespace {

struct Held {
  ConfigOption option;  // Its views are dangling once described: only `value` and flags are used.
  std::string text;
};
using Values = std::map<std::string, Held, std::less<>>;

bool needs_restart(const ConfigOption& option) { return option.help.ends_with("(restart)"); }

class Recorder final : public ConfigVisitor {
 public:
  explicit Recorder(Values& values) : values_(values) {}

 private:
  void visit(ConfigOption& option) override {
    if (needs_restart(option)) values_[std::string(option.key)] = {option, toml_value(option)};
  }
  void visit_tables(const ConfigTables& /*tables*/) override {}
  Values& values_;
};

class Keeper final : public ConfigVisitor {
 public:
  Keeper(const Values& values, std::vector<PendingOption>& pending)
      : values_(values), pending_(pending) {}

 private:
  void visit(ConfigOption& option) override {
    const auto held = values_.find(option.key);
    if (held == values_.end()) return;
    std::string wanted = toml_value(option);
    if (wanted == held->second.text) return;
    pending_.push_back({std::string(option.key), held->second.text, std::move(wanted)});
    option.value = held->second.option.value;
    option.is_set = held->second.option.is_set;
  }
  void visit_tables(const ConfigTables& /*tables*/) override {}
  const Values& values_;
  std::vector<PendingOption>& pending_;
};

}  // namespace

std::vector<PendingOption> keep_until_restart(const Describe& in_force, const Describe& next) {
  Values values;
  Recorder recorder(values);
  in_force(recorder);
  std::vector<PendingOption> pending;
  Keeper keeper(values, pending);
  next(keeper);
  return pending;
}

}  // namespace base
