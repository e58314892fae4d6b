#include "media/av.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/log.h"
#include "media/log.h"

namespace media {
namespace {

using base::ErrorCode;

// What a creator can do about an error differs less than libav's numbers do, and one of them has many causes.
struct Meaning {
  int error;
  ErrorCode code;
  std::string_view words;  // After "as".
};
constexpr std::string_view kOtherForm = "this form of it is not supported";
constexpr std::array kMeanings{
    Meaning{AVERROR(ENOMEM), ErrorCode::kTooLarge, "that takes more memory than a file may have"},
    Meaning{AVERROR(EIO), ErrorCode::kIo, "its bytes could not be read"},
    Meaning{AVERROR_EOF, ErrorCode::kCorrupt, "it ends too early"},
    Meaning{AVERROR_INVALIDDATA, ErrorCode::kCorrupt, "it is damaged there"},
    Meaning{AVERROR(EINVAL), ErrorCode::kUnsupported, kOtherForm},
    Meaning{AVERROR(ENOSYS), ErrorCode::kUnsupported, kOtherForm},
    Meaning{AVERROR_PATCHWELCOME, ErrorCode::kUnsupported, kOtherForm},
    Meaning{AVERROR_DECODER_NOT_FOUND, ErrorCode::kUnsupported, kOtherForm}};
// libav says EPERM, too, where it gives no reason.
constexpr Meaning kUnknown{0, ErrorCode::kCorrupt,
                           "it is damaged there, or of a form that is not supported"};

}  // namespace

void keep_libav_quiet() {
  av_log_set_level(AV_LOG_FATAL);
  // SVT-AV1 asks the environment alone: 0, what ends the process.
  ::setenv("SVT_LOG", "0", 1);
}

base::Result<FramePtr> make_picture(int width, int height, AVPixelFormat format,
                                    AVColorRange range) {
  FramePtr picture = make_frame();
  picture->width = width;
  picture->height = height;
  picture->format = format;
  picture->color_range = range;
  if (const int allocated = av_frame_get_buffer(picture.get(), 0); allocated < 0) {
    return av_fail("there is no room for a picture of " + std::to_string(width) + " × " +
                       std::to_string(height) + " pixels",
                   allocated);
  }
  return picture;
}

std::unexpected<base::Error> av_fail(std::string_view what, int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  base::log_warning("media.failed", {{"what", std::string(what)}, {"libav", text.data()}});
  const auto* const known = std::ranges::find(kMeanings, error, &Meaning::error);
  const Meaning& meaning = known == kMeanings.end() ? kUnknown : *known;
  return base::fail(meaning.code, std::string(what) + ", as " + std::string(meaning.words),
                    base::Blame::kClient);
}

}  // namespace media
