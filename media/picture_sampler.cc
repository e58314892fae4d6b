#include "media/picture_sampler.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "media/filter.h"
#include "media/normalisation.h"

namespace media {
namespace {

using base::ErrorCode;
using nlohmann::json;

// An index that leads too far: then from further back.
constexpr int kSeeksMax = 4;
constexpr std::int64_t kSeekStepUs = 2'000'000;
constexpr int kPacketsToKeyframeMax = 20'000;
// The share of what is left that one window may cost.
constexpr double kShare = 0.1;

double rate_of(const json& video) {
  const json rate = video.value("rate", json::array({30, 1}));
  const double value = rate.at(0).get<double>() / std::max(1.0, rate.at(1).get<double>());
  return value > 0 ? value : 30;
}

std::int64_t time_in(const AVPacket& packet) {
  return packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
}

}  // namespace

PictureSampler::PictureSampler(const json& video)
    : start_us_(video.value("start_us", std::int64_t{0})),
      interlaced_(video.value("interlaced", false)),
      timed_by_decoding_(video.value("timed_by_decoding", false)),
      rate_(rate_of(video)),
      chain_(normalising_chain(video, Deinterlacing::kAlone)) {}

base::Result<std::unique_ptr<PictureSampler>> PictureSampler::open(ByteSource& source,
                                                                   std::string_view demuxer,
                                                                   const json& video,
                                                                   int width_max) {
  std::unique_ptr<PictureSampler> sampler(new PictureSampler(video));
  if (video.value("hdr", false)) {
    sampler->chain_ = "scale=w='min(iw," + std::to_string(width_max) + ")':h=-2," + sampler->chain_;
  }
  auto input = Input::open(source, demuxer);
  if (!input) return std::unexpected(input.error());
  sampler->input_ = std::move(*input);
  sampler->stream_ = sampler->input_->stream(video.value("stream", -1));
  if (sampler->stream_ == nullptr || sampler->stream_->codecpar->codec_type != AVMEDIA_TYPE_VIDEO) {
    return base::fail(ErrorCode::kInvalid, "The file has no picture where the probe saw one.");
  }
  sampler->input_->keep_only({sampler->stream_});
  // One thread: a decoder that is flushed for each picture has nothing to share out.
  auto decoder = sampler->input_->open_decoder(*sampler->stream_, 1);
  if (!decoder) return std::unexpected(decoder.error());
  sampler->decoder_ = std::move(*decoder);
  return sampler;
}

std::int64_t PictureSampler::stream_time(std::int64_t time_us) const {
  return av_rescale_q(time_us + start_us_, AVRational{1, 1'000'000}, stream_->time_base);
}

std::int64_t PictureSampler::time_us(std::int64_t stream_time) const {
  if (stream_time == AV_NOPTS_VALUE) return 0;
  return to_us(stream_time, stream_->time_base) - start_us_;
}

base::Result<FramePtr> PictureSampler::sample(const Window& window) {
  auto found = find(window);
  if (!found || *found == nullptr) return found;
  shown_us_ = time_us((*found)->best_effort_timestamp);
  return chain_.empty() ? std::move(found) : normalise(std::move(*found));
}

base::Result<FramePtr> PictureSampler::find(const Window& window) {
  if (goes_on_to(window)) {
    return is_near(shown_us_, window.from_us) ? decode_on(window) : FramePtr();
  }
  bool may_go_on = goes_on_ && sent_ != AV_NOPTS_VALUE;
  std::int64_t landed = kNowhere;
  for (const std::int64_t wanted :
       {window.from_us + (window.to_us - window.from_us) / 2, window.to_us - 1}) {
    auto there = go_to(wanted);
    if (!there) return std::unexpected(there.error());
    landed = *there;
    if (landed < window.from_us || landed >= window.to_us) continue;
    auto alone = decode_alone();
    if (!alone || *alone != nullptr) return alone;
    landed = kNowhere;
    may_go_on = false;
  }
  if (landed >= window.to_us) {
    auto there = go_before(window.from_us);
    if (!there) return std::unexpected(there.error());
    landed = *there;
    if (landed == kNowhere) return FramePtr();
  }
  if (may_go_on && time_of_group() == group_) {
    if (!is_near(shown_us_, window.from_us)) return FramePtr();
    if (auto skipped = skip_what_was_sent(); !skipped) return std::unexpected(skipped.error());
    return decode_on(window);
  }
  if (is_near(landed, window.from_us)) {
    flush();
    return decode_on(window);
  }
  return landed > shown_us_ ? decode_alone() : FramePtr();
}

bool PictureSampler::is_near(std::int64_t from_us, std::int64_t to_us) const {
  const auto between = static_cast<double>(to_us - from_us) / 1e6 * rate_;
  return between <= static_cast<double>(pictures_left_) * kShare;
}

bool PictureSampler::goes_on_to(const Window& window) const {
  if (!goes_on_) return false;
  const AVIndexEntry* keyframe = avformat_index_get_entry_from_timestamp(
      stream_, stream_time(window.to_us - 1), AVSEEK_FLAG_BACKWARD);
  return keyframe != nullptr && keyframe->timestamp <= group_;
}

base::Result<std::int64_t> PictureSampler::go_to(std::int64_t time_us) {
  goes_on_ = false;
  has_packet_ = false;
  if (auto sought = input_->seek(*stream_, stream_time(time_us)); !sought) {
    if (sought.error().code == ErrorCode::kIo) return std::unexpected(sought.error());
    return kNowhere;
  }
  return read_to_keyframe();
}

base::Result<std::int64_t> PictureSampler::read_to_keyframe() {
  for (int packets = 0; packets < kPacketsToKeyframeMax; ++packets) {
    const auto more = read_packet();
    if (!more) return std::unexpected(more.error());
    if (!*more) return kNowhere;
    if ((packet_->flags & AV_PKT_FLAG_KEY) != 0) return time_us(time_in(*packet_));
  }
  return kNowhere;
}

base::Result<std::int64_t> PictureSampler::go_before(std::int64_t time_us) {
  for (int tries = 1; tries < kSeeksMax; ++tries) {
    const std::int64_t wanted = time_us - tries * tries * kSeekStepUs;
    if (wanted <= 0) break;
    auto there = go_to(wanted);
    if (!there || *there <= time_us) return there;
  }
  // From the beginning, or, where there is no way back, from here.
  std::ignore = input_->rewind(*stream_);
  has_packet_ = false;
  return read_to_keyframe();
}

base::Result<bool> PictureSampler::read_packet() {
  while (true) {
    const auto more = input_->read(*packet_);
    if (!more || !*more) return more;
    if (packet_->stream_index != stream_->index) continue;
    has_packet_ = true;
    return true;
  }
}

std::int64_t PictureSampler::time_of_group() const { return std::max(packet_->pts, packet_->dts); }

base::Result<void> PictureSampler::skip_what_was_sent() {
  while (has_packet_ && packet_->dts <= sent_) {
    has_packet_ = false;
    const auto more = read_packet();
    if (!more) return std::unexpected(more.error());
  }
  return {};
}

// What can't be decoded is left out.
void PictureSampler::send_packet() {
  if ((packet_->flags & AV_PKT_FLAG_KEY) != 0) group_ = time_of_group();
  sent_ = packet_->dts;
  if (timed_by_decoding_) times_.add(packet_->dts);
  std::ignore = avcodec_send_packet(decoder_.get(), packet_.get());
  pictures_left_ = std::max<std::int64_t>(0, pictures_left_ - 1);
  has_packet_ = false;
}

int PictureSampler::receive(AVFrame& picture) {
  const int got = avcodec_receive_frame(decoder_.get(), &picture);
  if (got >= 0 && timed_by_decoding_) {
    picture.best_effort_timestamp = times_.next(picture.pkt_dts, decoder_->has_b_frames);
  }
  return got;
}

void PictureSampler::flush() {
  avcodec_flush_buffers(decoder_.get());
  times_.clear();
}

base::Result<FramePtr> PictureSampler::decode_alone() {
  flush();
  decoder_->skip_frame = AVDISCARD_DEFAULT;
  FramePtr picture = make_frame();
  int got = AVERROR(EAGAIN);
  // Of interlaced video, the fields of a picture may come in packets of their own.
  for (int packets = interlaced_ ? 3 : 1; packets > 0 && got == AVERROR(EAGAIN); --packets) {
    if (!has_packet_) {
      const auto more = read_packet();
      if (!more) return std::unexpected(more.error());
      if (!*more) break;
    }
    send_packet();
    got = receive(*picture);
  }
  if (got < 0) {
    std::ignore = avcodec_send_packet(decoder_.get(), nullptr);
    got = receive(*picture);
  }
  flush();
  goes_on_ = false;
  return got >= 0 ? std::move(picture) : FramePtr();
}

base::Result<FramePtr> PictureSampler::decode_on(const Window& window) {
  goes_on_ = true;
  // Where pictures are counted to be timed, none is left out.
  decoder_->skip_frame = timed_by_decoding_ ? AVDISCARD_DEFAULT : AVDISCARD_NONREF;
  FramePtr last;
  while (true) {
    FramePtr picture = make_frame();
    const int got = receive(*picture);
    if (got >= 0) {
      last = std::move(picture);
      if (time_us(last->best_effort_timestamp) >= window.from_us) return last;
      continue;
    }
    if (got == AVERROR_EOF || !goes_on_) {
      goes_on_ = false;
      return last;
    }
    if (pictures_left_ == 0) return last;
    if (!has_packet_) {
      const auto more = read_packet();
      if (!more) return std::unexpected(more.error());
      if (!*more) {
        std::ignore = avcodec_send_packet(decoder_.get(), nullptr);
        goes_on_ = false;
        continue;
      }
    }
    send_packet();
  }
}

base::Result<FramePtr> PictureSampler::normalise(FramePtr picture) {
  picture->pts = picture->best_effort_timestamp;
  auto filter = Filter::for_video(*picture, stream_->time_base, chain_);
  if (!filter) return std::unexpected(filter.error());
  auto pushed = filter->push(picture.get());
  if (pushed) pushed = filter->push(nullptr);
  if (!pushed) return std::unexpected(pushed.error());
  FramePtr ready = make_frame();
  const auto pulled = filter->pull(*ready);
  if (!pulled) return std::unexpected(pulled.error());
  return *pulled ? std::move(ready) : FramePtr();
}

}  // namespace media
