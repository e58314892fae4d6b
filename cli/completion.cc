#include "cli/completion.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace cli {
namespace {

std::string options_of(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  }
  return words;
}

std::string commands_of(const CLI::App& app) {
  std::string words;
  for (const CLI::App* command : app.get_subcommands({})) words += command->get_name() + " ";
  return words;
}

bool takes_files(const CLI::App& app) {
  const auto own =
      app.get_options([](const CLI::Option* one) { return one->get_name() == "FILE"; });
  return !own.empty() || std::ranges::any_of(app.get_subcommands({}), [](const CLI::App* command) {
    return takes_files(*command);
  });
}

// After each command its own words; files where it takes one.
std::string bash(const CLI::App& app) {
  std::string script =
      "_headrace() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} command= one\n"
      "  for one in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $one in -*) ;; *) command=$one; break ;; esac\n"
      "  done\n"
      "  case $command in\n";
  for (const CLI::App* command : app.get_subcommands({})) {
    script += fmt::format("    {}) COMPREPLY=($(compgen {}-W '{}{}{}' -- \"$word\")) ;;\n",
                          command->get_name(), takes_files(*command) ? "-f " : "",
                          commands_of(*command), options_of(*command), options_of(app));
  }
  script += fmt::format("    *) COMPREPLY=($(compgen -W '{}{}' -- \"$word\")) ;;\n",
                        commands_of(app), options_of(app));
  return script + "  esac\n}\ncomplete -o filenames -F _headrace headrace\n";
}

std::string fish(const CLI::App& app) {
  std::string script = "complete -c headrace -f\n";
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      script +=
          fmt::format("complete -c headrace -l {} -d '{}'\n", name, option->get_description());
    }
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    script += fmt::format("complete -c headrace -n __fish_use_subcommand -a {} -d '{}'\n",
                          command->get_name(), command->get_description());
    for (const CLI::App* one : command->get_subcommands({})) {
      script +=
          fmt::format("complete -c headrace -n '__fish_seen_subcommand_from {}' -a {} -d '{}'\n",
                      command->get_name(), one->get_name(), one->get_description());
    }
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        script +=
            fmt::format("complete -c headrace -n '__fish_seen_subcommand_from {}' -l {} -d '{}'\n",
                        command->get_name(), name, option->get_description());
      }
    }
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!takes_files(*command)) continue;
    script += fmt::format("complete -c headrace -n '__fish_seen_subcommand_from {}' -F\n",
                          command->get_name());
  }
  return script;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  if (shell == "fish") return fish(app);
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash(app);
  return bash(app);
}

}  // namespace cli
