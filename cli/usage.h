// What is wrong with a command line, in our words, and what to write instead.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Error.hpp>
#include <string>

namespace cli {

// Of an `app` that could not be parsed.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error);

// For CLI::Option::check: empty, or what is wrong with the value.
std::string wrong_server(const std::string& url);
std::string wrong_link_time(const std::string& duration);

}  // namespace cli
