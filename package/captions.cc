#include "package/captions.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "package/caption_lines.h"
#include "package/cue_text.h"
#include "package/cue_timing.h"
#include "package/text.h"
#include "package/webvtt_time.h"

namespace package {
namespace {

using base::Blame;
using base::ErrorCode;
using base::Result;

constexpr std::string_view kSignature = "WEBVTT";

std::unexpected<base::Error> refuse(ErrorCode code, std::string sentence) {
  return base::fail(code, std::move(sentence), Blame::kClient);
}

// A line as it is shown in an error.
std::string shown(std::string_view line) {
  constexpr std::size_t kShownMax = 60;
  const bool is_long = line.size() > kShownMax;
  return "'" + printable(line.substr(0, kShownMax)) + (is_long ? "…'" : "'");
}

std::size_t line_of(std::string_view text, std::size_t at) {
  CaptionLines lines(text.substr(0, at));
  while (!lines.done()) lines.next();
  // What ends within a line has begun it.
  const bool is_within = at > 0 && text[at - 1] != '\n' && text[at - 1] != '\r';
  return lines.number() - (is_within ? 1 : 0);
}

bool is_number(std::string_view line) {
  return !line.empty() && line.size() <= 10 &&
         std::ranges::all_of(line, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_webvtt(std::string_view text) {
  if (!text.starts_with(kSignature)) return false;
  text.remove_prefix(kSignature.size());
  return text.empty() || std::string_view(" \t\r\n").contains(text.front());
}

class Reader {
 public:
  Reader(std::string_view text, const CaptionLimits& limits) : lines_(text), limits_(limits) {}

  Result<std::vector<Cue>> read_subrip() {
    for (lines_.skip_blank(); !lines_.done(); lines_.skip_blank()) {
      if (!starts_cue(lines_)) {
        return refuse(ErrorCode::kInvalid,
                      fmt::format("line {}: {} stands where a cue should begin; write its number "
                                  "and, on the next line, its times as 00:00:01,000 --> "
                                  "00:00:02,500",
                                  lines_.number(), shown(lines_.line())));
      }
      if (!is_timing(lines_.line())) lines_.next();
      if (auto read = read_cue([](const CaptionLines& at) { return ends_subrip(at); }); !read) {
        return std::unexpected(read.error());
      }
    }
    return finish();
  }

  Result<std::vector<Cue>> read_webvtt() {
    lines_.skip_block();  // The signature and what is said of the file.
    for (lines_.skip_blank(); !lines_.done(); lines_.skip_blank()) {
      if (is_aside(lines_.line())) {
        lines_.skip_block();
        continue;
      }
      CaptionLines ahead = lines_;
      if (!is_timing(ahead.line())) ahead.next();  // An id.
      if (!is_timing(ahead.line())) {
        return refuse(
            ErrorCode::kInvalid,
            fmt::format("line {}: {} begins neither a cue nor a NOTE; give the cue its times as "
                        "00:00:01.000 --> 00:00:02.500",
                        lines_.number(), shown(lines_.line())));
      }
      lines_ = ahead;
      const auto ends = [](const CaptionLines& at) {
        return at.is_blank() || is_timing(at.line());
      };
      if (auto read = read_cue(ends); !read) return std::unexpected(read.error());
    }
    return finish();
  }

 private:
  static bool is_aside(std::string_view line) {
    return line == "NOTE" || line.starts_with("NOTE ") || line.starts_with("NOTE\t") ||
           line == "STYLE" || line == "REGION";
  }

  static bool starts_cue(CaptionLines at) {
    if (is_timing(at.line())) return true;
    if (!is_number(at.line())) return false;
    at.next();
    return !at.done() && is_timing(at.line());
  }

  // SubRip's texts may have empty lines in them: one ends with the next cue, or the file.
  static bool ends_subrip(CaptionLines at) {
    at.skip_blank();
    return at.done() || starts_cue(at);
  }

  // From the line with its times.
  template <class Ends>
  Result<void> read_cue(Ends ends) {
    const std::size_t number = lines_.number();
    const auto timing = read_timing(lines_.line());
    if (!timing) {
      return refuse(ErrorCode::kInvalid,
                    fmt::format("line {}: {} are no times; write them as 00:00:01,000 --> "
                                "00:00:02,500, up to 99 hours",
                                number, shown(lines_.line())));
    }
    if (timing->end <= timing->start) {
      return refuse(
          ErrorCode::kInvalid,
          fmt::format("line {}: the cue does not end after it starts; correct its times", number));
    }
    std::string text;
    for (lines_.next(); !lines_.done() && !ends(lines_); lines_.next()) {
      lines_.skip_blank();  // Of SubRip, and at once: ends() looks past them each time.
      text += lines_.line();
      text += '\n';
      if (text.size() > limits_.text_max.count() + 1) {
        return refuse(ErrorCode::kTooLarge,
                      fmt::format("line {}: the cue's text is longer than {}; split it", number,
                                  base::to_string(limits_.text_max)));
      }
    }
    if (++cues_read_ > limits_.cues_max) {
      return refuse(ErrorCode::kTooLarge, fmt::format("line {}: there are more than {} cues; "
                                                      "split the file",
                                                      number, limits_.cues_max));
    }
    std::string safe = safe_cue_text(text);
    if (!safe.empty()) {
      cues_.push_back({timing->start, timing->end, timing->settings, std::move(safe)});
    }
    return {};
  }

  Result<std::vector<Cue>> finish() {
    if (cues_.empty()) {
      return refuse(ErrorCode::kInvalid,
                    "the file has no captions with text; is it the right one?");
    }
    std::ranges::stable_sort(cues_, [](const Cue& a, const Cue& b) {
      return a.start != b.start ? a.start < b.start : a.end < b.end;
    });
    return std::move(cues_);
  }

  CaptionLines lines_;
  const CaptionLimits& limits_;
  std::vector<Cue> cues_;
  std::size_t cues_read_ = 0;
};

}  // namespace

Result<std::vector<Cue>> read_captions(std::string_view file, const CaptionLimits& limits) {
  if (file.size() > limits.file_max.count()) {
    return refuse(ErrorCode::kTooLarge, fmt::format("the file is larger than {}; split it",
                                                    base::to_string(limits.file_max)));
  }
  if (file.starts_with("\xff\xfe") || file.starts_with("\xfe\xff")) {
    return refuse(ErrorCode::kInvalid, "the file is UTF-16; save it as UTF-8");
  }
  if (file.starts_with("\xef\xbb\xbf")) file.remove_prefix(3);
  const std::size_t bad = std::min(find_invalid_utf8(file), file.find('\0'));
  if (bad != std::string_view::npos) {
    return refuse(ErrorCode::kInvalid, fmt::format("line {}: the text is not UTF-8; save the file "
                                                   "as UTF-8",
                                                   line_of(file, bad)));
  }
  Reader reader(file, limits);
  return is_webvtt(file) ? reader.read_webvtt() : reader.read_subrip();
}

std::string write_captions(std::span<const Cue> cues) {
  std::string text(kSignature);
  text += '\n';
  for (const Cue& cue : cues) {
    text += fmt::format("\n{} --> {}{}{}\n{}\n", webvtt_time(cue.start), webvtt_time(cue.end),
                        cue.settings.empty() ? "" : " ", cue.settings, cue.text);
  }
  return text;
}

}  // namespace package
