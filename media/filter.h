// Filter: a chain of libavfilter's with one entrance and one exit, by its textual description.
//
// Threads    One at a time.
#pragma once

#include <string>

#include "base/result.h"
#include "media/av.h"

struct AVFilterContext;

namespace media {

class Filter {
 public:
  // `like`: a frame as they will come. Times are in `time_base` on both sides.
  static base::Result<Filter> for_video(const AVFrame& like, AVRational time_base,
                                        const std::string& chain);
  static base::Result<Filter> for_audio(const AVFrame& like, AVRational time_base,
                                        const std::string& chain);

  // Null: no more will come.
  base::Result<void> push(const AVFrame* frame);
  // False: nothing now, or the end.
  base::Result<bool> pull(AVFrame& frame);
  [[nodiscard]] AVRational time_base() const;  // Of what comes out.

 private:
  explicit Filter(const char* failure) : failure_(failure) {}
  base::Result<void> build(const char* source, const std::string& parameters, const char* sink,
                           const std::string& chain);

  const char* failure_;  // A sentence's beginning.
  GraphPtr graph_;
  AVFilterContext* source_ = nullptr;
  AVFilterContext* sink_ = nullptr;
};

}  // namespace media
