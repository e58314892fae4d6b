#include "media/sound.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "media/filter.h"
#include "media/fragmenter.h"
#include "media/input.h"

namespace media {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr int kRate = 48'000;
constexpr int kFrame = 1'024;
constexpr int kBitRate = 128'000;

base::Result<CodecPtr> open_encoder() {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  CHECK(codec != nullptr);
  CodecPtr encoder(avcodec_alloc_context3(codec));
  encoder->sample_rate = kRate;
  encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
  encoder->bit_rate = kBitRate;
  encoder->profile = FF_PROFILE_AAC_LOW;
  encoder->time_base = {1, kRate};
  encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_channel_layout_default(&encoder->ch_layout, 2);
  if (const int opened = avcodec_open2(encoder.get(), codec, nullptr); opened < 0) {
    return av_fail("The sound's encoder did not start", opened);
  }
  CHECK(encoder->frame_size == kFrame);
  return encoder;
}

// Samples in, segments out.
class SoundTrack {
 public:
  SoundTrack(std::int64_t frames, std::vector<std::int64_t> boundaries, const Taker& taker)
      : frames_(frames), boundaries_(std::move(boundaries)), taker_(taker) {}

  base::Result<void> open() {
    auto encoder = open_encoder();
    if (!encoder) return std::unexpected(encoder.error());
    encoder_ = std::move(*encoder);
    auto fragmenter = Fragmenter::open(*encoder_, kRate, 0);
    if (!fragmenter) return std::unexpected(fragmenter.error());
    fragmenter_ = std::move(*fragmenter);
    return give("audio/0/init", fragmenter_->init());
  }

  [[nodiscard]] bool is_full() const { return added_ == frames_; }
  [[nodiscard]] std::int64_t position_us() const { return added_ * kFrame * 1'000'000 / kRate; }

  // kFrame samples, but for the last frame of the source, which may have less.
  base::Result<void> add(const AVFrame& samples) {
    if (is_full()) return {};
    FramePtr frame = share(samples);
    if (frame->nb_samples < kFrame) {
      auto padded = silence();
      av_samples_copy(padded->extended_data, frame->extended_data, 0, 0, frame->nb_samples, 2,
                      AV_SAMPLE_FMT_FLTP);
      frame = std::move(padded);
    }
    return encode(std::move(frame));
  }

  base::Result<void> finish() {
    while (!is_full()) {
      if (auto encoded = encode(silence()); !encoded) return encoded;
    }
    // One more, so that the last frame's second half is there; its packet is left out.
    if (packed_ < frames_) {
      FramePtr last = silence();
      last->pts = added_ * kFrame;
      if (avcodec_send_frame(encoder_.get(), last.get()) < 0) return broken();
      if (auto taken = take_packets(); !taken) return taken;
      if (avcodec_send_frame(encoder_.get(), nullptr) < 0) return broken();
      if (auto taken = take_packets(); !taken) return taken;
    }
    return end_segment();
  }

 private:
  static base::Result<void> broken() {
    return base::fail(ErrorCode::kCorrupt, "The sound's encoder failed.");
  }

  static FramePtr silence() {
    FramePtr frame = make_frame();
    frame->nb_samples = kFrame;
    frame->sample_rate = kRate;
    frame->format = AV_SAMPLE_FMT_FLTP;
    av_channel_layout_default(&frame->ch_layout, 2);
    CHECK(av_frame_get_buffer(frame.get(), 0) >= 0);
    av_samples_set_silence(frame->extended_data, 0, kFrame, 2, AV_SAMPLE_FMT_FLTP);
    return frame;
  }

  base::Result<void> encode(FramePtr frame) {
    frame->pts = added_ * kFrame;
    ++added_;
    if (avcodec_send_frame(encoder_.get(), frame.get()) < 0) return broken();
    return take_packets();
  }

  base::Result<void> take_packets() {
    while (true) {
      const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return {};
      if (got < 0) return broken();
      // The first is priming; what the encoder says of its time is that it lies before 0.
      if (packet_->pts < 0 || packed_ == frames_) {
        av_packet_unref(packet_.get());
        continue;
      }
      const bool begins = segment_ + 1 < boundaries_.size() && packed_ == boundaries_[segment_ + 1];
      if (begins) {
        if (auto ended = end_segment(); !ended) return ended;
      }
      packet_->pts = packet_->dts = packed_ * kFrame;
      packet_->duration = kFrame;
      ++packed_;
      if (auto added = fragmenter_->add(*packet_); !added) return added;
    }
  }

  base::Result<void> end_segment() {
    if (auto ended = fragmenter_->end_chunk(); !ended) return ended;
    const std::string key = "audio/0/seg/" + std::to_string(segment_);
    ++segment_;
    return give(key, fragmenter_->take_segment());
  }

  base::Result<void> give(std::string key, std::string bytes) {
    return taker_.product({.key = std::move(key), .type = "audio/mp4", .bytes = std::move(bytes)});
  }

  const std::int64_t frames_;
  const std::vector<std::int64_t> boundaries_;
  const Taker& taker_;
  CodecPtr encoder_;
  std::unique_ptr<Fragmenter> fragmenter_;
  PacketPtr packet_ = make_packet();
  std::int64_t added_ = 0;   // AAC frames' worth of samples.
  std::int64_t packed_ = 0;  // AAC frames.
  std::size_t segment_ = 0;
};

// libswresample's own mixing keeps the power for mono (each side -3 dB) and, in floating point, does
// not turn 5.1 down; what that lets through beyond full scale is cut.
constexpr const char* kChain =
    "aresample=48000:async=1:first_pts=0:min_hard_comp=0.04:ocl=stereo:osf=fltp,asoftclip=type="
    "hard,"
    "aformat=sample_fmts=fltp:channel_layouts=stereo:sample_rates=48000";

// The decoder, and the filter that puts its samples on the presentation's time.
class SampleReader {
 public:
  SampleReader(ByteSource& source, const json& spec) : source_(source), spec_(spec) {}

  base::Result<void> open() {
    const json& audio = spec_.at("audio");
    auto input = Input::open(source_, spec_.at("container").get<std::string>());
    if (!input) return std::unexpected(input.error());
    input_ = std::move(*input);
    stream_ = input_->stream(audio.value("stream", -1));
    if (stream_ == nullptr || stream_->codecpar->codec_type != AVMEDIA_TYPE_AUDIO) {
      return base::fail(ErrorCode::kInvalid, "The file has no sound where the probe saw one.");
    }
    start_us_ = audio.value("start_us", std::int64_t{0});
    input_->keep_only(*stream_);
    auto decoder = input_->open_decoder(*stream_, 1);
    if (!decoder) return std::unexpected(decoder.error());
    decoder_ = std::move(*decoder);
    return {};
  }

  // Everything, to `track`.
  base::Result<void> read_into(SoundTrack& track, const Taker& taker) {
    const FramePtr decoded = make_frame();
    bool ended = false;
    for (std::int64_t packets = 0; !ended && !track.is_full(); ++packets) {
      const auto more = input_->read(*packet_);
      if (!more) return std::unexpected(more.error());
      if (*more && packet_->stream_index != stream_->index) continue;
      ended = !*more;
      (void)avcodec_send_packet(decoder_.get(), ended ? nullptr : packet_.get());
      while (avcodec_receive_frame(decoder_.get(), decoded.get()) >= 0) {
        if (auto taken = take(*decoded, track); !taken) return taken;
      }
      if (packets % 256 == 0) taker.position(track.position_us());
    }
    return finish_filter(track);
  }
  [[nodiscard]] bool decoded_any() const { return filter_.has_value(); }

 private:
  base::Result<void> take(AVFrame& decoded, SoundTrack& track) {
    if (decoded.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
      av_channel_layout_default(&decoded.ch_layout, decoded.ch_layout.nb_channels);
    }
    if (filter_ && (decoded.sample_rate != rate_ || decoded.format != format_ ||
                    av_channel_layout_compare(&decoded.ch_layout, &layout_) != 0)) {
      // The file changes its mind midway: what the old one holds first.
      if (auto finished = finish_filter(track); !finished) return finished;
      filter_.reset();
    }
    const AVRational per_sample{1, decoded.sample_rate};
    const std::int64_t at = decoded.best_effort_timestamp;
    if (at != AV_NOPTS_VALUE) {
      decoded.pts = av_rescale_q(at, stream_->time_base, per_sample) -
                    av_rescale_q(start_us_, AVRational{1, 1'000'000}, per_sample);
    }
    if (!filter_) {
      auto filter = Filter::for_audio(decoded, per_sample, kChain, kFrame);
      if (!filter) return std::unexpected(filter.error());
      filter_ = std::move(*filter);
      rate_ = decoded.sample_rate;
      format_ = decoded.format;
      av_channel_layout_copy(&layout_, &decoded.ch_layout);
    }
    if (auto pushed = filter_->push(&decoded); !pushed) return pushed;
    return drain(track);
  }

  base::Result<void> drain(SoundTrack& track) {
    const FramePtr samples = make_frame();
    while (true) {
      const auto pulled = filter_->pull(*samples);
      if (!pulled) return std::unexpected(pulled.error());
      if (!*pulled) return {};
      if (auto added = track.add(*samples); !added) return added;
    }
  }

  base::Result<void> finish_filter(SoundTrack& track) {
    if (!filter_) return {};
    if (auto pushed = filter_->push(nullptr); !pushed) return pushed;
    return drain(track);
  }

  ByteSource& source_;
  const json& spec_;
  std::unique_ptr<Input> input_;
  AVStream* stream_ = nullptr;
  CodecPtr decoder_;
  PacketPtr packet_ = make_packet();
  std::optional<Filter> filter_;
  std::int64_t start_us_ = 0;
  int rate_ = 0, format_ = 0;
  AVChannelLayout layout_{};
};

}  // namespace

base::Result<void> encode_sound(ByteSource& source, const json& spec, const Taker& taker) {
  try {
    SoundTrack track(spec.at("frames"), spec.at("boundaries"), taker);
    SampleReader reader(source, spec);
    if (auto opened = reader.open(); !opened) return opened;
    if (auto opened = track.open(); !opened) return opened;
    if (auto read = reader.read_into(track, taker); !read) return read;
    if (!reader.decoded_any()) {
      return base::fail(ErrorCode::kCorrupt, "The sound of the file can't be decoded.",
                        base::Blame::kClient);
    }
    return track.finish();
  } catch (const json::exception& error) {
    return base::fail(ErrorCode::kInvalid, std::string("a task's spec: ") + error.what());
  }
}

}  // namespace media
