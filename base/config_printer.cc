#include <fmt/format.h>

#include <iterator>

#include "base/check.h"
#include "base/config.h"
#include "base/config_tree.h"
#include "base/duration.h"

namespace base {
namespace {

using Option = ConfigOption;

std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

// The value as TOML.
struct Value {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const Option::Integer& integer) const {
    return std::to_string(integer.value);
  }
  std::string operator()(const Option::Real& real) const { return fmt::format("{}", real.value); }
  std::string operator()(const Option::Size& size) const {
    return toml_string(to_string(size.value));
  }
  std::string operator()(const Option::Duration& duration) const {
    return toml_string(to_string(duration.value));
  }
  std::string operator()(const std::string& text) const { return toml_string(text); }
  std::string operator()(const Option::Texts& texts) const {
    std::string list;
    for (const std::string& text : texts.value)
      list += (list.empty() ? "" : ", ") + toml_string(text);
    return "[" + list + "]";
  }
  std::string operator()(const Option::Choice& choice) const {
    CHECK(choice.index < choice.names.size());
    return toml_string(choice.names[choice.index]);
  }
};

// What else it could be; empty for what needs no saying.
struct Range {
  std::string operator()(bool /*value*/) const { return "true or false"; }
  std::string operator()(const Option::Integer& integer) const {
    return fmt::format("{} to {}", integer.min, integer.max);
  }
  std::string operator()(const Option::Real& real) const {
    return fmt::format("{} to {}", real.min, real.max);
  }
  std::string operator()(const Option::Size& size) const {
    return to_string(size.min) + " to " + to_string(size.max);
  }
  std::string operator()(const Option::Duration& duration) const {
    return to_string(duration.min) + " to " + to_string(duration.max);
  }
  std::string operator()(const std::string& /*text*/) const { return ""; }
  std::string operator()(const Option::Texts& texts) const {
    return fmt::format("{} to {} entries", texts.min, texts.max);
  }
  std::string operator()(const Option::Choice& choice) const {
    return fmt::format("{}", fmt::join(choice.names, ", "));
  }
};

std::string range_of(const Option& option) {
  std::string range = std::visit(Range{}, option.value);
  if (option.is_required) range += range.empty() ? "required" : "; required";
  if (option.is_optional) range += range.empty() ? "may be unset" : "; may be unset";
  return range;
}

std::string commented(std::string_view text) {
  constexpr std::size_t kColumns = 100;
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (column == 0 || column + 1 + word.size() > kColumns) {
      out += column == 0 ? "#" : "\n#";
      column = 1;
    }
    out += ' ';
    out += word;
    column += 1 + word.size();
  }
  return out + '\n';
}

// Options before tables and tables before arrays: TOML gives what follows a [header] to it.
class Printer {
 public:
  std::string out;

  void print(const ConfigTree& tree, const std::string& path) {
    for (const auto& [name, option] : tree.options) {
      const std::string range = range_of(option);
      out += commented(std::string(option.help) + (range.empty() ? "" : " (" + range + ")"));
      out += assignment(name, option);
    }
    for (const ConfigTree& child : tree.children) {
      const std::string child_path = join(path, child.name);
      if (!child.options.empty()) out += "\n[" + child_path + "]\n";
      print(child, child_path);
    }
    for (const ConfigTree::Array& array : tree.arrays) {
      const std::string array_path = join(path, array.name);
      out += '\n' + commented(fmt::format("{} ({} to {})", array.help, array.min, array.max));
      for (const ConfigTree& table : array.tables) {
        out += "[[" + array_path + "]]\n";
        print(table, array_path);
      }
      if (array.tables.empty()) print_sample(array.sample.front(), array_path, "[[{}]]");
    }
  }

 private:
  static std::string join(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + '.' + name;
  }

  static std::string assignment(const std::string& name, const Option& option) {
    if (!option.is_set) return "# " + name + " =\n";
    return name + " = " + std::visit(Value{}, option.value) + '\n';
  }

  // What a table would look like, commented out as a whole.
  void print_sample(const ConfigTree& tree, const std::string& path, const char* header) {
    out += "# " + fmt::format(fmt::runtime(header), path) + '\n';
    for (const auto& [name, option] : tree.options) {
      out += (option.is_set ? "# " : "") + assignment(name, option);
    }
    for (const ConfigTree& child : tree.children) {
      print_sample(child, join(path, child.name), "[{}]");
    }
    for (const auto& array : tree.arrays) {
      print_sample(array.sample.front(), join(path, array.name), "[[{}]]");
    }
  }
};

std::string escaped_for_table(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void append_reference(const ConfigTree& tree, const std::string& path, std::string& out) {
  if (!tree.options.empty()) {
    out += "| option | default | range | meaning |\n|---|---|---|---|\n";
    for (const auto& [name, option] : tree.options) {
      const std::string value =
          !option.is_set || option.is_required
              ? ""
              : "`" + escaped_for_table(std::visit(Value{}, option.value)) + "`";
      out += fmt::format("| `{}` | {} | {} | {} |\n", name, value,
                         escaped_for_table(range_of(option)), escaped_for_table(option.help));
    }
  }
  const std::string prefix = path.empty() ? "" : path + '.';
  for (const ConfigTree& child : tree.children) {
    if (!child.options.empty()) out += "\n## [" + prefix + child.name + "]\n\n";
    append_reference(child, prefix + child.name, out);
  }
  for (const ConfigTree::Array& array : tree.arrays) {
    out += fmt::format("\n## [[{}{}]]\n\n{} ({} to {} of these tables)\n\n", prefix, array.name,
                       array.help, array.min, array.max);
    append_reference(array.sample.front(), prefix + array.name, out);
  }
}

}  // namespace

std::string print_config(const Describe& describe) {
  Printer printer;
  printer.print(config_tree(describe), "");
  return std::move(printer.out);
}

std::string config_reference(const Describe& describe_defaults) {
  std::string out;
  append_reference(config_tree(describe_defaults), "", out);
  return out;
}

std::string toml_value(const ConfigOption& option) { return std::visit(Value{}, option.value); }

}  // namespace base
