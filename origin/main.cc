// headrace-origin: uploads, catalogue, queue and media objects over HTTP. docs/platform.md,
// docs/origin.md.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/config.h"
#include "base/signals.h"
#include "base/version.h"
#include "origin/config.h"
#include "origin/node.h"
#include "origin/platform.h"

namespace {

int refuse(const base::Error& error) {
  std::fprintf(stderr, "headrace-origin: %s\n", error.context.c_str());
  return 1;
}

// What the command line says goes before what the file says.
struct Command {
  std::string config_file, root, data, listen, admin;
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
  if (!command.data.empty()) config.data.directory = command.data;
  if (!command.listen.empty()) config.listen.http = {command.listen};
  if (!command.admin.empty()) config.listen.admin = command.admin;
  if (config.media.root.empty() && config.data.directory.empty()) {
    return base::fail(base::ErrorCode::kInvalid,
                      "expected --config FILE, --data DIR or --root DIR");
  }
  return config;
}

struct TokenCommand {
  std::string name;
  bool worker = false, runs_platform = false;
};

// The tokens of the configured database, to work on.
template <class Work>
int with_tokens(const origin::OriginConfig& config, Work work) {
  if (config.data.directory.empty()) {
    return refuse({base::ErrorCode::kInvalid, "tokens need data.directory (or --data DIR)"});
  }
  const auto database = origin::open_database(config.data, 1);
  if (!database) return refuse(database.error());
  const base::SystemClock clock;
  origin::Tokens tokens(**database, clock);
  const base::Result<void> done = work(tokens);
  return done ? 0 : refuse(done.error());
}

int create_token(const origin::OriginConfig& config, const TokenCommand& command) {
  return with_tokens(config, [&](origin::Tokens& tokens) -> base::Result<void> {
    const auto right = command.runs_platform ? origin::Right::kOperator : origin::Right::kNone;
    const auto token = command.worker ? tokens.create_worker(command.name)
                                      : tokens.create_api(command.name, right);
    if (!token) return std::unexpected(token.error());
    std::puts(token->c_str());
    return {};
  });
}

int revoke_tokens(const origin::OriginConfig& config, const TokenCommand& command) {
  return with_tokens(config, [&](origin::Tokens& tokens) -> base::Result<void> {
    const auto revoked = tokens.revoke(command.name);
    if (!revoked) return std::unexpected(revoked.error());
    std::printf("%d revoked\n", *revoked);
    return {};
  });
}

// The line that edges want.
int print_media_key(const origin::OriginConfig& config) {
  if (config.data.directory.empty()) {
    return refuse({base::ErrorCode::kInvalid, "media tokens need data.directory (or --data DIR)"});
  }
  const auto signer = origin::open_media_signer(config);
  if (!signer) return refuse(signer.error());
  std::puts(http::to_text(signer->public_key()).c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  base::Signals signals;
  Command command;
  CLI::App app("Takes uploads, keeps the catalogue and the queue, serves media.",
               "headrace-origin");
  app.add_option("--config", command.config_file, "TOML file; see conf/origin.toml");
  app.add_option("--root", command.root, "directory to serve, in place of media.root");
  app.add_option("--data", command.data,
                 "directory of uploads and what is made of them, in place of data.directory");
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
  TokenCommand token;
  CLI::App* tokens = app.add_subcommand("token", "makes and revokes tokens");
  tokens->require_subcommand(1);
  CLI::App* create = tokens->add_subcommand("create", "prints a new token, once");
  create->add_option("NAME", token.name, "of its owner, or of the worker")->required();
  CLI::Option* worker = create->add_flag("--worker", token.worker, "for headrace-worker");
  create
      ->add_flag("--operator", token.runs_platform,
                 "for who may also make workers' tokens: headrace worker token")
      ->excludes(worker);
  CLI::App* revoke = tokens->add_subcommand("revoke", "makes all tokens of a name invalid");
  revoke->add_option("NAME", token.name)->required();
  CLI::App* media_key =
      app.add_subcommand("media-key", "prints the public key of media tokens, for site.media_keys");
  CLI11_PARSE(app, argc, argv);

  if (command.print_reference) {
    std::fputs(base::config_reference<origin::OriginConfig>().c_str(), stdout);
    return 0;
  }
  auto config = configure(command);
  if (!config) return refuse(config.error());
  if (*create) return create_token(*config, token);
  if (*revoke) return revoke_tokens(*config, token);
  if (*media_key) return print_media_key(*config);
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
