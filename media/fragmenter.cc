#include "media/fragmenter.h"

#include <utility>

namespace media {
namespace {

constexpr int kIoBufferBytes = 64 * 1024;
// "styp": a CMAF segment. ISO/IEC 23000-19 §7.2.
constexpr std::string_view kSegmentType{
    "\0\0\0\x18styp"
    "cmfs\0\0\0\0"
    "cmfs"
    "cmff",
    24};

std::uint32_t big_endian_at(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = (value << 8) | static_cast<unsigned char>(bytes[offset + i]);
  }
  return value;
}

void put_big_endian(std::string& bytes, std::size_t offset, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[offset + i] = static_cast<char>(value >> (24 - 8 * i));
  }
}

// Where the box begins, among those that begin at `offset`. CHECKs: it is our muxer's own output.
std::size_t find_box(const std::string& bytes, std::size_t offset, std::string_view type) {
  while (bytes.compare(offset + 4, 4, type) != 0) {
    offset += big_endian_at(bytes, offset);
    CHECK(offset + 8 <= bytes.size());
  }
  return offset;
}

// "Show from media time `delay` on": edts and elst behind the track's header. ISO/IEC 14496-12 §8.6.6.
void insert_edit_list(std::string& init, std::int64_t delay) {
  std::string edit(44, '\0');
  put_big_endian(edit, 0, 44);
  edit.replace(4, 4, "edts");
  put_big_endian(edit, 8, 36);
  edit.replace(12, 4, "elst");
  edit[16] = 1;  // Version: 64-bit times.
  put_big_endian(edit, 20, 1);
  // Bytes 24 to 31: the duration; 0: all there is.
  put_big_endian(edit, 32, static_cast<std::uint32_t>(delay >> 32));
  put_big_endian(edit, 36, static_cast<std::uint32_t>(delay));
  edit[41] = 1;  // Rate 1.

  const std::size_t moov = find_box(init, 0, "moov");
  const std::size_t trak = find_box(init, moov + 8, "trak");
  const std::size_t tkhd = find_box(init, trak + 8, "tkhd");
  const std::size_t at = tkhd + big_endian_at(init, tkhd);
  for (const std::size_t parent : {moov, trak}) {
    put_big_endian(init, parent, big_endian_at(init, parent) + 44);
  }
  init.insert(at, edit);
}

}  // namespace

base::Result<std::unique_ptr<Fragmenter>> Fragmenter::open(const AVCodecContext& encoder,
                                                           int timescale, std::int64_t delay) {
  std::unique_ptr<Fragmenter> made(new Fragmenter());
  made->delay_ = delay;
  if (const int allocated = avformat_alloc_output_context2(&made->format_, nullptr, "mp4", nullptr);
      allocated < 0) {
    return av_fail("its segments can't be written", allocated);
  }
  auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBufferBytes));
  CHECK(buffer != nullptr);
  made->format_->pb = avio_alloc_context(buffer, kIoBufferBytes, 1, made.get(), nullptr,
                                         &Fragmenter::write_bytes, nullptr);
  CHECK(made->format_->pb != nullptr);
  made->format_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  made->format_->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  AVStream* stream = avformat_new_stream(made->format_, nullptr);
  CHECK(stream != nullptr);
  avcodec_parameters_from_context(stream->codecpar, &encoder);
  stream->codecpar->codec_tag = 0;
  stream->time_base = {1, timescale};
  stream->avg_frame_rate = encoder.framerate;  // VP9's level is derived from it.
  AVDictionary* options = nullptr;
  // frag_discont: a chunk's time is its packets', not the sum of those before it.
  av_dict_set(&options, "movflags",
              "frag_custom+empty_moov+default_base_moof+frag_discont+skip_trailer", 0);
  av_dict_set_int(&options, "video_track_timescale", timescale, 0);
  av_dict_set(&options, "use_editlist", "0", 0);
  av_dict_set(&options, "brand", "cmfc", 0);
  const int written = avformat_write_header(made->format_, &options);
  av_dict_free(&options);
  if (written < 0) return av_fail("its segments can't be written", written);
  CHECK(stream->time_base.num == 1 && stream->time_base.den == timescale);
  avio_flush(made->format_->pb);
  made->init_ = std::exchange(made->out_, {});
  if (delay > 0) insert_edit_list(made->init_, delay);
  return made;
}

Fragmenter::~Fragmenter() {
  if (format_ == nullptr) return;
  if (format_->pb != nullptr) {
    av_freep(static_cast<void*>(&format_->pb->buffer));
    avio_context_free(&format_->pb);
  }
  avformat_free_context(format_);
}

int Fragmenter::write_bytes(void* self, std::uint8_t* bytes, int size) {
  static_cast<Fragmenter*>(self)->out_.append(reinterpret_cast<const char*>(bytes),
                                              static_cast<std::size_t>(size));
  return size;
}

base::Result<void> Fragmenter::add(AVPacket& packet) {
  packet.stream_index = 0;
  packet.pts += delay_;
  packet.dts += delay_;
  chunk_is_empty_ = false;
  const int written = av_write_frame(format_, &packet);
  av_packet_unref(&packet);
  if (written < 0) return av_fail("its segments can't be written", written);
  return {};
}

base::Result<void> Fragmenter::end_chunk() {
  if (chunk_is_empty_) return {};
  if (const int flushed = av_write_frame(format_, nullptr); flushed < 0) {
    return av_fail("its segments can't be written", flushed);
  }
  avio_flush(format_->pb);
  const std::string chunk = std::exchange(out_, {});
  chunk_is_empty_ = true;
  CHECK(chunk.size() > 16 && chunk.substr(4, 4) == "moof");
  if (segment_.empty()) segment_ = kSegmentType;
  segment_ += chunk;
  return {};
}

std::string Fragmenter::take_segment() { return std::exchange(segment_, {}); }

}  // namespace media
