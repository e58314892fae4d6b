// headrace: the command line of a Headrace server. docs/cli.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "base/version.h"
#include "cli/api.h"
#include "cli/captions.h"
#include "cli/completion.h"
#include "cli/progress_line.h"
#include "cli/settings.h"
#include "cli/text.h"
#include "cli/upload.h"
#include "cli/usage.h"
#include "cli/wait.h"

namespace {

using nlohmann::json;

// Documented in docs/cli.md.
enum ExitCode {
  kDone = 0,
  kOther = 1,
  kUsage = 2,
  kNotAllowed = 3,
  kNoSuchThing = 4,
  kRefused = 5,
  kNoServer = 6,
  kNoRoom = 7,
  kVideoFailed = 8,
};

ExitCode exit_code_of(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::kDenied:
      return kNotAllowed;
    case base::ErrorCode::kNotFound:
      return kNoSuchThing;
    case base::ErrorCode::kInvalid:
    case base::ErrorCode::kUnsupported:
    case base::ErrorCode::kTooLarge:
    case base::ErrorCode::kBusy:
      return kRefused;
    case base::ErrorCode::kUnreachable:
    case base::ErrorCode::kTimeout:
    case base::ErrorCode::kProtocol:
      return kNoServer;
    case base::ErrorCode::kNoSpace:
      return kNoRoom;
    case base::ErrorCode::kCorrupt:
      return kVideoFailed;
    default:
      return kOther;
  }
}

struct Options {
  std::string server, token;
  bool as_json = false;
  cli::UploadOptions upload;
  cli::CaptionsFile captions;
  std::vector<std::string> captions_sent;  // "en=movie.srt"
  bool wait = false;
  std::string until = "ready";
  std::string id, cursor, task, worker, shell, time = "6h";
  int count = 20;
};

void print_json(const json& value) {
  std::printf("%s\n", value.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
}

// `more`: of what came to be all the same.
int refuse(const Options& options, const base::Error& error, json more = json::object()) {
  if (options.as_json) {
    more["error"] = base::name_of(error.code);
    more["detail"] = error.context;
    print_json(more);
  } else {
    std::fprintf(stderr, "headrace: %s\n", cli::plain(error.context).c_str());
  }
  return exit_code_of(error.code);
}

int show(const Options& options, const base::Result<json>& value,
         const std::function<void(const json&)>& print) {
  if (!value) return refuse(options, value.error());
  if (options.as_json) {
    print_json(*value);
  } else {
    print(*value);
  }
  return kDone;
}

int show_video(const Options& options, const cli::Api& api, const base::Result<json>& video) {
  return show(options, video, [&](const json& one) { cli::print_video(one, api.server()); });
}

std::string path_of(const std::string& video) {
  return "/api/v1/videos/" + cli::percent_encode(video);
}

int wait(const Options& options, cli::Api& api) {
  cli::ProgressLine progress(options.as_json);
  const auto video = cli::wait_for(api, options.id, options.until, progress);
  progress.end();
  if (!video) return refuse(options, video.error(), {{"id", options.id}});
  return show_video(options, api, video);
}

base::Result<void> send_captions(cli::Api& api, const cli::Api::MadeVideo& made,
                                 const std::vector<cli::ReadCaptions>& captions) {
  const std::string id = made.video.value("id", "");
  for (const auto& [from, bytes] : captions) {
    if (auto taken = cli::send_captions(api, id, from, bytes); !taken) {
      return base::fail(taken.error().code,
                        "the video " + id + (made.is_new ? " is made" : " is there") +
                            ", but of its captions " + from.file + ": " + taken.error().context);
    }
  }
  return {};
}

int upload(const Options& options, cli::Api& api) {
  const auto captions = cli::read_all_captions(options.captions_sent);
  if (!captions) return refuse(options, captions.error());
  cli::ProgressLine progress(options.as_json);
  const auto made = cli::upload(api, options.upload, progress);
  progress.end();
  if (!made) return refuse(options, made.error());
  const std::string id = made->video.value("id", "");
  if (!made->is_new) progress.say(cli::already_there(made->video, options.upload));
  if (auto sent = send_captions(api, *made, *captions); !sent) {
    return refuse(options, sent.error(), {{"id", id}});
  }
  auto video = options.wait        ? cli::wait_for(api, id, options.until, progress)
               : captions->empty() ? made->video
                                   : api.get(path_of(id));
  progress.end();
  if (!video) return refuse(options, video.error(), {{"id", id}});
  (*video)["created"] = made->is_new;
  const int code = show_video(options, api, video);
  if (!options.wait && cli::text_of(*video, "state") != "ready") {
    progress.say("it is being transcoded; to wait for it: headrace wait " + cli::plain(id));
  }
  return code;
}

int list_videos(const Options& options, cli::Api& api) {
  const std::string cursor =
      options.cursor.empty() ? "" : "&cursor=" + cli::percent_encode(options.cursor);
  return show(options, api.get("/api/v1/videos?count=" + std::to_string(options.count) + cursor),
              cli::print_videos);
}

int tell_video(const Options& options, cli::Api& api) {
  return show_video(options, api, api.get(path_of(options.id)));
}

int remove_video(const Options& options, cli::Api& api) {
  return show(options, api.remove(path_of(options.id)),
              [](const json&) { std::puts("it is removed"); });
}

// URLs of a video that are good for a while, for whoever has them.
int link(const Options& options, cli::Api& api) {
  const auto time = base::parse_duration(options.time);
  if (!time) return refuse(options, time.error());
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*time);
  auto made = api.post(path_of(options.id) + "/media-token", {{"ttl_s", seconds.count()}});
  if (made) {
    for (const char* name : {"master", "manifest", "poster", "storyboard"}) {
      if (made->contains(name)) (*made)[name] = api.server() + made->value(name, "");
    }
    if (made->contains("captions")) {
      for (json& one : (*made)["captions"]) one["url"] = api.server() + one.value("url", "");
    }
  }
  return show(options, made, cli::print_link);
}

int add_captions(const Options& options, cli::Api& api) {
  const auto bytes = cli::read_captions(options.captions);
  if (!bytes) return refuse(options, bytes.error());
  return show(options, cli::send_captions(api, options.id, options.captions, *bytes),
              cli::print_captions);
}

int list_captions(const Options& options, cli::Api& api) {
  return show(options, cli::list_captions(api, options.id), [](const json& page) {
    for (const json& one : page.value("data", json::array())) cli::print_captions(one);
  });
}

int remove_captions(const Options& options, cli::Api& api) {
  return show(options, cli::remove_captions(api, options.id, options.captions.language),
              [](const json&) { std::puts("they are removed"); });
}

int list_tasks(const Options& options, cli::Api& api) {
  const std::string of = options.id.empty() ? "" : "?video=" + cli::percent_encode(options.id);
  const auto tasks = api.get("/api/v1/tasks" + of);
  // A video that isn't there has no tasks either: which it is, the video tells.
  if (tasks && !options.id.empty() && tasks->value("data", json::array()).empty()) {
    if (const auto video = api.get(path_of(options.id)); !video) {
      return refuse(options, video.error());
    }
  }
  return show(options, tasks, cli::print_tasks);
}

int retry_task(const Options& options, cli::Api& api) {
  const std::string path = "/api/v1/tasks/" + cli::percent_encode(options.task) + "/retry";
  return show(options, api.post(path, json::object()),
              [](const json&) { std::puts("it waits again"); });
}

// Standard output has the token alone, for $(…) and files; standard error, which may end in a log, has
// none of it.
int make_worker_token(const Options& options, cli::Api& api) {
  const json asked = options.worker.empty() ? json::object() : json{{"name", options.worker}};
  return show(options, api.post("/api/v1/worker-tokens", asked), [&](const json& made) {
    std::fprintf(stderr,
                 "A worker is started with it by\n"
                 "  HEADRACE_WORKER_TOKEN=… headrace-worker --origin %s\n",
                 api.server().c_str());
    std::printf("%s\n", cli::plain(made.value("token", "")).c_str());
  });
}

int list_worker_tokens(const Options& options, cli::Api& api) {
  return show(options, api.get("/api/v1/worker-tokens"), cli::print_worker_tokens);
}

int revoke_worker_tokens(const Options& options, cli::Api& api) {
  return show(options, api.remove("/api/v1/worker-tokens/" + cli::percent_encode(options.worker)),
              [](const json& done) { std::printf("%d revoked\n", done.value("revoked", 0)); });
}

struct Command {
  CLI::App* app;
  int (*run)(const Options& options, cli::Api& api);
};

CLI::Option* add_until(CLI::App& command, Options& options) {
  return command.add_option("--until", options.until, "what is waited for: playable or ready")
      ->check(CLI::IsMember({"playable", "ready"}))
      ->capture_default_str();
}

Command upload_command(CLI::App& app, Options& options) {
  CLI::App* send = app.add_subcommand("upload", "sends a file and has it transcoded");
  send->add_option("FILE", options.upload.file, "a video or sound file")->required();
  send->add_option("--title", options.upload.title, "else the file's name");
  send->add_flag_callback(
      "--private", [&] { options.upload.access = "private"; }, "only who has a link can play it");
  send->add_flag("--again", options.upload.again,
                 "makes another video of a file that is one already");
  send->add_option("--captions", options.captions_sent, "LANG=FILE; may be given several times")
      ->allow_extra_args(false);
  CLI::Option* waits = send->add_flag("--wait", options.wait, "until it is transcoded");
  add_until(*send, options)->needs(waits);
  return {send, upload};
}

std::vector<Command> video_commands(CLI::App& app, Options& options) {
  CLI::App* wait_for = app.add_subcommand("wait", "waits until a video is transcoded");
  wait_for->add_option("ID", options.id)->required();
  add_until(*wait_for, options);
  CLI::App* videos = app.add_subcommand("videos", "lists your videos, newest first");
  videos->add_option("--count", options.count, "1 to 100")->check(CLI::Range(1, 100));
  videos->add_option("--cursor", options.cursor, "where the page before ended");
  CLI::App* video = app.add_subcommand("video", "tells all about one video");
  video->add_option("ID", options.id)->required();
  CLI::App* remove = app.add_subcommand("remove", "removes a video for good, without asking");
  remove->add_option("ID", options.id)->required();
  CLI::App* share =
      app.add_subcommand("link", "prints URLs (HLS, DASH) that play a private video for a while");
  share->add_option("ID", options.id)->required();
  share->add_option("--for", options.time, "1m to 7d")
      ->check(cli::wrong_link_time)
      ->capture_default_str();
  return {{wait_for, wait},
          {videos, list_videos},
          {video, tell_video},
          {remove, remove_video},
          {share, link}};
}

std::vector<Command> captions_commands(CLI::App& app, Options& options) {
  CLI::App* captions = app.add_subcommand("captions", "adds, lists and removes a video's captions");
  captions->add_option("ID", options.id)->required();
  captions->require_subcommand(1);
  CLI::App* add = captions->add_subcommand("add", "sends captions, or replaces them");
  add->add_option("LANG", options.captions.language, "such as en, pt-BR")->required();
  add->add_option("FILE", options.captions.file, "SubRip or WebVTT, in UTF-8")->required();
  add->add_option("--label", options.captions.label, "what viewers choose by");
  CLI::App* list = captions->add_subcommand("list", "lists them");
  CLI::App* remove = captions->add_subcommand("remove", "removes those of a language");
  remove->add_option("LANG", options.captions.language)->required();
  return {{add, add_captions}, {list, list_captions}, {remove, remove_captions}};
}

std::vector<Command> task_commands(CLI::App& app, Options& options) {
  CLI::App* tasks = app.add_subcommand("tasks", "lists the transcoding tasks of your videos");
  tasks->add_option("--video", options.id, "of this one alone, done ones too");
  CLI::App* retry = tasks->add_subcommand("retry", "puts a parked task back into the queue");
  retry->add_option("ID", options.task)->required();
  return {{retry, retry_task}, {tasks, list_tasks}};
}

std::vector<Command> worker_commands(CLI::App& app, Options& options) {
  CLI::App* worker = app.add_subcommand("worker", "lets workers in; for operators");
  worker->require_subcommand(1);
  CLI::App* make = worker->add_subcommand("token", "prints a new worker's token, once");
  make->add_option("NAME", options.worker, "to tell tokens apart; else one is made up");
  CLI::App* workers = worker->add_subcommand("tokens", "lists the tokens that are good");
  CLI::App* revoke = worker->add_subcommand("revoke", "ends all workers' tokens of a name");
  revoke->add_option("NAME", options.worker)->required();
  return {{make, make_worker_token}, {workers, list_worker_tokens}, {revoke, revoke_worker_tokens}};
}

// A command's own commands come before it.
std::vector<Command> add_commands(CLI::App& app, Options& options) {
  std::vector<Command> all{upload_command(app, options)};
  for (auto* add : {video_commands, captions_commands, task_commands, worker_commands}) {
    for (const Command& one : add(app, options)) all.push_back(one);
  }
  return all;
}

void add_options(CLI::App& app, Options& options) {
  app.set_version_flag("--version", "headrace " + std::string(base::version()));
  app.add_option("--server", options.server,
                 std::string("URL of the server; else HEADRACE_SERVER, else config, else ") +
                     cli::kServerDefault)
      ->check(cli::wrong_server);
  app.add_option("--token", options.token, "API token; else HEADRACE_TOKEN, else config");
  app.add_flag("--json", options.as_json, "answer as JSON, on one line");
}

// What could not be parsed has set no option.
int refuse_usage(const std::string& sentence, std::span<char* const> arguments) {
  const bool as_json = std::ranges::any_of(
      arguments, [](const char* argument) { return std::string_view(argument) == "--json"; });
  if (as_json) {
    print_json({{"error", "usage"}, {"detail", sentence}});
  } else {
    std::fprintf(stderr, "headrace: %s\nheadrace --help says more.\n",
                 cli::plain(sentence).c_str());
  }
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The command line of a Headrace server.", "headrace");
  app.require_subcommand(1);
  app.fallthrough();
  add_options(app, options);
  const std::vector<Command> commands = add_commands(app, options);
  CLI::App* completion = app.add_subcommand("completion", "prints a shell's completion script");
  completion->add_option("SHELL", options.shell)
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return refuse_usage(cli::usage_error(app, error),
                        std::span(argv, static_cast<std::size_t>(argc)));
  }
  if (*completion) {
    std::fputs(cli::completion_script(app, options.shell).c_str(), stdout);
    return kDone;
  }
  auto settings = cli::find_settings(options.server, options.token);
  if (!settings) return refuse(options, settings.error());
  cli::Api api(std::move(*settings));
  const auto command =
      std::ranges::find_if(commands, [](const Command& one) { return one.app->parsed(); });
  try {
    return command->run(options, api);
  } catch (const json::exception&) {  // The server's JSON is outside bytes, of whatever types.
    return refuse(options,
                  {base::ErrorCode::kProtocol,
                   "the server's answer is not as it should be: is this a Headrace server?"});
  }
}
