// headrace-edge: the cache node and gateway. docs/edge.md.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "base/log.h"
#include "base/signals.h"
#include "base/version.h"
#include "edge/config.h"
#include "edge/node.h"
#include "edge/preflight.h"

namespace {

int fail(const base::Error& error) {
  std::fprintf(stderr, "headrace-edge: %s\n", error.context.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"headrace-edge: a cache node that serves byte ranges of media close to the viewer"};
  std::string file;
  bool only_test = false;
  bool print_config = false;
  bool print_reference = false;
  app.add_option("--config", file, "The configuration, a TOML file (conf/edge.toml is an example)");
  app.add_flag("-t,--test", only_test,
               "Check the configuration, and the files, paths and names in it, and exit");
  app.set_version_flag("--version", "headrace-edge " + std::string(base::version()));
  app.add_flag("--print-config", print_config, "Print the whole configuration in force and exit");
  app.add_flag("--print-config-reference", print_reference,
               "Print all options as Markdown (docs/edge-config.md) and exit");
  CLI11_PARSE(app, argc, argv);

  if (print_reference) {
    std::fputs(base::config_reference<edge::EdgeConfig>().c_str(), stdout);
    return 0;
  }
  if (file.empty()) {
    std::fputs("headrace-edge: expected --config FILE (conf/edge.toml is an example)\n", stderr);
    return 1;
  }
  const auto config = base::read_config<edge::EdgeConfig>(file);
  if (!config) return fail(config.error());
  if (print_config) {
    std::fputs(base::print_config(*config).c_str(), stdout);
    return 0;
  }
  if (only_test) {
    if (const auto good = edge::preflight(file); !good) return fail(good.error());
    std::printf("%s: the configuration is good\n", file.c_str());
    return 0;
  }
  base::set_log_level(config->log.level);
  base::Signals signals;
  auto node = edge::Node::start(*config, file);
  if (!node) return fail(node.error());
  (*node)->run(signals);
  return 0;
}
