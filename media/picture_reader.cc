#include "media/picture_reader.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "media/normalisation.h"

namespace media {
namespace {

using base::ErrorCode;
using nlohmann::json;

// An index by decoding time, or a keyframe whose first pictures can't be decoded (open GOP), may lead
// too far: then from further back.
constexpr int kSeeksMax = 6;
constexpr double kSeekStep = 2;

}  // namespace

PictureReader::PictureReader(const PictureRange& range, const json& video)
    : range_(range),
      start_us_(video.value("start_us", std::int64_t{0})),
      timed_by_decoding_(video.value("timed_by_decoding", false)),
      chain_(normalising_chain(video, Deinterlacing::kAmongOthers)) {}

base::Result<std::unique_ptr<PictureReader>> PictureReader::open(ByteSource& source,
                                                                 std::string_view demuxer,
                                                                 const json& video,
                                                                 const PictureRange& range,
                                                                 int threads) {
  std::unique_ptr<PictureReader> reader(new PictureReader(range, video));
  auto input = Input::open(source, demuxer);
  if (!input) return std::unexpected(input.error());
  reader->input_ = std::move(*input);
  reader->stream_ = reader->input_->stream(video.value("stream", -1));
  if (reader->stream_ == nullptr || reader->stream_->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) {
    return base::fail(ErrorCode::kInvalid, "The file has no picture where the probe saw one.");
  }
  reader->input_->keep_only({reader->stream_});
  auto decoder = reader->input_->open_decoder(*reader->stream_, threads);
  if (!decoder) return std::unexpected(decoder.error());
  reader->decoder_ = std::move(*decoder);
  if (auto sought = reader->seek_to_start(); !sought) return std::unexpected(sought.error());
  return reader;
}

double PictureReader::time_of(const AVFrame& frame) const {
  const std::int64_t at = frame.best_effort_timestamp;
  if (at == AV_NOPTS_VALUE) return 0;
  return static_cast<double>(at) * av_q2d(filter_ ? filter_->time_base() : stream_->time_base) -
         static_cast<double>(start_us_) / 1e6;
}

base::Result<void> PictureReader::seek_to_start() {
  const double start = static_cast<double>(range_.first) / av_q2d(range_.rate);
  const double half = 0.5 / av_q2d(range_.rate);
  if (range_.first > 0) {
    for (int tries = 0;; ++tries) {
      const double wanted = start - tries * tries * kSeekStep;
      const double absolute = wanted + static_cast<double>(start_us_) / 1e6;
      if (wanted <= 0 || tries == kSeeksMax) {
        // From the beginning: slow, and always right.
        if (auto sought = input_->rewind(*stream_); !sought) return sought;
      } else if (auto sought = input_->seek(
                     *stream_, static_cast<std::int64_t>(absolute / av_q2d(stream_->time_base)));
                 !sought) {
        if (sought.error().code == ErrorCode::kIo) return sought;
        continue;
      }
      avcodec_flush_buffers(decoder_.get());
      times_.clear();
      draining_ = ended_ = filter_drained_ = false;
      filter_.reset();
      auto first = decode();
      if (!first) return std::unexpected(first.error());
      current_ = std::move(*first);
      if (wanted <= 0 || tries == kSeeksMax) break;
      if (current_ != nullptr && time_of(*current_) <= start + half) break;
    }
  } else {
    auto first = decode();
    if (!first) return std::unexpected(first.error());
    current_ = std::move(*first);
  }
  if (current_ == nullptr) {
    return base::fail(ErrorCode::kCorrupt, "Not one picture of the file can be decoded.",
                      base::Blame::kClient);
  }
  return {};
}

base::Result<FramePtr> PictureReader::decode_raw() {
  FramePtr frame = make_frame();
  while (true) {
    const int got = avcodec_receive_frame(decoder_.get(), frame.get());
    if (got >= 0) {
      if (timed_by_decoding_) {
        frame->best_effort_timestamp = times_.next(frame->pkt_dts, decoder_->has_b_frames);
      }
      return frame;
    }
    if (got == AVERROR_EOF) return FramePtr();
    if (got != AVERROR(EAGAIN)) {
      if (draining_) return FramePtr();
      // Damage: the decoder goes on with the next packet.
    }
    if (draining_) return FramePtr();
    const auto more = input_->read(*packet_);
    if (!more) return std::unexpected(more.error());
    if (*more && packet_->stream_index != stream_->index) continue;
    if (!*more) draining_ = true;
    if (*more && timed_by_decoding_) times_.add(packet_->dts);
    // What can't be decoded is left out; the picture before it stays.
    (void)avcodec_send_packet(decoder_.get(), *more ? packet_.get() : nullptr);
  }
}

base::Result<FramePtr> PictureReader::decode() {
  while (true) {
    if (filter_) {
      FramePtr frame = make_frame();
      const auto pulled = filter_->pull(*frame);
      if (!pulled) return std::unexpected(pulled.error());
      if (*pulled) {
        frame->best_effort_timestamp = frame->pts;
        return frame;
      }
      if (filter_drained_) return FramePtr();
    }
    auto raw = decode_raw();
    if (!raw) return raw;
    if (*raw == nullptr) {
      if (!filter_) return FramePtr();
      filter_drained_ = true;
      if (auto pushed = filter_->push(nullptr); !pushed) return std::unexpected(pushed.error());
      continue;
    }
    if (chain_.empty()) return raw;
    (*raw)->pts = (*raw)->best_effort_timestamp;
    if (!filter_) {
      auto filter = Filter::for_video(**raw, stream_->time_base, chain_);
      if (!filter) return std::unexpected(filter.error());
      filter_ = std::move(*filter);
    }
    if (auto pushed = filter_->push(raw->get()); !pushed) return std::unexpected(pushed.error());
  }
}

base::Result<const AVFrame*> PictureReader::next() {
  if (given_ == range_.count) return nullptr;
  const double rate = av_q2d(range_.rate);
  const double at = (static_cast<double>(range_.first + given_) + 0.5) / rate;
  while (true) {
    if (coming_ == nullptr && !ended_) {
      auto decoded = decode();
      if (!decoded) return std::unexpected(decoded.error());
      coming_ = std::move(*decoded);
      ended_ = coming_ == nullptr;
    }
    // A hair's breadth for rounded time bases.
    if (coming_ == nullptr || time_of(*coming_) > at - 1e-6) break;
    current_ = std::move(coming_);
  }
  ++given_;
  return current_.get();
}

std::int64_t PictureReader::position_us() const {
  return std::llround(static_cast<double>(range_.first + given_) * 1e6 / av_q2d(range_.rate));
}

}  // namespace media
