#include "media/probe.h"

extern "C" {
#include <libavutil/display.h>
}

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/av.h"
#include "media/completeness.h"
#include "media/input.h"

namespace media {
namespace {

using base::ErrorCode;
using nlohmann::json;

// The packets of one stream, as far as they matter.
struct Track {
  AVStream* stream = nullptr;
  std::vector<std::int64_t> times;  // Of presentation, µs.
  std::int64_t end_us = INT64_MIN;
  std::size_t keyframes = 0;
  std::size_t keyframes_timed = 0;  // That say when they are shown.

  void add(const AVPacket& packet) {
    const std::int64_t at = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
    if (at == AV_NOPTS_VALUE) return;
    const std::int64_t us = to_us(at, stream->time_base);
    if ((packet.flags & AV_PKT_FLAG_DISCARD) == 0) times.push_back(us);
    const std::int64_t length = std::max<std::int64_t>(0, packet.duration);
    end_us = std::max(end_us, us + to_us(length, stream->time_base));
    if ((packet.flags & AV_PKT_FLAG_KEY) == 0) return;
    ++keyframes;
    if (packet.pts != AV_NOPTS_VALUE) ++keyframes_timed;
  }
  // Whether packets say only when they are decoded. B-frames are no witness: libavformat gives them
  // the time of their decoding where there is no other.
  [[nodiscard]] bool is_timed_by_decoding() const { return keyframes > 0 && keyframes_timed == 0; }
};

int rotation_of(const AVStream& stream) {
  const auto* matrix = reinterpret_cast<const std::int32_t*>(
      av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
  if (matrix == nullptr) return 0;
  const double angle = av_display_rotation_get(matrix);
  if (std::isnan(angle)) return 0;
  // Counter-clockwise there; here: by how much the picture must be turned clockwise.
  const auto quarter = static_cast<int>(std::lround(-angle / 90));
  return ((quarter % 4) + 4) % 4 * 90;
}

bool is_hdr(const AVCodecParameters& codec) {
  return codec.color_trc == AVCOL_TRC_SMPTE2084 || codec.color_trc == AVCOL_TRC_ARIB_STD_B67;
}

bool is_interlaced(const AVCodecParameters& codec) {
  return codec.field_order != AV_FIELD_PROGRESSIVE && codec.field_order != AV_FIELD_UNKNOWN;
}

// Matroska's may say any number; H.273 has a byte of them, in which 2 is "unspecified".
int in_h273(int said) { return said >= 0 && said <= 255 ? said : 2; }

// As they will be after the pictures were made ready. Files that don't say: by size, as players do.
json color_of(const AVCodecParameters& codec) {
  const bool standard = codec.height < 600;
  if (is_hdr(codec)) return {AVCOL_PRI_BT709, AVCOL_TRC_BT709, AVCOL_SPC_BT709};
  int matrix = in_h273(codec.color_space);
  if (matrix == AVCOL_SPC_UNSPECIFIED || matrix == AVCOL_SPC_RGB) {
    matrix = standard ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_BT709;
  }
  int primaries = in_h273(codec.color_primaries);
  if (primaries == AVCOL_PRI_UNSPECIFIED) {
    primaries = standard ? AVCOL_PRI_SMPTE170M : AVCOL_PRI_BT709;
  }
  int transfer = in_h273(codec.color_trc);
  if (transfer == AVCOL_TRC_UNSPECIFIED) transfer = AVCOL_TRC_BT709;
  return {primaries, transfer, matrix};
}

struct Rate {
  AVRational rate{0, 1};
  bool variable = false;
};

// From the times of the pictures: constant when nearly all are as far apart as the middle one of the
// distances says, but for rounding.
Rate rate_of(const AVStream& stream, const std::vector<std::int64_t>& times) {
  Rate found;
  if (times.size() < 2) {
    const AVRational said = stream.avg_frame_rate;
    found.rate = said.num > 0 && said.den > 0 ? said : AVRational{30, 1};
    return found;
  }
  std::vector<std::int64_t> gaps;
  gaps.reserve(times.size());
  for (std::size_t i = 1; i < times.size(); ++i) gaps.push_back(times[i] - times[i - 1]);
  std::vector<std::int64_t> sorted = gaps;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
  const auto middle = static_cast<double>(std::max<std::int64_t>(1, sorted[sorted.size() / 2]));
  const double average =
      static_cast<double>(times.back() - times.front()) / static_cast<double>(gaps.size());
  const double tick = 1e6 * av_q2d(stream.time_base);
  const double slack = std::max(1.5 * tick, middle * 0.02);
  const auto odd = std::ranges::count_if(
      gaps, [&](std::int64_t gap) { return std::abs(static_cast<double>(gap) - average) > slack; });
  found.variable = static_cast<double>(odd) > 0.02 * static_cast<double>(gaps.size()) + 1;
  // Where a time base rounds, what the file declares is exact, then the rates that there are: believed
  // as far as they agree.
  const double measured = found.variable ? average : (odd == 0 ? average : middle);
  const double allowed = measured * 0.0002 + 1.5 * tick / static_cast<double>(gaps.size()) + 0.5;
  const auto agrees = [&](AVRational rate) {
    return rate.num > 0 && rate.den > 0 && std::abs(1e6 / av_q2d(rate) - measured) <= allowed;
  };
  for (const AVRational declared : {stream.r_frame_rate, stream.avg_frame_rate}) {
    if (agrees(declared) && (declared.den <= 2 || declared.den == 1'001)) {
      found.rate = declared;
      return found;
    }
  }
  constexpr AVRational kUsual[]{{24'000, 1'001}, {24, 1}, {25, 1},         {30'000, 1'001},
                                {30, 1},         {50, 1}, {60'000, 1'001}, {60, 1}};
  const AVRational nearest = *std::ranges::min_element(
      kUsual, {}, [&](AVRational rate) { return std::abs(1e6 / av_q2d(rate) - measured); });
  if (agrees(nearest)) {
    found.rate = nearest;
    return found;
  }
  found.rate = av_d2q(1e6 / std::max(1.0, measured), 60'000);
  return found;
}

json video_of(const Track& track, const Rate& rate, AVFormatContext& format) {
  const AVCodecParameters& codec = *track.stream->codecpar;
  const AVRational sar = av_guess_sample_aspect_ratio(&format, track.stream, nullptr);
  return {{"stream", track.stream->index},
          {"codec", avcodec_get_name(codec.codec_id)},
          {"width", std::max(0, codec.width)},
          {"height", std::max(0, codec.height)},
          {"sar", {std::max(1, sar.num), std::max(1, sar.den)}},
          {"rotation", rotation_of(*track.stream)},
          {"interlaced", is_interlaced(codec)},
          {"hdr", is_hdr(codec)},
          {"color", color_of(codec)},
          {"rate", {rate.rate.num, rate.rate.den}},
          {"variable", rate.variable},
          {"pictures", track.times.size()},
          {"keyframes", track.keyframes},
          {"timed_by_decoding", track.is_timed_by_decoding()},
          {"first_us", track.times.front()}};
}

json audio_of(const Track& track) {
  const AVCodecParameters& codec = *track.stream->codecpar;
  return {{"stream", track.stream->index},
          {"codec", avcodec_get_name(codec.codec_id)},
          {"channels", std::max(0, codec.ch_layout.nb_channels)},
          {"rate", codec.sample_rate},
          {"first_us", track.times.front()}};
}

}  // namespace

base::Result<json> probe(ByteSource& source, std::string_view demuxer, const Taker& taker,
                         std::size_t packets_max) {
  auto input = Input::open(source, demuxer);
  if (!input) return std::unexpected(input.error());
  Track video{.stream = (*input)->best(AVMEDIA_TYPE_VIDEO)};
  Track audio{.stream = (*input)->best(AVMEDIA_TYPE_AUDIO)};
  if (video.stream != nullptr) {
    const AVCodecParameters& codec = *video.stream->codecpar;
    if (std::int64_t{codec.width} * codec.height > kPixelsMax) {
      return base::fail(ErrorCode::kTooLarge,
                        "The picture has " + std::to_string(codec.width) + " × " +
                            std::to_string(codec.height) + " pixels, more than can be handled.",
                        base::Blame::kClient);
    }
  }
  // 0: it is the packets' to say.
  if (audio.stream != nullptr && audio.stream->codecpar->sample_rate != 0) {
    if (auto taken = check_sound_rate(audio.stream->codecpar->sample_rate); !taken) {
      return std::unexpected(taken.error());
    }
  }
  (*input)->keep_only({video.stream, audio.stream});
  const PacketPtr packet = make_packet();
  for (std::size_t packets = 0;;) {
    const auto more = (*input)->read(*packet);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    for (Track* track : {&video, &audio}) {
      if (track->stream == nullptr || packet->stream_index != track->stream->index) continue;
      if (packets++ == packets_max) {
        return base::fail(ErrorCode::kTooLarge,
                          "The file has more than " + std::to_string(packets_max) +
                              " pictures and pieces of sound; cut it into parts.",
                          base::Blame::kClient);
      }
      track->add(*packet);
      if (packets % 1024 == 0) taker.position(track->end_us);
    }
  }
  for (const Track* track : {&video, &audio}) {
    if (track->stream == nullptr || demuxer != "mov") continue;
    if (auto complete = check_complete(*track->stream, source.size()); !complete) {
      return std::unexpected(complete.error());
    }
  }
  for (Track* track : {&video, &audio}) {
    std::ranges::sort(track->times);
    if (track->times.empty()) track->stream = nullptr;
  }
  if (video.stream == nullptr && audio.stream == nullptr) {
    return base::fail(ErrorCode::kInvalid, "The file has no picture and no sound in it.",
                      base::Blame::kClient);
  }

  json found{{"container", demuxer}};
  std::int64_t start = 0;
  std::int64_t end = INT64_MIN;
  if (video.stream != nullptr) {
    const Rate rate = rate_of(*video.stream, video.times);
    start = video.times.front();
    const double frame_us = rate.rate.num > 0 ? 1e6 / av_q2d(rate.rate) : 1e6 / 30;
    if (audio.stream != nullptr && audio.times.front() < start) {
      const double early = static_cast<double>(start - audio.times.front());
      // Less than half a frame is an encoder's priming, not sound that someone would miss.
      const double frames = std::floor(early / frame_us + 0.5);
      start -= std::llround(frames * frame_us);
    }
    end = std::max(video.end_us, video.times.back() + std::int64_t{std::llround(frame_us)});
    found["video"] = video_of(video, rate, (*input)->format());
  } else {
    start = audio.times.front();
  }
  if (audio.stream != nullptr) {
    end = std::max(end, audio.end_us);
    found["audio"] = audio_of(audio);
  }
  for (const char* track : {"video", "audio"}) {
    if (found.contains(track)) found[track]["start_us"] = start;
  }
  found["duration_us"] = end - start;
  return found;
}

}  // namespace media
