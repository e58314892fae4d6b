// An origin made of a seed: pages that change, in all the shapes that origins give them, sent in
// pieces of any size, late, cut, short, or under heads that lie.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/origin.h"
#include "tests/cache/simulated_world.h"

namespace cache {

// What a page always is. Its bytes are a function of page, version and language.
struct Page {
  std::uint32_t index = 0;
  std::uint32_t version = 1;  // Moves on when the page changes.
  enum class Etag : std::uint8_t { kStrong, kWeak, kNone } etag = Etag::kStrong;
  bool sends_ranges = true;
  bool sends_length = true;
  bool varies = false;  // By accept-language.
  bool same_size = false;
  std::string cache_control;
  std::uint64_t size_max = 0;

  [[nodiscard]] std::string key_text() const { return "site\n/p" + std::to_string(index); }
  [[nodiscard]] std::string tag() const { return "t" + std::to_string(index % 4); }
  [[nodiscard]] std::string body(std::uint32_t at_version, std::string_view language) const {
    Dice dice(index * 1'000'003ULL + at_version * 977 + (varies ? language.size() : 0));
    // Sizes about chunk ends are where mistakes live.
    std::uint64_t size = dice.below(size_max + 1);
    if (dice.one_in(4)) size = size / kChunkHint * kChunkHint;
    if (same_size) size = size_max - index;  // Only the ETag tells its versions apart.
    std::string bytes;
    bytes.reserve(size + 8);
    while (bytes.size() < size) {
      const std::uint64_t word = dice.next();
      bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    bytes.resize(size);
    return bytes;
  }

  static constexpr std::uint64_t kChunkHint = 64 * 1024;
};

struct PageTarget final : OriginTarget {
  PageTarget(std::uint32_t page_index, std::string lang)
      : page(page_index), language(std::move(lang)) {}
  const std::uint32_t page;
  const std::string language;
};

class SimulatedOrigin final : public Origin {
 public:
  SimulatedOrigin(SimulatedWorld& world, SimulatedWorld::Thread& fill_thread,
                  std::vector<Page>& pages)
      : world_(world), thread_(fill_thread), pages_(pages) {}

  bool honest = false;  // No more faults: for the end of a run.
  // Requests per page and byte range still under way; for the oracle of collapsing.
  std::uint64_t requests = 0;

  std::unique_ptr<OriginFetch> fetch(OriginRequest request, OriginEvents& events) override {
    auto state = std::make_shared<Exchange>();
    state->number = ++requests;
    state->request = std::move(request);
    state->events = &events;
    const auto& target = static_cast<const PageTarget&>(*state->request.target);
    state->version = pages_[target.page].version;
    state->version_at_head = world_.dice.one_in(2);
    if (!honest && world_.dice.one_in(4)) {
      state->fault = static_cast<Fault>(1 + world_.dice.below(kFaults - 1));
    }
    world_.note("fetch", target.page);
    schedule(state);
    return std::make_unique<Fetch>(*this, std::move(state));
  }

 private:
  enum class Fault : std::uint8_t {
    kNone,
    kNoHead,
    kSlow,
    kCut,        // An error in the middle.
    kShort,      // A good end too early.
    kLong,       // One byte too many.
    kError,      // 503.
    kWrongPart,  // Content-Range of other bytes.
    kWrongLength,
    kWrongSize,  // Content-Range of another object size.
    kWrongEtag,
    kIgnoresIfRange,
    kPrivate,
    kCount,
  };
  static constexpr auto kFaults = static_cast<std::uint64_t>(Fault::kCount);

  struct Exchange {
    OriginRequest request;
    OriginEvents* events = nullptr;  // Null once dropped or ended.
    Fault fault = Fault::kNone;
    std::uint64_t number = 0;
    std::uint32_t version = 0;
    bool version_at_head = false;
    bool head_sent = false;
    bool paused = false;
    bool scheduled = false;
    std::string bytes;  // Still to send.
    std::size_t sent = 0;
    std::size_t cut_at = 0;
  };

  class Fetch final : public OriginFetch {
   public:
    Fetch(SimulatedOrigin& origin, std::shared_ptr<Exchange> state)
        : origin_(origin), state_(std::move(state)) {}
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;
    ~Fetch() override { state_->events = nullptr; }
    void resume() override {
      state_->paused = false;
      origin_.schedule(state_);
    }

   private:
    SimulatedOrigin& origin_;
    std::shared_ptr<Exchange> state_;
  };

  void schedule(const std::shared_ptr<Exchange>& state) {
    if (std::exchange(state->scheduled, true)) return;
    auto go_on = [this, state] {
      state->scheduled = false;
      if (state->events != nullptr && !state->paused) advance(state);
    };
    if (state->fault == Fault::kSlow || world_.dice.one_in(20)) {
      if (world_.dice.one_in(2)) {
        return world_.after(thread_, std::chrono::milliseconds(world_.dice.below(400)),
                            std::move(go_on));
      }
      // Slow beside what else happens, while time stands still.
      return let_pass(world_.dice.below(300), std::move(go_on));
    }
    thread_.post(std::move(go_on));
  }
  void let_pass(std::uint64_t turns, base::Executor::Task then) {
    thread_.post([this, turns, then = std::move(then)]() mutable {
      turns == 0 ? then() : let_pass(turns - 1, std::move(then));
    });
  }

  void advance(const std::shared_ptr<Exchange>& state) {
    if (!state->head_sent) {
      state->head_sent = true;
      send_head(*state);
      schedule(state);
      return;
    }
    if (state->sent >= state->cut_at) {
      OriginEvents* events = std::exchange(state->events, nullptr);
      if (state->fault == Fault::kCut) {
        events->on_end(base::fail(base::ErrorCode::kProtocol, "cut", base::Blame::kOrigin));
      } else {
        events->on_end({});
      }
      return;
    }
    const std::size_t size =
        std::min<std::size_t>(1 + world_.dice.below(40'000), state->cut_at - state->sent);
    if (!state->events->on_body(std::string_view(state->bytes).substr(state->sent, size))) {
      state->paused = true;
      return;
    }
    state->sent += size;
    if (state->events != nullptr) schedule(state);
  }

  void send_head(Exchange& state) {
    const auto& target = static_cast<const PageTarget&>(*state.request.target);
    const Page& page = pages_[target.page];
    if (state.version_at_head) state.version = page.version;
    if (state.fault == Fault::kNoHead) {
      std::exchange(state.events, nullptr)
          ->on_end(base::fail(base::ErrorCode::kUnreachable, "no head", base::Blame::kOrigin));
      return;
    }
    base::Fields fields;
    if (state.fault == Fault::kError) {
      fields.add("content-length", "0");
      state.events->on_head(503, std::move(fields));
      return;
    }
    const std::string strong = "\"" + std::to_string(page.index) + "-" +
                               std::to_string(state.version) +
                               (page.varies ? "-" + target.language : "") + "\"";
    std::string etag = page.etag == Page::Etag::kStrong ? strong
                       : page.etag == Page::Etag::kWeak ? "W/" + strong
                                                        : "";
    fields.add("cache-control", state.fault == Fault::kPrivate ? "private" : page.cache_control);
    fields.add("surrogate-key", page.tag());
    fields.add("x-version", std::to_string(state.version));
    if (page.varies) {
      fields.add("vary", "accept-language");
      fields.add("x-language", target.language);
    }
    if (!etag.empty() && state.request.if_none_match == etag) {
      fields.add("etag", etag);
      state.events->on_head(304, std::move(fields));
      return;
    }
    const std::string body = page.body(state.version, target.language);
    std::uint64_t first = 0;
    std::uint64_t end = body.size();
    int status = 200;
    if (state.request.range && page.sends_ranges && !body.empty() &&
        (state.request.if_range.empty() || state.request.if_range == strong ||
         state.fault == Fault::kIgnoresIfRange)) {
      first = state.request.range->first + (state.fault == Fault::kWrongPart ? 1 : 0);
      if (first >= body.size()) {
        fields.add("content-range", "bytes */" + std::to_string(body.size()));
        fields.add("content-length", "0");
        state.events->on_head(416, std::move(fields));
        return;
      }
      status = 206;
      end = std::min<std::uint64_t>(end, state.request.range->last.value_or(end - 1) + 1);
      // Some origins send less than they are asked for.
      if (!honest && world_.dice.one_in(10)) end -= world_.dice.below(end - first);
      const std::uint64_t size = body.size() + (state.fault == Fault::kWrongSize ? 1 : 0);
      fields.add("content-range", "bytes " + std::to_string(first) + "-" + std::to_string(end - 1) +
                                      "/" + std::to_string(size));
    }
    if (state.fault == Fault::kWrongEtag && !etag.empty())
      etag = "\"lie-" + std::to_string(state.number) + "\"";
    if (!etag.empty()) fields.add("etag", etag);
    if (page.sends_length || status == 206) {
      const std::uint64_t lie = state.fault == Fault::kWrongLength ? 1 : 0;
      fields.add("content-length", std::to_string(end - first + lie));
    }
    if (!fields.contains("content-length")) {
      // Without a length only the framing tells a body's end: an origin that lies there can't be
      // found out by anyone.
      if (state.fault == Fault::kShort) state.fault = Fault::kCut;
      if (state.fault == Fault::kLong) state.fault = Fault::kNone;
    }
    state.bytes = body.substr(first, end - first);
    if (state.fault == Fault::kLong) state.bytes += 'x';
    state.cut_at = state.bytes.size();
    if (state.fault == Fault::kCut || state.fault == Fault::kShort) {
      state.cut_at = world_.dice.below(state.bytes.size() + 1);
    }
    state.events->on_head(status, std::move(fields));
  }

  SimulatedWorld& world_;
  SimulatedWorld::Thread& thread_;
  std::vector<Page>& pages_;
};

}  // namespace cache
