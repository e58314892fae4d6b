#include "cli/wait.h"

#include <chrono>
#include <optional>
#include <thread>

namespace cli {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::chrono::milliseconds kAskPause{500};
// Streams in a row that told nothing, after which it is asked instead.
constexpr int kSilentStreamsMax = 3;
constexpr std::chrono::seconds kAwayMax{60};

bool is_away(const base::Error& error) {
  return error.code == ErrorCode::kUnreachable || error.code == ErrorCode::kTimeout ||
         error.code == ErrorCode::kProtocol;
}

class Wait {
 public:
  Wait(Api& api, const std::string& id, const std::string& state, ProgressLine& progress)
      : api_(api),
        path_("/api/v1/videos/" + percent_encode(id)),
        state_(state),
        progress_(progress) {}

  base::Result<json> run() {
    while (true) {
      if (silent_streams_ < kSilentStreamsMax) listen();
      // A stream that ended early says nothing of why: the server is asked.
      if (!outcome_) ask();
      if (outcome_) return *outcome_;
      std::this_thread::sleep_for(kAskPause);
    }
  }

 private:
  void listen() {
    bool told = false;
    const auto heard = api_.listen(path_ + "/progress", [&](const json& video) {
      told = true;
      look(video);
      return !outcome_;
    });
    const bool is_held_back = !heard && heard.error().code == ErrorCode::kTimeout;
    silent_streams_ = is_held_back ? kSilentStreamsMax : told ? 0 : silent_streams_ + 1;
  }

  void ask() {
    const auto video = api_.get(path_);
    if (video) return look(*video);
    if (!is_away(video.error()) || std::chrono::steady_clock::now() - heard_of_ > kAwayMax) {
      outcome_ = video;
    }
  }

  void look(const json& video) {
    heard_of_ = std::chrono::steady_clock::now();
    progress_.show_percent(video.value("percent", 0U));
    const std::string now = video.value("state", "");
    if (now == "failed") {
      outcome_ = base::fail(ErrorCode::kCorrupt, video.value("failure", "it failed"));
    } else if (now == "ready" || now == state_) {
      outcome_ = video;
    }
  }

  Api& api_;
  const std::string path_;
  const std::string& state_;
  ProgressLine& progress_;
  int silent_streams_ = 0;
  std::chrono::steady_clock::time_point heard_of_ = std::chrono::steady_clock::now();
  std::optional<base::Result<json>> outcome_;
};

}  // namespace

base::Result<json> wait_for(Api& api, const std::string& id, const std::string& state,
                            ProgressLine& progress) {
  progress.begin("transcoding", 100);
  auto outcome = Wait(api, id, state, progress).run();
  if (outcome) progress.end();
  return outcome;
}

}  // namespace cli
