// Input: a file's demuxer and decoders, opened with suspicion: the demuxer is the one that the file's
// first bytes call for (package/container.h), never a guess of libav's; no protocol but our byte
// source; only demuxers and codecs on a list; bounds on tracks, pixels and rates.
//
// Ownership  The source outlives the input.
// Threads    One at a time.
// Errors     kInvalid, kTooLarge, kUnsupported, kCorrupt with a sentence for the creator; kIo: the source
//            failed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "media/av.h"
#include "media/byte_source.h"

namespace media {

inline constexpr std::int64_t kPixelsMax = 8'192 * 8'192;
inline constexpr int kTracksMax = 64;  // Fonts and the like that are attached are none.

// One packet of fewer samples a second lasts for hours, and is resampled at once.
inline constexpr int kSoundRateMin = 1'000;
base::Result<void> check_sound_rate(int rate);

class Input {
 public:
  // `demuxer`: as package::demuxer_of() names it.
  static base::Result<std::unique_ptr<Input>> open(ByteSource& source, std::string_view demuxer);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();

  [[nodiscard]] AVFormatContext& format() { return *format_; }
  [[nodiscard]] AVStream* best(AVMediaType type);  // Null: none that is no cover picture.
  [[nodiscard]] AVStream* stream(int index);       // Null: no such one.

  // Only packets of these streams are read from now on. Null: none.
  void keep_only(std::initializer_list<const AVStream*> streams);
  // False: the end. What libav can't read counts as the end, but for a source that fails.
  base::Result<bool> read(AVPacket& packet);
  // To the keyframe at or before.
  base::Result<void> seek(const AVStream& stream, std::int64_t time);
  // To the first keyframe.
  base::Result<void> rewind(const AVStream& stream);

  base::Result<CodecPtr> open_decoder(const AVStream& stream, int threads);

 private:
  explicit Input(ByteSource& source) : source_(source) {}
  static int read_bytes(void* self, std::uint8_t* to, int size);
  static std::int64_t seek_bytes(void* self, std::int64_t offset, int whence);

  ByteSource& source_;
  std::uint64_t position_ = 0;
  std::optional<base::Error> source_error_;
  AVIOContext* io_ = nullptr;
  AVFormatContext* format_ = nullptr;
};

}  // namespace media
