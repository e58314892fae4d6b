#include "media/picture_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace media {
namespace {

// How much of the ceiling's seconds a burst may take at once: the peak stays under twice the average.
constexpr double kBufferSeconds = 1.5;

// x264's presets, quick to slow, and what comes near them: libvpx's cpu-used, SVT-AV1's preset.
struct Speed {
  std::string_view preset;
  int vp9, av1;
};
constexpr std::array kSpeeds{
    Speed{"ultrafast", 5, 12}, Speed{"superfast", 5, 11}, Speed{"veryfast", 4, 10},
    Speed{"faster", 4, 9},     Speed{"fast", 3, 8},       Speed{"medium", 2, 7},
    Speed{"slow", 1, 6},       Speed{"slower", 1, 5},     Speed{"veryslow", 0, 4}};

// x264's scale ends at 51, theirs at 63, and is steeper.
constexpr int kVp9CrfMore = 10;
constexpr int kAv1CrfMore = 12;
constexpr int kCrfMax = 63;

Speed speed_of(std::string_view preset) {
  const auto* const found = std::ranges::find(kSpeeds, preset, &Speed::preset);
  return found == kSpeeds.end() ? kSpeeds[2] : *found;
}

class Options {
 public:
  Options() = default;
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  ~Options() { av_dict_free(&all_); }
  void set(const char* name, const std::string& value) {
    av_dict_set(&all_, name, value.c_str(), 0);
  }
  void set(const char* name, int value) { set(name, std::to_string(value)); }
  AVDictionary** get() { return &all_; }

 private:
  AVDictionary* all_ = nullptr;
};

const char* encoder_name(PictureCodec codec) {
  switch (codec) {
    case PictureCodec::kH264:
      return "libx264";
    case PictureCodec::kVp9:
      return "libvpx-vp9";
    case PictureCodec::kAv1:
      return "libsvtav1";
  }
  return "";
}

void set_h264(const UnitSpec& unit, Options& options) {
  options.set("preset", unit.preset);
  options.set("profile", "high");
  options.set("crf", unit.crf);
  options.set("forced-idr", 1);
  options.set("x264-params", "scenecut=0:open-gop=0:stitchable=1");
}

// The ceiling is libvpx's target with a quality that it need not exceed ("constrained quality").
void set_vp9(const UnitSpec& unit, AVCodecContext& encoder, Options& options) {
  encoder.bit_rate = encoder.rc_max_rate;
  options.set("deadline", "good");
  options.set("cpu-used", speed_of(unit.preset).vp9);
  options.set("crf", std::min(kCrfMax, unit.crf + kVp9CrfMore));
  options.set("row-mt", 1);
  options.set("lag-in-frames", 16);
  options.set("auto-alt-ref", 1);
}

// Type 2: real keyframes. Overlays would be packets more than pictures.
void set_av1(const UnitSpec& unit, int threads, Options& options) {
  options.set("preset", speed_of(unit.preset).av1);
  options.set("crf", std::min(kCrfMax, unit.crf + kAv1CrfMore));
  options.set("svtav1-params", "irefresh-type=2:enable-overlays=0:scd=0:keyint=" +
                                   std::to_string(unit.gop) + ":lp=" + std::to_string(threads));
}

}  // namespace

base::Result<CodecPtr> open_picture_encoder(const RungSpec& rung, const UnitSpec& unit,
                                            int threads) {
  const AVCodec* codec = avcodec_find_encoder_by_name(encoder_name(rung.codec));
  if (codec == nullptr) {
    return base::fail(base::ErrorCode::kUnsupported,
                      std::string("this FFmpeg has no ") + encoder_name(rung.codec));
  }
  CodecPtr opened(avcodec_alloc_context3(codec));
  AVCodecContext& encoder = *opened;
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
  Options options;
  switch (rung.codec) {
    case PictureCodec::kH264:
      set_h264(unit, options);
      break;
    case PictureCodec::kVp9:
      set_vp9(unit, encoder, options);
      break;
    case PictureCodec::kAv1:
      set_av1(unit, threads, options);
      break;
  }
  if (const int done = avcodec_open2(&encoder, codec, options.get()); done < 0) {
    return av_fail("the encoder of " + rung.name + " did not start", done);
  }
  return opened;
}

}  // namespace media
