#include "media/completeness.h"

extern "C" {
#include <libavutil/common.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace media {
namespace {

constexpr std::int64_t kMissingMaxUs = 2'000'000;
constexpr std::int64_t kMissingMaxPart = 20;

std::string minutes(std::int64_t us) {
  const std::int64_t seconds = us / 1'000'000;
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

}  // namespace

base::Result<void> check_complete(AVStream& stream, std::uint64_t file_size) {
  const int count = avformat_index_get_entries_count(&stream);
  if (count < 2) return {};
  int there = count;
  for (; there > 0; --there) {
    const AVIndexEntry& last = *avformat_index_get_entry(&stream, there - 1);
    if (last.pos < 0 || last.size < 0) return {};
    const std::uint64_t end =
        static_cast<std::uint64_t>(last.pos) + static_cast<std::uint64_t>(last.size);
    if (end <= file_size) break;
  }
  if (there == count) return {};
  // The file may say any time.
  const std::int64_t first = avformat_index_get_entry(&stream, 0)->timestamp;
  const auto since_first = [&](int entry) {
    return to_us(av_sat_sub64(avformat_index_get_entry(&stream, entry)->timestamp, first),
                 stream.time_base);
  };
  const std::int64_t all = since_first(count - 1);
  const std::int64_t missing = av_sat_sub64(all, since_first(there));
  if (missing <= std::max(kMissingMaxUs, all / kMissingMaxPart)) return {};
  return base::fail(
      base::ErrorCode::kCorrupt,
      fmt::format("it is not complete: of {}, what comes after {} is missing. Send it "
                  "again from where it was made.",
                  minutes(all), minutes(since_first(there))),
      base::Blame::kClient);
}

}  // namespace media
