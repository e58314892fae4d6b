// headrace-origin: serves media objects of a directory over HTTP. docs/origin.md.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "base/config.h"
#include "base/signals.h"
#include "base/version.h"
#include "origin/config.h"
#include "origin/node.h"

namespace {

int refuse(const base::Error& error) {
  std::fprintf(stderr, "headrace-origin: %s\n", error.context.c_str());
  return 1;
}

// What the command line says goes before what the file says.
struct Command {
  std::string config_file, root, listen, admin;
  bool test = false, print = false, print_reference = false;
};

base::Result<origin::OriginConfig> configure(const Command& command) {
  origin::OriginConfig config;
  if (!command.config_file.empty()) {
    auto read = base::read_config<origin::OriginConfig>(command.config_file);
    if (!read) return std::unexpected(read.error());
    config = std::move(*read);
  }
  if (!command.root.empty()) config.media.root = command.root;
  if (!command.listen.empty()) config.listen.http = {command.listen};
  if (!command.admin.empty()) config.listen.admin = command.admin;
  if (config.media.root.empty()) {
    return base::fail(base::ErrorCode::kInvalid, "expected --config FILE or --root DIR");
  }
  return config;
}

}  // namespace

int main(int argc, char** argv) {
  base::Signals signals;
  Command command;
  CLI::App app("Serves media objects of a directory, by range.", "headrace-origin");
  app.add_option("--config", command.config_file, "TOML file; see conf/origin.toml");
  app.add_option("--root", command.root, "directory to serve, in place of media.root");
  app.add_option("--listen", command.listen,
                 "address such as 127.0.0.1:9000, in place of "
                 "listen.http");
  app.add_option("--admin", command.admin,
                 "address of the admin listener, in place of "
                 "listen.admin");
  app.add_flag("-t", command.test, "check the configuration and exit");
  app.set_version_flag("--version", "headrace-origin " + std::string(base::version()));
  app.add_flag("--print-config", command.print, "print the whole configuration and exit");
  app.add_flag("--print-config-reference", command.print_reference,
               "print docs/origin-config.md's tables and exit");
  CLI11_PARSE(app, argc, argv);

  if (command.print_reference) {
    std::fputs(base::config_reference<origin::OriginConfig>().c_str(), stdout);
    return 0;
  }
  auto config = configure(command);
  if (!config) return refuse(config.error());
  if (command.print) {
    std::fputs(base::print_config(*config).c_str(), stdout);
    return 0;
  }
  if (command.test) {
    std::puts("configuration ok");
    return 0;
  }
  auto node = origin::Node::start(*config);
  if (!node) return refuse(node.error());
  (*node)->run(signals);
  return 0;
}
