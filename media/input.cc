#include "media/input.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <span>

namespace media {
namespace {

using base::ErrorCode;

constexpr int kIoBufferBytes = 256 * 1024;
// Above kTracksMax, so that it can be told how many there are. Beyond it libav says that it has no memory.
constexpr int kStreamsMax = 1'000;
constexpr const char* kDemuxers = "mov,matroska,webm,avi,mpegts,ogg,wav,mp3,flac";
constexpr const char* kCodecs =
    "h264,hevc,vp8,vp9,libdav1d,mpeg4,mpeg2video,mpeg1video,h263,msmpeg4v3,mjpeg,prores,dnxhd,"
    "theora,"
    "rawvideo,ffv1,qtrle,"
    "aac,mp3float,mp2float,ac3,eac3,opus,vorbis,flac,alac,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_u8,pcm_s8,pcm_mulaw,pcm_alaw";

// Names, not ids, are on the list: libavcodec may have several decoders of one codec.
const AVCodec* decoder_for(AVCodecID id) {
  const char* wanted = nullptr;
  if (id == AV_CODEC_ID_AV1) wanted = "libdav1d";
  if (id == AV_CODEC_ID_VP8) wanted = "vp8";
  if (id == AV_CODEC_ID_VP9) wanted = "vp9";
  if (id == AV_CODEC_ID_OPUS) wanted = "opus";
  if (id == AV_CODEC_ID_VORBIS) wanted = "vorbis";
  if (id == AV_CODEC_ID_MP2) wanted = "mp2float";
  if (id == AV_CODEC_ID_MP3) wanted = "mp3float";
  if (id == AV_CODEC_ID_AC3) wanted = "ac3";
  return wanted != nullptr ? avcodec_find_decoder_by_name(wanted) : avcodec_find_decoder(id);
}

base::Result<void> check_tracks(const AVFormatContext& format) {
  const std::span streams(format.streams, format.nb_streams);
  const auto tracks = std::ranges::count_if(streams, [](const AVStream* stream) {
    return stream->codecpar->codec_type != AVMEDIA_TYPE_ATTACHMENT;
  });
  if (tracks <= kTracksMax) return {};
  return base::fail(ErrorCode::kTooLarge,
                    "it has " + std::to_string(tracks) + " tracks; up to " +
                        std::to_string(kTracksMax) + " can be taken",
                    base::Blame::kClient);
}

// MP4's index is often written last.
std::unexpected<base::Error> can_not_be_opened(std::string_view demuxer, int error) {
  if (error == AVERROR(ENOMEM)) {
    return base::fail(ErrorCode::kTooLarge,
                      "it has more than " + std::to_string(kStreamsMax) +
                          " tracks, or takes more memory than a file may have",
                      base::Blame::kClient);
  }
  if (error != AVERROR_INVALIDDATA && error != AVERROR_EOF) {
    return av_fail("it can't be read", error);
  }
  return base::fail(
      ErrorCode::kCorrupt,
      demuxer == "mov" ? "it is damaged or not complete: it has no index that can be read. Send it "
                         "again from where it was made."
                       : "it is damaged or not complete. Send it again from where it was made.",
      base::Blame::kClient);
}

}  // namespace

base::Result<void> check_sound_rate(int rate) {
  if (rate >= kSoundRateMin) return {};
  return base::fail(ErrorCode::kUnsupported,
                    "its sound is said to have a rate of " + std::to_string(rate) + " Hz; from " +
                        std::to_string(kSoundRateMin) + " Hz on it can be taken",
                    base::Blame::kClient);
}

base::Result<std::unique_ptr<Input>> Input::open(ByteSource& source, std::string_view demuxer) {
  std::unique_ptr<Input> input(new Input(source));
  const AVInputFormat* format = av_find_input_format(std::string(demuxer).c_str());
  if (format == nullptr) {
    return base::fail(ErrorCode::kUnsupported,
                      "There is no reader for files of the kind " + std::string(demuxer) + ".");
  }
  auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBufferBytes));
  CHECK(buffer != nullptr);
  input->io_ = avio_alloc_context(buffer, kIoBufferBytes, 0, input.get(), &Input::read_bytes,
                                  nullptr, &Input::seek_bytes);
  input->format_ = avformat_alloc_context();
  CHECK(input->io_ != nullptr && input->format_ != nullptr);
  input->format_->pb = input->io_;
  input->format_->flags |= AVFMT_FLAG_CUSTOM_IO;

  AVDictionary* options = nullptr;
  av_dict_set(&options, "format_whitelist", kDemuxers, 0);
  av_dict_set(&options, "codec_whitelist", kCodecs, 0);
  av_dict_set(&options, "protocol_whitelist", "none", 0);
  av_dict_set_int(&options, "max_streams", kStreamsMax, 0);
  if (demuxer == "mov") {
    av_dict_set(&options, "enable_drefs", "0", 0);
    av_dict_set(&options, "use_absolute_path", "0", 0);
  }
  const int opened = avformat_open_input(&input->format_, nullptr, format, &options);
  av_dict_free(&options);
  if (opened < 0) {
    if (input->source_error_) return std::unexpected(*input->source_error_);
    return can_not_be_opened(demuxer, opened);
  }
  if (auto few = check_tracks(*input->format_); !few) return std::unexpected(few.error());
  if (const int found = avformat_find_stream_info(input->format_, nullptr); found < 0) {
    if (input->source_error_) return std::unexpected(*input->source_error_);
    return av_fail("what is in it can't be told", found);
  }
  // Those that have no header are found by their packets.
  if (auto few = check_tracks(*input->format_); !few) return std::unexpected(few.error());
  return input;
}

Input::~Input() {
  avformat_close_input(&format_);
  if (io_ != nullptr) {
    av_freep(static_cast<void*>(&io_->buffer));
    avio_context_free(&io_);
  }
}

int Input::read_bytes(void* self, std::uint8_t* to, int size) {
  auto& input = *static_cast<Input*>(self);
  const std::uint64_t left = input.source_.size() - std::min(input.source_.size(), input.position_);
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(left, static_cast<std::uint64_t>(size)));
  if (count == 0) return AVERROR_EOF;
  auto read = input.source_.read(input.position_, {reinterpret_cast<char*>(to), count});
  if (!read) {
    input.source_error_ = read.error();
    return AVERROR(EIO);
  }
  input.position_ += count;
  return static_cast<int>(count);
}

std::int64_t Input::seek_bytes(void* self, std::int64_t offset, int whence) {
  auto& input = *static_cast<Input*>(self);
  const auto size = static_cast<std::int64_t>(input.source_.size());
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
      return size;
    case SEEK_SET:
      break;
    case SEEK_CUR:
      offset += static_cast<std::int64_t>(input.position_);
      break;
    case SEEK_END:
      offset += size;
      break;
    default:
      return AVERROR(EINVAL);
  }
  if (offset < 0) return AVERROR(EINVAL);
  input.position_ = static_cast<std::uint64_t>(offset);
  return offset;
}

AVStream* Input::best(AVMediaType type) {
  const int index = av_find_best_stream(format_, type, -1, -1, nullptr, 0);
  AVStream* found = stream(index);
  return found != nullptr && (found->disposition & AV_DISPOSITION_ATTACHED_PIC) == 0 ? found
                                                                                     : nullptr;
}

AVStream* Input::stream(int index) {
  if (index < 0 || static_cast<unsigned>(index) >= format_->nb_streams) return nullptr;
  return format_->streams[index];
}

void Input::keep_only(std::initializer_list<const AVStream*> streams) {
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* one = format_->streams[i];
    const bool is_kept = std::ranges::find(streams, one) != streams.end();
    one->discard = is_kept ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
}

base::Result<bool> Input::read(AVPacket& packet) {
  av_packet_unref(&packet);
  const int read = av_read_frame(format_, &packet);
  if (read >= 0) return true;
  if (source_error_) return std::unexpected(*source_error_);
  return false;
}

base::Result<void> Input::seek(const AVStream& stream, std::int64_t time) {
  if (const int done = av_seek_frame(format_, stream.index, time, AVSEEK_FLAG_BACKWARD); done < 0) {
    if (source_error_) return std::unexpected(*source_error_);
    return av_fail("it can't be read from the middle", done);
  }
  return {};
}

base::Result<void> Input::rewind(const AVStream& stream) {
  constexpr std::int64_t kBeforeAll = INT64_MIN / 2;
  if (av_seek_frame(format_, stream.index, kBeforeAll, AVSEEK_FLAG_BACKWARD) >= 0) return {};
  // By AVI's index nothing is at or before that; what is after it is the first.
  if (const int done = av_seek_frame(format_, stream.index, kBeforeAll, 0); done < 0) {
    if (source_error_) return std::unexpected(*source_error_);
    return av_fail("it can't be read from the beginning again", done);
  }
  return {};
}

base::Result<CodecPtr> Input::open_decoder(const AVStream& stream, int threads) {
  const AVCodec* codec = decoder_for(stream.codecpar->codec_id);
  if (codec == nullptr) {
    return base::fail(ErrorCode::kUnsupported,
                      std::string("The codec ") + avcodec_get_name(stream.codecpar->codec_id) +
                          " is not supported; export the video as H.264 and AAC.",
                      base::Blame::kClient);
  }
  CodecPtr decoder(avcodec_alloc_context3(codec));
  CHECK(decoder != nullptr);
  if (const int set = avcodec_parameters_to_context(decoder.get(), stream.codecpar); set < 0) {
    return av_fail("its track can't be decoded", set);
  }
  decoder->pkt_timebase = stream.time_base;
  decoder->thread_count = threads;
  decoder->max_pixels = kPixelsMax;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "codec_whitelist", kCodecs, 0);
  const int opened = avcodec_open2(decoder.get(), codec, &options);
  av_dict_free(&options);
  if (opened < 0) {
    return av_fail(std::string("the codec ") + codec->name + " can't decode it", opened);
  }
  return decoder;
}

}  // namespace media
