#include "media/av.h"

#include <array>
#include <cstdlib>

#include "media/log.h"

namespace media {

std::string av_text(std::string_view what, int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  return std::string(what) + ": " + text.data();
}

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
    return av_fail("no memory for a picture", allocated);
  }
  return picture;
}

std::unexpected<base::Error> av_fail(std::string_view what, int error) {
  const base::ErrorCode code = error == AVERROR(ENOMEM) ? base::ErrorCode::kTooLarge
                               : error == AVERROR(EIO)  ? base::ErrorCode::kIo
                                                        : base::ErrorCode::kCorrupt;
  return base::fail(code, av_text(what, error), base::Blame::kClient);
}

}  // namespace media
