#include "media/picture_times.h"

extern "C" {
#include <libavutil/avutil.h>
}

#include <algorithm>

namespace media {

void PictureTimes::add(std::int64_t decoded_at) {
  // What goes back in time, or says nothing, is damage; order is what next() looks up by.
  const std::int64_t least = packets_.empty() ? INT64_MIN + 1 : packets_.back() + 1;
  packets_.push_back(std::max(decoded_at, least));
  if (packets_.size() > kPacketsMax) {
    packets_.pop_front();
    ++first_;
  }
}

void PictureTimes::clear() {
  packets_.clear();
  first_ = 0;
  given_ = -1;
}

std::int64_t PictureTimes::next(std::int64_t brought_by, int held_back) {
  if (packets_.empty()) return AV_NOPTS_VALUE;
  const std::int64_t last = first_ + static_cast<std::int64_t>(packets_.size()) - 1;
  std::int64_t number = given_ + 1;
  if (brought_by != AV_NOPTS_VALUE) {
    const auto packet = std::ranges::lower_bound(packets_, brought_by);
    number = first_ + (packet - packets_.begin()) - held_back;
  }
  given_ = std::clamp(number, first_, last);
  return packets_[static_cast<std::size_t>(given_ - first_)];
}

}  // namespace media
