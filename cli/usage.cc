#include "cli/usage.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <vector>

#include "base/duration.h"
#include "cli/settings.h"

namespace cli {
namespace {

// What the server takes: docs/media-tokens.md.
constexpr std::chrono::minutes kLinkTimeMin{1};
constexpr std::chrono::hours kLinkTimeMax{7 * 24};

// The innermost command that was named.
const CLI::App& named_in(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : named_in(*parsed.front());
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::string positionals_of(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) words += " " + option->get_name();
  }
  return words;
}

// "headrace captions ID"
std::string path_of(const CLI::App& app) {
  const std::string before = app.get_parent() == nullptr ? "" : path_of(*app.get_parent()) + " ";
  return before + app.get_name() + positionals_of(app);
}

// A command of `app` that was written where one of its positionals belongs.
std::string misplaced_in(const CLI::App& app) {
  const auto commands = commands_of(app);
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_positional()) continue;
    for (const std::string& value : option->results()) {
      if (std::ranges::find(commands, value) != commands.end()) return value;
    }
  }
  return {};
}

std::string command_is_needed(const CLI::App& app) {
  std::string sentence = "a command is needed after \"" + path_of(app) + "\":";
  const char* between = " ";
  for (const std::string& name : commands_of(app)) {
    sentence += between + name;
    between = ", ";
  }
  return sentence;
}

}  // namespace

std::string usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& named = named_in(app);
  if (named.get_require_subcommand_min() == 0) return error.what();
  if (const std::string command = misplaced_in(named); !command.empty()) {
    return "\"" + command + "\" comes later: " + path_of(named) + " " + command;
  }
  for (const std::string& word : app.remaining(true)) {
    if (!word.starts_with('-')) return "no such command: " + word;
  }
  const bool is_of_a_command = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  return is_of_a_command && app.remaining(true).empty() ? command_is_needed(named) : error.what();
}

std::string wrong_server(const std::string& url) {
  const auto fit = check_server(url);
  return fit ? "" : fit.error().context;
}

std::string wrong_link_time(const std::string& duration) {
  const auto time = base::parse_duration(duration);
  if (time && *time >= kLinkTimeMin && *time <= kLinkTimeMax) return {};
  return "a link lasts 1m to 7d, such as 90m, 6h or 2d, and not \"" + duration + "\"";
}

}  // namespace cli
