// Config: a typed struct read from a TOML file. Every option is described once; the reader, the
// range checks, --print-config and the pages in docs/ all come from that description.
//
//   struct SiteConfig {
//     std::vector<std::string> hosts;
//     std::chrono::milliseconds stale_max{0};
//   };
//   struct EdgeConfig {
//     base::Bytes memory_max = 512_MiB;
//     Policy policy = Policy::kLru;
//     std::vector<SiteConfig> sites;
//   };
//
//   void describe(SiteConfig& c, base::ConfigVisitor& option) {
//     option("hosts", c.hosts, 1, 100, "Hosts that this site answers for.");
//     option("stale_max", c.stale_max, 0s, 30 * 24h, "How long stale content may be served.");
//   }
//   void describe(EdgeConfig& c, base::ConfigVisitor& option) {
//     option("cache.memory_max", c.memory_max, 16_MiB, 1024_GiB, "RAM for hot objects.");
//     option("cache.policy", c.policy, kPolicyNames, "What to drop first when RAM is full.");
//     option("site", c.sites, 1, 1000, "A site: [[site]] once for each.");
//     option.check("cache.policy", c.policy != Policy::kLru || c.memory_max > 32_MiB, "sieve");
//   }
//
//   base::Result<EdgeConfig> config = base::read_config<EdgeConfig>("edge.toml");
//
// describe() lies beside its struct (same namespace) and may be defined in a .cc. A dot in a key
// enters a table. It is called to read, to print and to document, so it only describes: everything
// it does must be an option() or a check(). Keys are unique in their table.
//
// What is not in the file keeps the struct's default. Refused, each with one line
// `FILE:LINE: KEY: expected …, got …` (kInvalid): TOML that does not parse, a key that no option
// has, a value of another type or outside its range, a missing required one, a failed check.
// Several mistakes: the first in the file is told, and what is missing only when nothing is wrong.
//
// Threads    Read on one thread; the struct is then passed as const& and replaced whole on reload.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace base {

class ConfigVisitor;

// Larger files are refused.
inline constexpr Bytes kConfigFileMax = 1_MiB;

template <class T>
concept Described = requires(T& config, ConfigVisitor& option) { describe(config, option); };

// `constexpr std::array kPolicyNames{base::EnumName{"lru", Policy::kLru}, …};`
template <class E>
struct EnumName {
  std::string_view name;
  E value;
};
template <class E>
EnumName(const char*, E) -> EnumName<E>;

// In the place of a range: the file must have this option, and a string must not be empty.
struct Required {};
inline constexpr Required kRequired{};

// One option as visitors see it. `value` points to what is read into or printed.
struct ConfigOption {
  struct Choice {
    std::size_t index;
    std::vector<std::string_view> names;
  };
  struct Integer {
    std::int64_t value, min, max;
  };
  struct Real {
    double value, min, max;
  };
  struct Size {
    Bytes value, min, max;
  };
  struct Duration {
    std::chrono::milliseconds value, min, max;
  };
  struct Texts {
    std::vector<std::string> value;
    std::size_t min, max;  // How many.
  };

  std::string_view key;
  std::string_view help;
  std::variant<bool, Integer, Real, Size, Duration, std::string, Texts, Choice> value;
  bool is_required = false;
  bool is_optional = false;  // May be unset: `is_set` tells.
  bool is_set = true;
};

// An array of tables as visitors see it.
struct ConfigTables {
  std::string_view key;
  std::string_view help;
  std::size_t min, max;  // How many.
  std::size_t size;
  std::function<void(std::size_t)> resize;  // To so many tables of defaults.
  std::function<void(std::size_t, ConfigVisitor&)> describe_table;
  std::function<void(ConfigVisitor&)> describe_default;  // A table of defaults, for the pages.
};

class ConfigVisitor {
 public:
  virtual ~ConfigVisitor() = default;

  void operator()(std::string_view key, bool& value, std::string_view help) {
    value = std::get<bool>(visited({key, help, value}).value);
  }

  // Integers: all their type holds, or a range (inclusive).
  template <std::integral T>
  void operator()(std::string_view key, T& value, std::string_view help) {
    constexpr auto kMax = std::in_range<std::int64_t>(std::numeric_limits<T>::max())
                              ? std::numeric_limits<T>::max()
                              : static_cast<T>(std::numeric_limits<std::int64_t>::max());
    (*this)(key, value, std::numeric_limits<T>::min(), kMax, help);
  }
  template <std::integral T>
  void operator()(std::string_view key, T& value, std::type_identity_t<T> min,
                  std::type_identity_t<T> max, std::string_view help) {
    const auto integer =
        ConfigOption::Integer{static_cast<std::int64_t>(value), static_cast<std::int64_t>(min),
                              static_cast<std::int64_t>(max)};
    value =
        static_cast<T>(std::get<ConfigOption::Integer>(visited({key, help, integer}).value).value);
  }

  void operator()(std::string_view key, double& value, double min, double max,
                  std::string_view help);
  void operator()(std::string_view key, Bytes& value, Bytes min, Bytes max, std::string_view help);
  void operator()(std::string_view key, std::chrono::milliseconds& value,
                  std::chrono::milliseconds min, std::chrono::milliseconds max,
                  std::string_view help);
  void operator()(std::string_view key, std::string& value, std::string_view help);
  void operator()(std::string_view key, std::string& value, Required, std::string_view help);
  // A list; `min` and `max` are numbers of entries. Entries are not empty. A default with fewer
  // than `min` makes the option required.
  void operator()(std::string_view key, std::vector<std::string>& value, std::size_t min,
                  std::size_t max, std::string_view help);

  // May be left out, which is not the same as any value.
  void operator()(std::string_view key, std::optional<bool>& value, std::string_view help);
  void operator()(std::string_view key, std::optional<Bytes>& value, Bytes min, Bytes max,
                  std::string_view help);
  void operator()(std::string_view key, std::optional<std::chrono::milliseconds>& value,
                  std::chrono::milliseconds min, std::chrono::milliseconds max,
                  std::string_view help);

  // One of several names.
  template <class E, std::size_t kCount>
    requires std::is_enum_v<E>
  void operator()(std::string_view key, E& value, const std::array<EnumName<E>, kCount>& names,
                  std::string_view help) {
    ConfigOption::Choice choice{kCount, {}};
    for (std::size_t i = 0; i < kCount; ++i) {
      choice.names.push_back(names[i].name);
      if (names[i].value == value) choice.index = i;
    }
    value =
        names.at(std::get<ConfigOption::Choice>(visited({key, help, choice}).value).index).value;
  }

  // Tables of one kind, [[key]] in the file, each described by its own describe().
  template <Described T>
  void operator()(std::string_view key, std::vector<T>& tables, std::size_t min, std::size_t max,
                  std::string_view help) {
    visit_tables({key, help, min, max, tables.size(),
                  [&tables](std::size_t size) { tables.assign(size, T{}); },
                  [&tables](std::size_t index, ConfigVisitor& option) {
                    describe(tables.at(index), option);
                  },
                  [](ConfigVisitor& option) {
                    T defaults{};
                    describe(defaults, option);
                  }});
  }

  // What a type and a range cannot say: `expected` completes "expected …" when not `holds`. A key
  // in an array of tables may say which: "site[2].hosts", counted from 0.
  virtual void check(std::string_view /*key*/, bool /*holds*/, std::string_view /*expected*/) {}

 protected:
  virtual void visit(ConfigOption& option) = 0;
  virtual void visit_tables(const ConfigTables& tables) = 0;

 private:
  ConfigOption visited(ConfigOption option) {
    visit(option);
    return option;
  }
};

using Describe = std::function<void(ConfigVisitor&)>;

// `file` names the text in errors.
Result<void> parse_config(std::string_view toml, std::string_view file, const Describe& describe);
Result<std::string> read_config_text(const std::filesystem::path& file);
std::string print_config(const Describe& describe);
std::string config_reference(const Describe& describe_defaults);

template <Described T>
Result<T> parse_config(std::string_view toml, std::string_view file) {
  T config{};
  const auto parsed =
      parse_config(toml, file, [&config](ConfigVisitor& option) { describe(config, option); });
  if (!parsed) return std::unexpected(parsed.error());
  return config;
}

template <Described T>
Result<T> read_config(const std::filesystem::path& file) {
  const auto text = read_config_text(file);
  if (!text) return std::unexpected(text.error());
  return parse_config<T>(*text, file.native());
}

// The whole config as commented TOML (--print-config); reading it gives the same struct.
template <Described T>
std::string print_config(T config) {
  return print_config([&config](ConfigVisitor& option) { describe(config, option); });
}

// Markdown tables of all options, their defaults and ranges: what docs/*-config.md hold.
template <Described T>
std::string config_reference() {
  T defaults{};
  return config_reference([&defaults](ConfigVisitor& option) { describe(defaults, option); });
}

}  // namespace base
