#include "media/transcode.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "media/picture_reader.h"
#include "media/rung_encoder.h"
#include "media/scaler.h"

namespace media {
namespace {

using nlohmann::json;

constexpr std::size_t kQueueMax = 8;
constexpr std::int64_t kFramesPerReport = 32;

// Pictures on their way to one encoder.
class PictureQueue {
 public:
  // False: the encoder has given up.
  bool push(FramePtr picture) {
    const base::MutexLock lock(mutex_);
    while (pictures_.size() >= kQueueMax && !closed_) changed_.wait(mutex_);
    if (closed_) return false;
    pictures_.push_back(std::move(picture));
    changed_.notify_all();
    return true;
  }
  // Null: the end.
  FramePtr pop() {
    const base::MutexLock lock(mutex_);
    while (pictures_.empty() && !ended_) changed_.wait(mutex_);
    if (pictures_.empty()) return nullptr;
    FramePtr picture = std::move(pictures_.front());
    pictures_.pop_front();
    changed_.notify_all();
    return picture;
  }
  void end() {
    const base::MutexLock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  void close() {
    const base::MutexLock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  base::Mutex mutex_;
  base::Condition changed_;
  std::deque<FramePtr> pictures_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
};

// One rung: its scaler on the decoding thread, its encoder on its own.
struct Lane {
  explicit Lane(const RungSpec& spec)
      : rung(spec), scaler(Scaler::for_video(spec.width, spec.height)) {}
  RungSpec rung;
  Scaler scaler;
  PictureQueue queue;
  std::unique_ptr<RungEncoder> encoder;
  base::Result<void> outcome;
  base::Thread thread;  // Last: it uses the rest.
};

void encode(Lane& lane) {
  while (FramePtr picture = lane.queue.pop()) {
    if (lane.outcome = lane.encoder->add(*picture); !lane.outcome) return lane.queue.close();
  }
  lane.outcome = lane.encoder->finish();
}

base::Result<void> feed(PictureReader& reader, std::vector<std::unique_ptr<Lane>>& lanes,
                        const Taker& taker) {
  for (std::int64_t count = 0;; ++count) {
    const auto next = reader.next();
    if (!next) return std::unexpected(next.error());
    if (*next == nullptr) return {};
    // From the smallest that is at least twice as large: from a nearer one, two filters after each
    // other would soften the picture (a third of a dB from 720 to 540 lines).
    std::vector<FramePtr> larger;
    larger.push_back(share(**next));
    for (const auto& lane : lanes) {  // Large to small.
      const AVFrame* from = larger.front().get();
      for (const FramePtr& one : larger) {
        if (one->height >= 2 * lane->rung.height) from = one.get();
      }
      auto scaled = lane->scaler.scale(*from);
      if (!scaled) return std::unexpected(scaled.error());
      larger.push_back(share(**scaled));
      if (!lane->queue.push(std::move(*scaled))) return {};  // Its outcome tells why.
    }
    if (count % kFramesPerReport == 0) taker.position(reader.position_us());
  }
}

}  // namespace

base::Result<void> transcode(ByteSource& source, const json& spec, int threads,
                             const Taker& taker) {
  UnitSpec unit;
  std::vector<std::unique_ptr<Lane>> lanes;
  PictureRange range;
  std::string container;
  json video;
  try {
    unit = {.number = spec.at("unit"),
            .first = spec.at("first"),
            .frames = spec.at("frames"),
            .gop = spec.at("gop"),
            .segment = spec.at("segment"),
            .rate = {spec.at("rate").at(0), spec.at("rate").at(1)},
            .preset = spec.at("preset"),
            .crf = spec.at("crf")};
    for (const json& rung : spec.at("rungs")) {
      const auto codec = package::picture_codec_of(rung.value("codec", "h264"));
      if (!codec) {
        return base::fail(base::ErrorCode::kInvalid,
                          "a task's spec: a rung of the codec " + rung.at("codec").dump());
      }
      lanes.push_back(std::make_unique<Lane>(RungSpec{.name = rung.at("name"),
                                                      .codec = *codec,
                                                      .width = rung.at("width"),
                                                      .height = rung.at("height"),
                                                      .rate_max_kbps = rung.at("rate_max_kbps")}));
    }
    const json color = spec.at("video").value("color", json::array({1, 1, 1}));
    unit.primaries = color.at(0);
    unit.transfer = color.at(1);
    unit.matrix = color.at(2);
    container = spec.at("container");
    video = spec.at("video");
    range = {.first = unit.first, .count = unit.frames, .rate = unit.rate};
  } catch (const json::exception& error) {
    return base::fail(base::ErrorCode::kInvalid, std::string("a task's spec: ") + error.what());
  }
  if (lanes.empty() || unit.gop < 1 || unit.segment % unit.gop != 0 || unit.rate.num < 1) {
    return base::fail(base::ErrorCode::kInvalid, "a task's spec has no rungs, or no sense");
  }
  std::ranges::sort(lanes, std::greater(), [](const auto& lane) { return lane->rung.height; });

  auto reader = PictureReader::open(source, container, video, range, std::max(1, threads));
  if (!reader) return std::unexpected(reader.error());

  base::Mutex giving;
  Taker one_at_a_time{.product =
                          [&](Product product) {
                            const base::MutexLock lock(giving);
                            return taker.product(std::move(product));
                          },
                      .position = taker.position};
  for (const auto& lane : lanes) {
    // The largest is more than half of the work: alone it would keep one core busy and the others
    // waiting.
    const int own = lane == lanes.front() ? std::max(1, threads) : 1;
    auto encoder = RungEncoder::open(lane->rung, unit, own, one_at_a_time);
    if (!encoder) return std::unexpected(encoder.error());
    lane->encoder = std::move(*encoder);
  }
  for (const auto& lane : lanes) {
    lane->thread = base::Thread(lane->rung.name, [&lane = *lane] { encode(lane); });
  }
  const base::Result<void> fed = feed(**reader, lanes, taker);
  for (const auto& lane : lanes) {
    if (!fed) lane->queue.close();
    lane->queue.end();
  }
  base::Result<void> outcome = fed;
  for (const auto& lane : lanes) {
    lane->thread.join();
    if (outcome && !lane->outcome) outcome = lane->outcome;
  }
  return outcome;
}

}  // namespace media
