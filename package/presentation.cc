#include "package/presentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace package {
namespace {

using Problem = std::string;  // Empty: none.

bool is_name(std::string_view text, std::string_view more) {
  return !text.empty() && std::ranges::all_of(text, [more](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           more.contains(c);
  });
}

Problem problem_of_i_frames(const Segment& segment) {
  for (std::size_t i = 0; i < segment.i_frames.size(); ++i) {
    const IFrame& frame = segment.i_frames[i];
    if (frame.length == 0 || frame.offset > segment.bytes ||
        frame.length > segment.bytes - frame.offset) {
      return "has an I-frame outside of its segment";
    }
    const bool is_later = i == 0 ? frame.start == 0 : frame.start > segment.i_frames[i - 1].start;
    if (!is_later || frame.start >= segment.duration) {
      return "has I-frames out of order, or none that starts a segment";
    }
  }
  return {};
}

Problem problem_of_track(const Track& track) {
  if (!is_name(track.codec, ".-")) return "has no codec string";
  if (track.timescale < 1 || track.timescale > kTimescaleMax) return "has no valid timescale";
  if (track.init.empty()) return "has no init segment";
  if (track.segments.empty()) return "has no segments";
  if (track.segments.size() > kSegmentsMax) return "has too many segments";
  for (const Segment& segment : track.segments) {
    if (segment.name.empty()) return "has a segment without a name";
    if (segment.duration < 1 || segment.duration > kSegmentSecondsMax * track.timescale) {
      return "has a segment without a valid duration";
    }
    if (segment.bytes < 1 || segment.bytes > kSegmentBytesMax) {
      return "has a segment without a valid size";
    }
    if (segment.i_frames.empty() != track.segments.front().i_frames.empty()) {
      return "has I-frames in some segments only";
    }
    if (Problem problem = problem_of_i_frames(segment); !problem.empty()) return problem;
  }
  return {};
}

Problem problem_of_video(const VideoTrack& track) {
  if (track.width < 1 || track.height < 1) return "has no picture size";
  constexpr std::int64_t kRateMax = 1'000'000'000;
  if (track.rate_num < 1 || track.rate_den < 1 || track.rate_num > kRateMax ||
      track.rate_den > kRateMax) {
    return "has no valid frame rate";
  }
  return {};
}

// A player changes rungs between segments: they must end at the same instants.
bool are_aligned(const Track& a, const Track& b) {
  if (a.segments.size() != b.segments.size()) return false;
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    if (static_cast<__int128>(a.segments[i].duration) * b.timescale !=
        static_cast<__int128>(b.segments[i].duration) * a.timescale) {
      return false;
    }
  }
  return true;
}

Problem problem_of_audio(const std::vector<AudioTrack>& audio) {
  std::set<std::string_view> groups_with_default;
  for (const AudioTrack& track : audio) {
    if (!is_name(track.group, "-_.")) return "a sound's group has no valid name";
    if (track.channels < 1 || track.channels > 64 || track.sample_rate < 1) {
      return fmt::format("'{}' has no valid channels or sample rate", track.id);
    }
    if (track.is_default && !groups_with_default.insert(track.group).second) {
      return fmt::format("group '{}' has two default tracks", track.group);
    }
  }
  return {};
}

Problem problem_of_storyboard(const Storyboard& board) {
  constexpr int kTileMax = 16'384;
  constexpr int kGridMax = 256;
  constexpr std::int64_t kIntervalMax = 3'600'000'000;
  const auto within = [](auto value, auto most) { return value >= 1 && value <= most; };
  if (board.sheets.empty() || board.sheets.size() > kSegmentsMax ||
      std::ranges::any_of(board.sheets, &std::string::empty)) {
    return "a storyboard has no sheets";
  }
  if (!within(board.tile_width, kTileMax) || !within(board.tile_height, kTileMax) ||
      !within(board.columns, kGridMax) || !within(board.rows, kGridMax) ||
      !within(board.interval_us, kIntervalMax)) {
    return "a storyboard has no valid tiles or interval";
  }
  return {};
}

Problem problem_of(const Presentation& all) {
  if (all.video.empty() && all.audio.empty()) return "there is neither picture nor sound";
  if (std::max({all.video.size(), all.audio.size(), all.captions.size(), all.storyboards.size()}) >
      kTracksMax) {
    return "there are too many tracks";
  }
  std::set<std::string_view> ids;
  const auto check = [&ids](const Track& track) -> Problem {
    // "captions" is a directory of the layout, and a track's directory is its id.
    if (!is_name(track.id, "-_.") || track.id.starts_with('.') || track.id == "captions" ||
        !ids.insert(track.id).second) {
      return fmt::format("track id '{}' is not one, or not the only one", track.id);
    }
    const Problem problem = problem_of_track(track);
    return problem.empty() ? Problem() : fmt::format("'{}' {}", track.id, problem);
  };
  for (const VideoTrack& track : all.video) {
    if (Problem problem = check(track); !problem.empty()) return problem;
    if (Problem problem = problem_of_video(track); !problem.empty()) {
      return fmt::format("'{}' {}", track.id, problem);
    }
    if (!are_aligned(all.video.front(), track)) {
      return fmt::format("'{}' and '{}' are not cut at the same times", all.video.front().id,
                         track.id);
    }
  }
  for (const AudioTrack& track : all.audio) {
    if (Problem problem = check(track); !problem.empty()) return problem;
  }
  if (Problem problem = problem_of_audio(all.audio); !problem.empty()) return problem;
  for (const VideoTrack& track : all.video) {
    if (track.sound_group.empty()) continue;
    if (std::ranges::find(all.audio, track.sound_group, &AudioTrack::group) == all.audio.end()) {
      return fmt::format("'{}' goes with a group of sound that is not there", track.id);
    }
  }
  std::set<std::string_view> caption_ids;
  for (const Captions& captions : all.captions) {
    if (!is_name(captions.id, "-_") || !caption_ids.insert(captions.id).second) {
      return fmt::format("captions' id '{}' is not one, or not the only one", captions.id);
    }
    if (captions.name.empty() || captions.bytes > kSegmentBytesMax) {
      return fmt::format("captions '{}' have no valid file", captions.id);
    }
  }
  if (std::ranges::count_if(all.captions, &Captions::is_default) > 1) {
    return "two captions are default";
  }
  for (const Storyboard& board : all.storyboards) {
    if (Problem problem = problem_of_storyboard(board); !problem.empty()) return problem;
    if (board.bytes > kSegmentBytesMax) return "a storyboard is too large";
  }
  return {};
}

}  // namespace

base::Result<void> verify(const Presentation& presentation) {
  const Problem problem = problem_of(presentation);
  if (problem.empty()) return {};
  return base::fail(base::ErrorCode::kInvalid, "these renditions make no presentation: " + problem);
}

std::int64_t microseconds(std::int64_t ticks, std::int64_t timescale) {
  const auto twice = static_cast<__int128>(ticks) * 2'000'000 + timescale;
  return static_cast<std::int64_t>(twice / (2 * static_cast<__int128>(timescale)));
}

std::int64_t duration_ticks(const Track& track) {
  std::int64_t sum = 0;
  for (const Segment& segment : track.segments) sum += segment.duration;
  return sum;
}

std::int64_t duration_us(const Track& track) {
  return microseconds(duration_ticks(track), track.timescale);
}

std::int64_t duration_us(const Presentation& presentation) {
  // Sound ends with a whole frame of its own, a little behind the picture.
  std::int64_t longest = 0;
  for (const VideoTrack& track : presentation.video) {
    longest = std::max(longest, duration_us(track));
  }
  if (!presentation.video.empty()) return longest;
  for (const AudioTrack& track : presentation.audio) {
    longest = std::max(longest, duration_us(track));
  }
  return longest;
}

bool has_i_frames(const VideoTrack& track) {
  return !track.segments.empty() && !track.segments.front().i_frames.empty();
}

}  // namespace package
