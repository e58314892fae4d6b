#include "media/rung_encoder.h"

#include <utility>

namespace media {
namespace {

// VP9 and AV1 keep what is decoded earlier in one packet with what is shown.
bool is_reordered(const RungSpec& rung) { return rung.codec == PictureCodec::kH264; }

}  // namespace

base::Result<std::unique_ptr<RungEncoder>> RungEncoder::open(const RungSpec& rung,
                                                             const UnitSpec& unit, int threads,
                                                             Taker& taker) {
  std::unique_ptr<RungEncoder> made(new RungEncoder(rung, unit, taker));
  auto encoder = open_picture_encoder(rung, unit, threads);
  if (!encoder) return std::unexpected(encoder.error());
  made->encoder_ = std::move(*encoder);
  const std::int64_t delay = is_reordered(rung) ? made->encoder_->has_b_frames : 0;
  auto fragmenter = Fragmenter::open(*made->encoder_, unit.rate.num, delay * unit.rate.den);
  if (!fragmenter) return std::unexpected(fragmenter.error());
  made->fragmenter_ = std::move(*fragmenter);
  made->segment_first_ = unit.first;
  if (auto given = made->give("init", made->fragmenter_->init()); !given) {
    return std::unexpected(given.error());
  }
  return made;
}

base::Result<void> RungEncoder::give(std::string key, std::string bytes) {
  return taker_.product(
      {.key = rung_.name + "/" + std::to_string(unit_.number) + "/" + std::move(key),
       .bytes = std::move(bytes)});
}

base::Result<void> RungEncoder::add(const AVFrame& picture) {
  const FramePtr frame = share(picture);
  frame->pts = unit_.first + added_;
  frame->pict_type = added_ % unit_.gop == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  frame->sample_aspect_ratio = {1, 1};
  frame->color_range = encoder_->color_range;
  frame->color_primaries = encoder_->color_primaries;
  frame->color_trc = encoder_->color_trc;
  frame->colorspace = encoder_->colorspace;
  ++added_;
  if (const int sent = avcodec_send_frame(encoder_.get(), frame.get()); sent < 0) {
    return av_fail("the encoder of " + rung_.name + " failed", sent);
  }
  return take_packets();
}

base::Result<void> RungEncoder::take_packets() {
  while (true) {
    const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return {};
    if (got < 0) return av_fail("the encoder of " + rung_.name + " failed", got);
    const std::int64_t number = packet_->pts - unit_.first;
    if (!is_reordered(rung_)) packet_->dts = packet_->pts;
    if ((packet_->flags & AV_PKT_FLAG_KEY) != 0 && number > 0) {
      if (auto ended = fragmenter_->end_chunk(); !ended) return ended;
      if (number % unit_.segment == 0) {
        if (auto given = give_segment(); !given) return given;
      }
    }
    // From the grid's frames to the track's time scale.
    packet_->pts *= unit_.rate.den;
    packet_->dts *= unit_.rate.den;
    packet_->duration = unit_.rate.den;
    ++packed_;
    if (auto added = fragmenter_->add(*packet_); !added) return added;
  }
}

base::Result<void> RungEncoder::give_segment() {
  const std::int64_t number = segment_first_ / unit_.segment;
  segment_first_ = unit_.first + packed_;
  return give("seg/" + std::to_string(number), fragmenter_->take_segment());
}

base::Result<void> RungEncoder::finish() {
  if (const int sent = avcodec_send_frame(encoder_.get(), nullptr); sent < 0) {
    return av_fail("the encoder of " + rung_.name + " failed", sent);
  }
  if (auto taken = take_packets(); !taken) return taken;
  CHECK(packed_ == added_);
  if (auto ended = fragmenter_->end_chunk(); !ended) return ended;
  return give_segment();
}

}  // namespace media
