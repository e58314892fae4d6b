// headrace: the command line of a Headrace server. docs/cli.md.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>

#include "base/duration.h"
#include "base/version.h"
#include "cli/api.h"
#include "cli/captions.h"
#include "cli/completion.h"
#include "cli/progress_line.h"
#include "cli/settings.h"
#include "cli/upload.h"
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
  bool wait = false;
  std::string until = "ready";
  std::string id, cursor, task, worker, shell, time = "6h";
  int count = 20;
};

int refuse(const Options& options, const base::Error& error) {
  if (options.as_json) {
    std::printf("%s\n", json{{"error", base::name_of(error.code)}, {"detail", error.context}}
                            .dump(-1, ' ', false, json::error_handler_t::replace)
                            .c_str());
  } else {
    std::fprintf(stderr, "headrace: %s\n", error.context.c_str());
  }
  return exit_code_of(error.code);
}

// What came from others may have anything in it: control characters are for nobody's terminal.
std::string plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

void print_line(const json& video) {
  std::printf("%-12s  %-10s %3d %%  %s\n", plain(video.value("id", "")).c_str(),
              plain(video.value("state", "")).c_str(), video.value("percent", 0),
              plain(video.value("title", "")).c_str());
}

void print_video(const json& video, const std::string& server) {
  std::printf("%s\n", plain(video.value("title", "")).c_str());
  std::printf("  id      %s\n  state   %s, %d %%\n", plain(video.value("id", "")).c_str(),
              plain(video.value("state", "")).c_str(), video.value("percent", 0));
  if (video.value("access", "") == "private") std::puts("  access  private: see headrace link");
  if (video.contains("failure")) {
    std::printf("  why     %s\n", plain(video["failure"].get<std::string>()).c_str());
  }
  if (const double length = video.value("duration_us", 0.0); length > 0) {
    std::printf("  length  %s\n", cli::readable_time(length / 1e6).c_str());
  }
  std::printf("  sent    %s, stored %s\n", cli::readable_bytes(video.value("size", 0.0)).c_str(),
              cli::readable_bytes(video.value("stored_bytes", 0.0)).c_str());
  for (const json& rung : video.value("renditions", json::array())) {
    std::printf("  %-7s %3d %%  %s\n", plain(rung.value("name", "")).c_str(),
                rung.value("percent", 0), cli::readable_bytes(rung.value("bytes", 0.0)).c_str());
  }
  for (const char* kind : {"hls", "dash", "poster"}) {
    if (video.contains(kind)) {
      std::printf("  %-7s %s%s\n", kind, server.c_str(),
                  plain(video[kind].get<std::string>()).c_str());
    }
  }
}

void print_captions(const json& captions) {
  std::printf("%-10s %-20s %s\n", plain(captions.value("language", "")).c_str(),
              plain(captions.value("label", "")).c_str(),
              cli::readable_bytes(captions.value("bytes", 0.0)).c_str());
}

int show(const Options& options, const base::Result<json>& value,
         const std::function<void(const json&)>& print) {
  if (!value) return refuse(options, value.error());
  if (options.as_json) {
    std::printf("%s\n", value->dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  } else {
    print(*value);
  }
  return kDone;
}

int upload(const Options& options, cli::Api& api) {
  cli::ProgressLine progress(options.as_json);
  auto video = cli::upload(api, options.upload, progress);
  if (video && options.wait) {
    video = cli::wait_for(api, video->value("id", ""), options.until, progress);
  }
  progress.end();
  return show(options, video, [&](const json& made) { print_video(made, api.server()); });
}

// URLs of a video that are good for a while, for whoever has them.
int link(const Options& options, cli::Api& api) {
  const auto time = base::parse_duration(options.time);
  if (!time) return refuse(options, {time.error().code, "--for: " + time.error().context});
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*time);
  auto made = api.post("/api/v1/videos/" + cli::percent_encode(options.id) + "/media-token",
                       {{"ttl_s", seconds.count()}});
  if (made) {
    for (const char* name : {"master", "manifest", "poster", "storyboard"}) {
      if (made->contains(name)) (*made)[name] = api.server() + made->value(name, "");
    }
    if (made->contains("captions")) {
      for (json& one : (*made)["captions"]) one["url"] = api.server() + one.value("url", "");
    }
  }
  return show(options, made, [](const json& token) {
    std::printf("%s\n%s\n", plain(token.value("master", "")).c_str(),
                plain(token.value("manifest", "")).c_str());
  });
}

int add_captions(const Options& options, cli::Api& api) {
  const auto bytes = cli::read_captions(options.captions);
  if (!bytes) return refuse(options, bytes.error());
  return show(options, cli::send_captions(api, options.id, options.captions, *bytes),
              print_captions);
}

int list_captions(const Options& options, cli::Api& api) {
  return show(options, cli::list_captions(api, options.id), [](const json& page) {
    for (const json& one : page.value("data", json::array())) print_captions(one);
  });
}

// Standard output has the token alone, for $(…) and files; standard error, which may end in a log, has
// none of it.
void print_worker_token(const json& made, const std::string& server) {
  const std::string token = plain(made.value("token", ""));
  std::fprintf(stderr,
               "A worker that has it in HEADRACE_WORKER_TOKEN is started by\n"
               "  headrace-worker --origin %s\n",
               server.c_str());
  std::printf("%s\n", token.c_str());
}

void print_worker_tokens(const json& page) {
  for (const json& one : page.value("data", json::array())) {
    const std::time_t made = one.value("created_us", std::int64_t{0}) / 1'000'000;
    std::tm parts{};
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", ::localtime_r(&made, &parts));
    std::printf("%s  %s\n", text.data(), plain(one.value("name", "")).c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The command line of a Headrace server.", "headrace");
  app.require_subcommand(1);
  app.set_version_flag("--version", "headrace " + std::string(base::version()));
  app.add_option("--server", options.server,
                 "URL of the server; else HEADRACE_SERVER, else config");
  app.add_option("--token", options.token, "API token; else HEADRACE_TOKEN, else config");
  app.add_flag("--json", options.as_json, "answer as JSON, on one line");
  app.fallthrough();

  CLI::App* send = app.add_subcommand("upload", "sends a file and has it transcoded");
  send->add_option("FILE", options.upload.file, "a video or sound file")->required();
  send->add_option("--title", options.upload.title, "else the file's name");
  send->add_flag_callback(
      "--private", [&] { options.upload.access = "private"; }, "only who has a link can play it");
  send->add_option("--captions", options.upload.captions, "LANG=FILE; may be given several times")
      ->allow_extra_args(false);
  send->add_flag("--wait", options.wait, "until it is transcoded");
  send->add_option("--until", options.until, "what --wait waits for: playable or ready")
      ->check(CLI::IsMember({"playable", "ready"}))
      ->capture_default_str();
  CLI::App* videos = app.add_subcommand("videos", "lists your videos, newest first");
  videos->add_option("--count", options.count, "1 to 100")->check(CLI::Range(1, 100));
  videos->add_option("--cursor", options.cursor, "where the page before ended");
  CLI::App* video = app.add_subcommand("video", "tells all about one video");
  video->add_option("ID", options.id)->required();
  CLI::App* share =
      app.add_subcommand("link", "prints URLs (HLS, DASH) that play a private video for a while");
  share->add_option("ID", options.id)->required();
  share->add_option("--for", options.time, "1m to 7d")->capture_default_str();
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
  CLI::App* tasks = app.add_subcommand("tasks", "lists the transcoding tasks of your videos");
  tasks->add_option("--video", options.id, "of this one alone, done ones too");
  CLI::App* retry = tasks->add_subcommand("retry", "puts a parked task back into the queue");
  retry->add_option("ID", options.task)->required();
  CLI::App* worker = app.add_subcommand("worker", "lets workers in; for operators");
  worker->require_subcommand(1);
  CLI::App* make = worker->add_subcommand("token", "prints a new worker's token, once");
  make->add_option("NAME", options.worker, "to tell tokens apart; else one is made up");
  CLI::App* workers = worker->add_subcommand("tokens", "lists the tokens that are good");
  CLI::App* revoke = worker->add_subcommand("revoke", "ends all workers' tokens of a name");
  revoke->add_option("NAME", options.worker)->required();
  CLI::App* completion = app.add_subcommand("completion", "prints a shell's completion script");
  completion->add_option("SHELL", options.shell)
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  if (*completion) {
    std::fputs(cli::completion_script(app, options.shell).c_str(), stdout);
    return kDone;
  }
  auto settings = cli::find_settings(options.server, options.token);
  if (!settings) return refuse(options, settings.error());
  cli::Api api(std::move(*settings));

  if (*send) return upload(options, api);
  if (*videos) {
    const std::string query =
        "?count=" + std::to_string(options.count) +
        (options.cursor.empty() ? "" : "&cursor=" + cli::percent_encode(options.cursor));
    return show(options, api.get("/api/v1/videos" + query), [](const json& page) {
      for (const json& one : page.value("data", json::array())) print_line(one);
      if (page.contains("next")) {
        std::printf("more: --cursor %s\n", plain(page["next"].get<std::string>()).c_str());
      }
    });
  }
  if (*video) {
    return show(options, api.get("/api/v1/videos/" + cli::percent_encode(options.id)),
                [&](const json& one) { print_video(one, api.server()); });
  }
  if (*share) return link(options, api);
  if (*add) return add_captions(options, api);
  if (*list) return list_captions(options, api);
  if (*remove) {
    return show(options, cli::remove_captions(api, options.id, options.captions.language),
                [](const json&) { std::puts("they are removed"); });
  }
  if (*retry) {
    return show(
        options,
        api.post("/api/v1/tasks/" + cli::percent_encode(options.task) + "/retry", json::object()),
        [](const json&) { std::puts("it waits again"); });
  }
  if (*make) {
    const json asked = options.worker.empty() ? json::object() : json{{"name", options.worker}};
    return show(options, api.post("/api/v1/worker-tokens", asked),
                [&](const json& made) { print_worker_token(made, api.server()); });
  }
  if (*workers) return show(options, api.get("/api/v1/worker-tokens"), print_worker_tokens);
  if (*revoke) {
    return show(options, api.remove("/api/v1/worker-tokens/" + cli::percent_encode(options.worker)),
                [](const json& done) { std::printf("%d revoked\n", done.value("revoked", 0)); });
  }
  const std::string of = options.id.empty() ? "" : "?video=" + cli::percent_encode(options.id);
  return show(options, api.get("/api/v1/tasks" + of), [](const json& page) {
    for (const json& task : page.value("data", json::array())) {
      std::printf("%6lld  %-8s %-10s %s  %s\n", task.value("id", 0LL),
                  plain(task.value("state", "")).c_str(), plain(task.value("kind", "")).c_str(),
                  plain(task.value("video", "")).c_str(), plain(task.value("reason", "")).c_str());
    }
  });
}
