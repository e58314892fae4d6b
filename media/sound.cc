#include "media/sound.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "media/filter.h"
#include "media/fragmenter.h"
#include "media/input.h"
#include "package/sound_cuts.h"

namespace media {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr int kRate = 48'000;
constexpr int kAacBitRate = 128'000;
constexpr int kOpusBitRate = 96'000;

// How the track is to be made; docs/worker-protocol.md.
struct SoundSpec {
  std::string name;  // "audio", "audio-opus"
  AVCodecID codec = AV_CODEC_ID_NONE;
  int frame = 0;  // Samples.
  int lead = 0;   // Samples that the encoder puts before the sound, in the track; 0: left out.
  std::int64_t frames = 0;
  std::vector<std::int64_t> boundaries;

  [[nodiscard]] AVSampleFormat format() const {
    return codec == AV_CODEC_ID_AAC ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_FLT;
  }
};

// Where segments begin, in frames; none: it makes no sense. Older origins list them.
std::vector<std::int64_t> read_cuts(const json& spec) {
  if (const auto listed = spec.find("boundaries"); listed != spec.end()) return *listed;
  const package::SoundCuts cuts{.length_num = spec.at("segment").at(0),
                                .length_den = spec.at("segment").at(1),
                                .frame = spec.at("frame"),
                                .lead = spec.at("lead"),
                                .segments = spec.at("segments")};
  return cuts.are_within_bounds() ? cuts.cuts() : std::vector<std::int64_t>();
}

base::Result<SoundSpec> read_spec(const json& spec) {
  const std::string codec = spec.value("codec", "aac");
  SoundSpec read{.name = spec.value("name", "audio"),
                 .codec = codec == "aac"    ? AV_CODEC_ID_AAC
                          : codec == "opus" ? AV_CODEC_ID_OPUS
                                            : AV_CODEC_ID_NONE,
                 .frame = spec.value("frame", 1'024),
                 .lead = spec.value("lead", 0),
                 .frames = spec.at("frames"),
                 .boundaries = read_cuts(spec)};
  if (read.boundaries.empty() || read.codec == AV_CODEC_ID_NONE || read.frame < 1 ||
      read.lead < 0) {
    return base::fail(ErrorCode::kInvalid, "a task's spec: sound of an unknown kind");
  }
  return read;
}

base::Result<CodecPtr> open_encoder(const SoundSpec& spec) {
  const bool is_aac = spec.codec == AV_CODEC_ID_AAC;
  const AVCodec* codec = avcodec_find_encoder_by_name(is_aac ? "aac" : "libopus");
  if (codec == nullptr) {
    return base::fail(ErrorCode::kUnsupported, "this FFmpeg has no encoder of " + spec.name);
  }
  CodecPtr encoder(avcodec_alloc_context3(codec));
  encoder->sample_rate = kRate;
  encoder->sample_fmt = spec.format();
  encoder->bit_rate = is_aac ? kAacBitRate : kOpusBitRate;
  if (is_aac) encoder->profile = FF_PROFILE_AAC_LOW;
  encoder->time_base = {1, kRate};
  encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_channel_layout_default(&encoder->ch_layout, 2);
  if (const int opened = avcodec_open2(encoder.get(), codec, nullptr); opened < 0) {
    return av_fail("its sound's encoder did not start", opened);
  }
  const bool is_as_planned = encoder->frame_size == spec.frame &&
                             (spec.lead == 0 || encoder->initial_padding == spec.lead);
  if (!is_as_planned) {
    return base::fail(ErrorCode::kUnsupported,
                      "this FFmpeg's encoder of " + spec.name + " has frames of " +
                          std::to_string(encoder->frame_size) + " samples and begins " +
                          std::to_string(encoder->initial_padding) +
                          " early, which is not planned");
  }
  return encoder;
}

// Samples in, segments out.
class SoundTrack {
 public:
  SoundTrack(SoundSpec spec, const Taker& taker) : spec_(std::move(spec)), taker_(taker) {}

  base::Result<void> open() {
    auto encoder = open_encoder(spec_);
    if (!encoder) return std::unexpected(encoder.error());
    encoder_ = std::move(*encoder);
    auto fragmenter = Fragmenter::open(*encoder_, kRate, spec_.lead);
    if (!fragmenter) return std::unexpected(fragmenter.error());
    fragmenter_ = std::move(*fragmenter);
    return give("init", fragmenter_->init());
  }

  [[nodiscard]] bool is_full() const { return added_ == spec_.frames; }
  // Samples that it has.
  [[nodiscard]] std::int64_t position() const { return added_ * spec_.frame + filled_; }
  [[nodiscard]] std::int64_t position_us() const { return position() * 1'000'000 / kRate; }

  // However many there are.
  base::Result<void> add(const AVFrame& samples) {
    for (int taken = 0; taken < samples.nb_samples && !is_full();) {
      if (filling_ == nullptr) filling_ = silence();
      const int count = std::min(samples.nb_samples - taken, spec_.frame - filled_);
      av_samples_copy(filling_->extended_data, samples.extended_data, filled_, taken, count, 2,
                      spec_.format());
      taken += count;
      filled_ += count;
      if (filled_ < spec_.frame) break;
      if (auto encoded = encode_filled(); !encoded) return encoded;
    }
    return {};
  }

  base::Result<void> finish() {
    if (filled_ > 0) {
      if (auto encoded = encode_filled(); !encoded) return encoded;
    }
    while (!is_full()) {
      if (auto encoded = encode(silence()); !encoded) return encoded;
    }
    // One more, so that the last frame's second half is there; its packet is left out.
    if (packed_ < spec_.frames) {
      FramePtr last = silence();
      last->pts = added_ * spec_.frame;
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

  [[nodiscard]] FramePtr silence() const {
    FramePtr frame = make_frame();
    frame->nb_samples = spec_.frame;
    frame->sample_rate = kRate;
    frame->format = spec_.format();
    av_channel_layout_default(&frame->ch_layout, 2);
    CHECK(av_frame_get_buffer(frame.get(), 0) >= 0);
    av_samples_set_silence(frame->extended_data, 0, spec_.frame, 2, spec_.format());
    return frame;
  }

  base::Result<void> encode_filled() {
    filled_ = 0;
    return encode(std::move(filling_));
  }

  base::Result<void> encode(FramePtr frame) {
    frame->pts = added_ * spec_.frame;
    ++added_;
    if (avcodec_send_frame(encoder_.get(), frame.get()) < 0) return broken();
    return take_packets();
  }

  base::Result<void> take_packets() {
    while (true) {
      const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return {};
      if (got < 0) return broken();
      // What AAC begins with says of its time that it lies before 0.
      const bool is_left_out = spec_.lead == 0 && packet_->pts < 0;
      if (is_left_out || packed_ == spec_.frames) {
        av_packet_unref(packet_.get());
        continue;
      }
      const bool begins =
          segment_ + 1 < spec_.boundaries.size() && packed_ == spec_.boundaries[segment_ + 1];
      if (begins) {
        if (auto ended = end_segment(); !ended) return ended;
      }
      packet_->pts = packet_->dts = packed_ * spec_.frame - spec_.lead;
      packet_->duration = spec_.frame;
      ++packed_;
      if (auto added = fragmenter_->add(*packet_); !added) return added;
    }
  }

  base::Result<void> end_segment() {
    if (auto ended = fragmenter_->end_chunk(); !ended) return ended;
    const std::string key = "seg/" + std::to_string(segment_);
    ++segment_;
    return give(key, fragmenter_->take_segment());
  }

  base::Result<void> give(const std::string& key, std::string bytes) {
    return taker_.product({.key = spec_.name + "/0/" + key, .bytes = std::move(bytes)});
  }

  const SoundSpec spec_;
  const Taker& taker_;
  CodecPtr encoder_;
  std::unique_ptr<Fragmenter> fragmenter_;
  PacketPtr packet_ = make_packet();
  FramePtr filling_;  // The next frame; null: it has no sample yet.
  int filled_ = 0;
  std::int64_t added_ = 0;   // Frames' worth of samples.
  std::int64_t packed_ = 0;  // Frames.
  std::size_t segment_ = 0;
};

// Puts sound like `decoded` behind the `position` samples that the track has.
//
// Mono is given to both sides as it is, which is how players play it: libswresample would turn it down
// by 3 dB. 5.1 is mixed by libswresample, which in floating point does not turn it down; what gets beyond
// full scale by that is limited, with some room for what the encoder adds.
std::string chain(const AVFrame& decoded, std::int64_t position, AVSampleFormat format) {
  const int channels = decoded.ch_layout.nb_channels;
  // That libswresample counts this in samples of what comes in, its documentation doesn't say.
  const std::int64_t first = av_rescale(position, decoded.sample_rate, kRate);
  return (channels == 1 ? "pan=stereo|c0=c0|c1=c0," : "") +
         ("aresample=48000:async=1:first_pts=" + std::to_string(first)) +
         // Said here: what follows must not get six channels, and the mixing be done behind it.
         ":min_hard_comp=0.04:osf=fltp,aformat=channel_layouts=stereo:sample_fmts=fltp," +
         (channels > 2 ? "alimiter=level=disabled:limit=0.95:attack=5:release=50:latency=enabled,"
                       : "") +
         "asoftclip=type=hard,aformat=channel_layouts=stereo:sample_rates=48000:sample_fmts=" +
         av_get_sample_fmt_name(format);
}

// The decoder, and the filter that puts its samples on the presentation's time.
class SampleReader {
 public:
  SampleReader(ByteSource& source, const json& spec, const SoundSpec& sound)
      : source_(source), spec_(spec), sound_(sound) {}

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
    input_->keep_only({stream_});
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
    if (auto taken = check_sound_rate(decoded.sample_rate); !taken) return taken;
    const AVRational per_sample{1, decoded.sample_rate};
    const std::int64_t at = decoded.best_effort_timestamp;
    if (at != AV_NOPTS_VALUE) {
      decoded.pts = av_rescale_q(at, stream_->time_base, per_sample) -
                    av_rescale_q(start_us_, AVRational{1, 1'000'000}, per_sample);
    }
    if (!filter_) {
      auto filter =
          Filter::for_audio(decoded, per_sample, chain(decoded, track.position(), sound_.format()));
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
  const SoundSpec& sound_;
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
    const auto sound = read_spec(spec);
    if (!sound) return std::unexpected(sound.error());
    SoundTrack track(*sound, taker);
    SampleReader reader(source, spec, *sound);
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
