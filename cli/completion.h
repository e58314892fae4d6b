// Completion scripts for shells, made from the commands themselves, so that they can't fall behind.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace cli {

// `shell`: bash, zsh or fish.
std::string completion_script(const CLI::App& app, const std::string& shell);

}  // namespace cli
