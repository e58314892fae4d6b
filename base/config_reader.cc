#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <numeric>
#include <tuple>

#include "base/config.h"
#include "base/duration.h"

namespace base {
namespace {

using Option = ConfigOption;

// The mistake worth telling: a typo explains a missing option and a failed check, not the reverse.
class Mistake {
 public:
  enum class Kind { kPresent, kMissing, kCheck };

  void offer(Kind kind, std::size_t line, std::string_view key, std::string_view expected,
             std::string_view got) {
    if (found_ && std::tie(kind_, line_) <= std::tie(kind, line)) return;
    found_ = true;
    kind_ = kind;
    line_ = line;
    text_ = fmt::format("{}: expected {}, got {}", key, expected, got);
  }

  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  bool found_ = false;
  Kind kind_ = Kind::kPresent;
  std::size_t line_ = 0;
  std::string text_;
};

// Keys and strings come from the file, and an error must stay one line of plain text.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string shown(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  if (text.size() <= kShownMax) return '"' + printable(text) + '"';
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;  // UTF-8.
  return '"' + printable(text.substr(0, end)) + "…\"";
}

std::string shown(const toml::node& node) {
  if (const auto* text = node.as_string()) return shown(text->get());
  if (const auto* integer = node.as_integer()) return std::to_string(integer->get());
  if (const auto* real = node.as_floating_point()) return fmt::format("{}", real->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (node.is_table()) return "a table";
  if (const auto* array = node.as_array()) return fmt::format("a list of {}", array->size());
  return "a date or time";
}

std::size_t line_of(const toml::node& node) { return node.source().begin.line; }

// Sets the value from a TOML node; false when it is of another type or out of range.
struct Assign {
  const toml::node& node;

  bool operator()(bool& value) const {
    const auto* flag = node.as_boolean();
    if (flag != nullptr) value = flag->get();
    return flag != nullptr;
  }
  bool operator()(Option::Integer& integer) const {
    const auto* read = node.as_integer();
    return read != nullptr && in_range(read->get(), integer);
  }
  bool operator()(Option::Real& real) const {
    const auto read = node.value<double>();  // An integer will do.
    return read && in_range(*read, real);
  }
  bool operator()(Option::Size& size) const {
    if (const auto* count = node.as_integer()) {
      return count->get() >= 0 && in_range(Bytes(static_cast<std::uint64_t>(count->get())), size);
    }
    const auto* text = node.as_string();
    if (text == nullptr) return false;
    const auto read = parse_bytes(text->get());
    return read && in_range(*read, size);
  }
  bool operator()(Option::Duration& duration) const {
    const auto* text = node.as_string();
    if (text == nullptr) return false;
    const auto read = parse_duration(text->get());
    return read && in_range(*read, duration);
  }
  bool operator()(std::string& value) const {
    const auto* text = node.as_string();
    if (text != nullptr) value = text->get();
    return text != nullptr;
  }
  bool operator()(Option::Texts& texts) const {
    const auto* array = node.as_array();
    if (array == nullptr || array->size() < texts.min || array->size() > texts.max) return false;
    texts.value.clear();
    for (const toml::node& element : *array) {
      const auto* text = element.as_string();
      if (text == nullptr || text->get().empty()) return false;
      texts.value.push_back(text->get());
    }
    return true;
  }
  bool operator()(Option::Choice& choice) const {
    const auto* text = node.as_string();
    if (text == nullptr) return false;
    const auto found = std::ranges::find(choice.names, std::string_view(text->get()));
    choice.index = static_cast<std::size_t>(found - choice.names.begin());
    return found != choice.names.end();
  }

 private:
  template <class T, class Ranged>
  static bool in_range(T read, Ranged& ranged) {
    if (!(read >= ranged.min && read <= ranged.max)) return false;  // NaN is in no range.
    ranged.value = read;
    return true;
  }
};

// Completes "expected …".
struct Expected {
  bool is_required;

  std::string operator()(bool /*value*/) const { return "true or false"; }
  std::string operator()(const Option::Integer& integer) const {
    return fmt::format("an integer from {} to {}", integer.min, integer.max);
  }
  std::string operator()(const Option::Real& real) const {
    return fmt::format("a number from {} to {}", real.min, real.max);
  }
  std::string operator()(const Option::Size& size) const {
    return "a size such as \"256MiB\", from " + to_string(size.min) + " to " + to_string(size.max);
  }
  std::string operator()(const Option::Duration& duration) const {
    return "a duration such as \"30s\", from " + to_string(duration.min) + " to " +
           to_string(duration.max);
  }
  std::string operator()(const std::string& /*text*/) const {
    return is_required ? "a string that is not empty" : "a string";
  }
  std::string operator()(const Option::Texts& texts) const {
    return fmt::format("a list of {} to {} strings, none empty", texts.min, texts.max);
  }
  std::string operator()(const Option::Choice& choice) const {
    return fmt::format("one of {}", fmt::join(choice.names, ", "));
  }
};

// How many characters to change, add or drop to make one into the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replaced, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row.back();
}

std::string join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

// Reads one table: the file's root, or one of an array of tables at `path`.
class Reader final : public ConfigVisitor {
 public:
  Reader(const toml::table& scope, std::string path, Mistake& mistake)
      : scope_(scope), path_(std::move(path)), mistake_(mistake) {}

  void check(std::string_view key, bool holds, std::string_view expected) override {
    if (holds) return;
    const toml::node* node = find(key);
    mistake_.offer(Mistake::Kind::kCheck, node != nullptr ? line_of(*node) : line_around(key),
                   join(path_, key), expected, node != nullptr ? shown(*node) : "nothing");
  }

  // After all options were described: what is left in the file belongs to none of them.
  void refuse_unknown() { refuse_unknown(scope_, ""); }

 private:
  void visit(ConfigOption& option) override {
    known_.emplace_back(option.key);
    const toml::node* node = find(option.key);
    const Expected expected{option.is_required};
    if (node == nullptr) {
      if (!option.is_required) return;
      mistake_.offer(Mistake::Kind::kMissing, line_around(option.key), join(path_, option.key),
                     std::visit(expected, option.value), "nothing");
      return;
    }
    auto value = option.value;
    const auto* text = std::get_if<std::string>(&value);
    if (!std::visit(Assign{*node}, value) ||
        (option.is_required && text != nullptr && text->empty())) {
      mistake_.offer(Mistake::Kind::kPresent, line_of(*node), join(path_, option.key),
                     std::visit(expected, option.value), shown(*node));
      return;
    }
    option.value = std::move(value);
    option.is_set = true;
  }

  void visit_tables(const ConfigTables& tables) override {
    known_.emplace_back(tables.key);
    const std::string key = join(path_, tables.key);
    const std::string expected = fmt::format("{} to {} tables [[{}]]", tables.min, tables.max, key);
    const toml::node* node = find(tables.key);
    if (node == nullptr) {
      if (tables.size >= tables.min) return;
      mistake_.offer(Mistake::Kind::kMissing, line_around(tables.key), key, expected, "nothing");
      return;
    }
    const toml::array* array = node->as_array();
    const auto is_table = [](const toml::node& element) { return element.is_table(); };
    if (array == nullptr || !std::all_of(array->begin(), array->end(), is_table)) {
      mistake_.offer(Mistake::Kind::kPresent, line_of(*node), key, expected, shown(*node));
      return;
    }
    if (array->size() < tables.min || array->size() > tables.max) {
      mistake_.offer(Mistake::Kind::kPresent, line_of(*node), key, expected,
                     std::to_string(array->size()));
      return;
    }
    tables.resize(array->size());
    for (std::size_t index = 0; index < array->size(); ++index) {
      Reader reader(*array->get_as<toml::table>(index), key, mistake_);
      tables.describe_table(index, reader);
      reader.refuse_unknown();
    }
  }

  [[nodiscard]] const toml::node* find(std::string_view key) const {
    const toml::table* table = &scope_;
    for (auto dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
      table = inner_table(*table, key.substr(0, dot));
      if (table == nullptr) return nullptr;
      key.remove_prefix(dot + 1);
    }
    return table->get(key);
  }

  // Where a missing key should have been: the innermost table of its path that the file has.
  [[nodiscard]] std::size_t line_around(std::string_view key) const {
    const toml::table* table = &scope_;
    for (auto dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
      const auto* inner = inner_table(*table, key.substr(0, dot));
      if (inner == nullptr) break;
      table = inner;
      key.remove_prefix(dot + 1);
    }
    return line_of(*table);
  }

  // "name", or in an array of tables "name[2]", counted from 0; without a number, the last.
  static const toml::table* inner_table(const toml::table& table, std::string_view name) {
    const auto bracket = name.find('[');
    const toml::node* node = table.get(name.substr(0, bracket));
    if (node == nullptr) return nullptr;
    const toml::array* array = node->as_array();
    if (array == nullptr) return node->as_table();
    std::size_t index = array->size() - 1;
    if (bracket != std::string_view::npos) {
      std::from_chars(name.data() + bracket + 1, name.data() + name.size(), index);
    }
    return index < array->size() ? array->get_as<toml::table>(index) : nullptr;
  }

  void refuse_unknown(const toml::table& table, const std::string& within) {
    for (const auto& [name, node] : table) {
      const std::string key = join(within, name.str());
      const bool is_bare = name.str().find('.') == std::string_view::npos;
      if (is_bare && std::ranges::find(known_, key) != known_.end()) continue;
      const bool is_table = is_bare && std::ranges::any_of(known_, [&key](const auto& option) {
                              return option.size() > key.size() && option.starts_with(key) &&
                                     option[key.size()] == '.';
                            });
      if (!is_table) {
        mistake_.offer(Mistake::Kind::kPresent, name.source().begin.line,
                       printable(join(path_, key)), "the name of an option", suggestion(key));
      } else if (const toml::table* inner = node.as_table()) {
        refuse_unknown(*inner, key);
      } else {
        mistake_.offer(Mistake::Kind::kPresent, line_of(node), join(path_, key), "a table",
                       shown(node));
      }
    }
  }

  [[nodiscard]] std::string suggestion(std::string_view key) const {
    constexpr std::size_t kLongestKeyCompared = 64;
    const std::string* nearest = nullptr;
    std::size_t nearest_distance = std::min<std::size_t>(3, key.size() / 2) + 1;
    for (const std::string& option : known_) {
      if (key.size() > kLongestKeyCompared) break;
      const std::size_t found = distance(key, option);
      if (found >= nearest_distance) continue;
      nearest = &option;
      nearest_distance = found;
    }
    // The right name in the wrong table is as common as a slip of the finger.
    const std::string_view last = key.substr(key.rfind('.') + 1);
    for (const std::string& option : known_) {
      if (nearest == nullptr && std::string_view(option).substr(option.rfind('.') + 1) == last) {
        nearest = &option;
      }
    }
    if (nearest == nullptr) return "an unknown one";
    return "an unknown one (did you mean " + join(path_, *nearest) + "?)";
  }

  const toml::table& scope_;
  const std::string path_;
  Mistake& mistake_;
  std::vector<std::string> known_;
};

}  // namespace

Result<void> parse_config(std::string_view toml, std::string_view file, const Describe& describe) {
  toml::table root;
  try {
    root = toml::parse(toml);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}:{}: syntax: expected TOML, got: {}", file,
                            error.source().begin.line, printable(error.description())));
  }
  Mistake mistake;
  Reader reader(root, "", mistake);
  describe(reader);
  reader.refuse_unknown();
  if (!mistake.found()) return {};
  // A table that only its children mention has no line of its own.
  const std::size_t line = std::max<std::size_t>(mistake.line(), 1);
  return fail(ErrorCode::kInvalid, fmt::format("{}:{}: {}", file, line, mistake.text()));
}

}  // namespace base
