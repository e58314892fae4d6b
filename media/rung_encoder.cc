#include "media/rung_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <utility>

namespace media {
namespace {

// How much of the ceiling's seconds a burst may take at once: the peak stays under twice the average.
constexpr double kBufferSeconds = 1.5;

}  // namespace

base::Result<std::unique_ptr<RungEncoder>> RungEncoder::open(const RungSpec& rung,
                                                             const UnitSpec& unit, int threads,
                                                             Taker& taker) {
  std::unique_ptr<RungEncoder> made(new RungEncoder(rung, unit, taker));
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  CHECK(codec != nullptr);
  made->encoder_.reset(avcodec_alloc_context3(codec));
  AVCodecContext& encoder = *made->encoder_;
  encoder.width = rung.width;
  encoder.height = rung.height;
  encoder.pix_fmt = AV_PIX_FMT_YUV420P;
  encoder.sample_aspect_ratio = {1, 1};
  encoder.time_base = av_inv_q(unit.rate);
  encoder.framerate = unit.rate;
  encoder.gop_size = static_cast<int>(unit.gop);
  encoder.keyint_min = static_cast<int>(unit.gop);
  encoder.rc_max_rate = std::int64_t{rung.rate_max_kbps} * 1'000;
  encoder.rc_buffer_size = static_cast<int>(rung.rate_max_kbps * 1'000 * kBufferSeconds);
  encoder.thread_count = threads;
  encoder.flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
  encoder.color_range = AVCOL_RANGE_MPEG;
  encoder.color_primaries = static_cast<AVColorPrimaries>(unit.primaries);
  encoder.color_trc = static_cast<AVColorTransferCharacteristic>(unit.transfer);
  encoder.colorspace = static_cast<AVColorSpace>(unit.matrix);
  AVDictionary* options = nullptr;
  av_dict_set(&options, "preset", unit.preset.c_str(), 0);
  av_dict_set(&options, "profile", "high", 0);
  av_dict_set_int(&options, "crf", unit.crf, 0);
  av_dict_set(&options, "forced-idr", "1", 0);
  av_dict_set(&options, "x264-params", "scenecut=0:open-gop=0:stitchable=1", 0);
  const int opened = avcodec_open2(&encoder, codec, &options);
  av_dict_free(&options);
  if (opened < 0) return av_fail("The encoder of " + rung.name + " did not start", opened);

  auto fragmenter =
      Fragmenter::open(encoder, unit.rate.num, std::int64_t{encoder.has_b_frames} * unit.rate.den);
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
       .type = "video/mp4",
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
    return av_fail("The encoder of " + rung_.name + " failed", sent);
  }
  return take_packets();
}

base::Result<void> RungEncoder::take_packets() {
  while (true) {
    const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return {};
    if (got < 0) return av_fail("The encoder of " + rung_.name + " failed", got);
    const std::int64_t number = packet_->pts - unit_.first;
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
    return av_fail("The encoder of " + rung_.name + " failed", sent);
  }
  if (auto taken = take_packets(); !taken) return taken;
  CHECK(packed_ == added_);
  if (auto ended = fragmenter_->end_chunk(); !ended) return ended;
  return give_segment();
}

}  // namespace media
