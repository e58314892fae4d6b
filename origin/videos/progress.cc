#include "origin/videos/progress.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/slice.h"
#include "http/event_loop.h"
#include "origin/videos/video_api.h"

namespace origin {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr int kLooksPerComment = 30;
constexpr std::size_t kUntakenMax = 64 * 1024;

// The streams there are.
class Streams {
 public:
  // Why there may not be one more for this owner.
  std::optional<ApiAnswer> enter(std::int64_t owner) {
    const base::MutexLock lock(mutex_);
    if (all_ >= kProgressStreamsMax) {
      return ApiAnswer::problem(503, "too many watch the progress of videos; ask again");
    }
    const auto own = of_.try_emplace(owner, 0).first;
    if (own->second >= kProgressStreamsOfOneMax) {
      return ApiAnswer::problem(429, std::to_string(kProgressStreamsOfOneMax) +
                                         " of your streams of progress are open; close one");
    }
    ++own->second;
    ++all_;
    return std::nullopt;
  }
  void leave(std::int64_t owner) {
    const base::MutexLock lock(mutex_);
    --all_;
    const auto own = of_.find(owner);
    if (--own->second == 0) of_.erase(own);
  }

 private:
  base::Mutex mutex_;
  int all_ GUARDED_BY(mutex_) = 0;
  std::map<std::int64_t, int> of_ GUARDED_BY(mutex_);
};

class ProgressStream final : public http::Responder {
 public:
  ProgressStream(http::Exchange& exchange, ApiCall call, Catalogue& catalogue,
                 base::Executor& threads, std::shared_ptr<Streams> streams)
      : exchange_(exchange),
        video_(std::move(call.names[0])),
        caller_(std::move(*call.caller)),
        catalogue_(catalogue),
        threads_(threads),
        streams_(std::move(streams)),
        link_(std::make_shared<ProgressStream*>(this)),
        next_look_(exchange.loop(), [this] { look(); }) {}
  ProgressStream(const ProgressStream&) = delete;
  ProgressStream& operator=(const ProgressStream&) = delete;
  ~ProgressStream() override {
    if (entered_) streams_->leave(caller_.owner);
  }

  void start() override {
    if (auto refused = streams_->enter(caller_.owner)) return answer(std::move(*refused));
    entered_ = true;
    look();
  }

  http::Pulled pull(std::size_t max) override {
    if (text_.empty()) return ended_ ? http::Pulled::end() : http::Pulled::pending();
    std::string piece = text_.substr(0, max);
    text_.erase(0, piece.size());
    return http::Pulled::some(base::Slice::of(std::move(piece)));
  }

  void finished(const http::Outcome& /*outcome*/) override {
    next_look_.disarm();
    link_.reset();
  }

 private:
  void look() {
    threads_.post([&catalogue = catalogue_, video = video_, link = std::weak_ptr(link_),
                   &loop = exchange_.loop()] {
      if (link.expired()) return;
      loop.post([link, found = catalogue.get(video)] {
        if (const auto stream = link.lock()) (*stream)->seen(found);
      });
    });
  }

  void seen(const base::Result<VideoView>& found) {
    if (!found) {
      if (!responded_) return answer(answer_for(found.error()));
      ended_ = true;  // It was removed.
      return exchange_.wake();
    }
    if (!may_see(caller_, *found)) return answer(ApiAnswer::problem(404, "no such video"));
    if (!responded_) {
      responded_ = true;
      exchange_.respond(
          {200, nullptr, {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}}},
          std::nullopt);
    }
    std::string now =
        "event: video\ndata: " +
        to_json(*found).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n\n";
    // A client that does not take them gets the newest when he does.
    const bool has_room = text_.size() < kUntakenMax;
    if (now != told_ && has_room) {
      text_ += now;
      told_ = now;
      quiet_looks_ = 0;
    } else if (++quiet_looks_ == kLooksPerComment) {
      quiet_looks_ = 0;
      if (text_.empty()) text_ = ":\n\n";
    }
    const bool is_last = found->state == VideoState::kReady || found->state == VideoState::kFailed;
    ended_ = is_last && told_ == now;
    if (!ended_) next_look_.arm(kLookEvery);
    exchange_.wake();
  }

  void answer(ApiAnswer refused) {
    responded_ = ended_ = true;
    text_ = std::move(refused.body);
    exchange_.respond({refused.status, nullptr, std::move(refused.fields)}, text_.size());
  }

  http::Exchange& exchange_;
  const std::string video_;
  const Caller caller_;
  Catalogue& catalogue_;
  base::Executor& threads_;
  const std::shared_ptr<Streams> streams_;
  std::shared_ptr<ProgressStream*> link_;  // Null once the exchange has ended.
  http::Timer next_look_;
  std::string told_, text_;
  int quiet_looks_ = 0;
  bool entered_ = false;
  bool responded_ = false;
  bool ended_ = false;
};

}  // namespace

void add_progress_route(Router& router, Catalogue& catalogue, base::Executor& threads) {
  router.add({.method = "GET",
              .pattern = "/api/v1/videos/{id}/progress",
              .stream = [&catalogue, &threads, streams = std::make_shared<Streams>()](
                            http::Exchange& exchange, ApiCall call) {
                return std::make_unique<ProgressStream>(exchange, std::move(call), catalogue,
                                                        threads, streams);
              }});
}

}  // namespace origin
