#include "package/storyboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "package/text.h"
#include "package/webvtt_time.h"

namespace package {

std::string storyboard_track(const Storyboard& board, std::int64_t duration_us) {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  std::string text = "WEBVTT\n";
  const std::int64_t tiles = std::int64_t{board.columns} * board.rows;
  std::int64_t start = 0;
  for (const std::string& sheet : board.sheets) {
    const std::string image = uri(sheet);
    for (std::int64_t i = 0; i < tiles && start < duration_us; ++i) {
      const std::int64_t end = std::min(start + board.interval_us, duration_us);
      const auto first = duration_cast<milliseconds>(microseconds(start));
      const auto last = std::max(duration_cast<milliseconds>(microseconds(end)),
                                 first + milliseconds(1));  // A cue of no length is not shown.
      text +=
          fmt::format("\n{} --> {}\n{}#xywh={},{},{},{}\n", webvtt_time(first), webvtt_time(last),
                      image, i % board.columns * board.tile_width,
                      i / board.columns * board.tile_height, board.tile_width, board.tile_height);
      start = end;
    }
  }
  return text;
}

}  // namespace package
