#include "base/config_tree.h"

#include <algorithm>

#include "base/check.h"

namespace base {
namespace {

class Builder final : public ConfigVisitor {
 public:
  ConfigTree tree;

 private:
  void visit(ConfigOption& option) override {
    auto [table, name] = place(option.key);
    table->options.emplace_back(name, option);
  }

  void visit_tables(const ConfigTables& tables) override {
    ConfigTree::Array array{{}, std::string(tables.help), tables.min, tables.max, {}, {}};
    for (std::size_t index = 0; index < tables.size; ++index) {
      array.tables.push_back(
          config_tree([&](ConfigVisitor& option) { tables.describe_table(index, option); }));
    }
    array.sample.push_back(config_tree(tables.describe_default));
    auto [table, name] = place(tables.key);
    array.name = name;
    table->arrays.push_back(std::move(array));
  }

  std::pair<ConfigTree*, std::string> place(std::string_view key) {
    CHECK(std::ranges::all_of(key, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    }));
    ConfigTree* table = &tree;
    for (auto dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
      table = &child(*table, key.substr(0, dot));
      key.remove_prefix(dot + 1);
    }
    return {table, std::string(key)};
  }

  static ConfigTree& child(ConfigTree& table, std::string_view name) {
    const auto found = std::ranges::find(table.children, name, &ConfigTree::name);
    if (found != table.children.end()) return *found;
    return table.children.emplace_back(ConfigTree{std::string(name), {}, {}, {}});
  }
};

}  // namespace

ConfigTree config_tree(const Describe& describe) {
  Builder builder;
  describe(builder);
  return std::move(builder.tree);
}

}  // namespace base
