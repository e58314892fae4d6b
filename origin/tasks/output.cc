#include "origin/tasks/output.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "origin/videos/plan.h"
#include "package/init_segment.h"
#include "package/jpeg.h"
#include "package/media_segment.h"
#include "package/picture_codec.h"
#include "package/sound_cuts.h"

namespace origin {
namespace {

using base::ErrorCode;
using nlohmann::json;
using Kind = package::SampleEntry::Kind;
using Form = PlannedOutput::Form;

// How the codec strings of what is planned begin.
base::Result<std::string> family_of(std::string_view codec) {
  if (const auto picture = package::picture_codec_of(codec)) {
    return std::string(package::entry_of(*picture));
  }
  if (codec == "aac") return "mp4a";
  if (codec == "opus") return "opus";
  return base::fail(ErrorCode::kCorrupt,
                    "the spec of a task: \"" + std::string(codec) + "\" is no codec");
}

std::unexpected<base::Error> wrong(const PlannedOutput& planned, const std::string& what) {
  return base::fail(ErrorCode::kInvalid, planned.key + ": " + what, base::Blame::kClient);
}

std::string differs(std::string_view what, std::int64_t is, std::int64_t planned) {
  return std::string(what) + " is " + std::to_string(is) + ", planned was " +
         std::to_string(planned);
}

base::Result<void> check_size(const PlannedOutput& planned, int width, int height) {
  if (width != planned.width) return wrong(planned, differs("its width", width, planned.width));
  if (height != planned.height)
    return wrong(planned, differs("its height", height, planned.height));
  return {};
}

// In frames. Tasks of before the cuts were reckoned list them.
std::vector<std::int64_t> sound_cuts(const json& spec, std::int64_t frame) {
  if (const auto listed = spec.find("boundaries"); listed != spec.end()) return *listed;
  const package::SoundCuts cuts{.length_num = spec.at("segment").at(0),
                                .length_den = spec.at("segment").at(1),
                                .frame = frame,
                                .lead = spec.at("lead"),
                                .segments = spec.at("segments")};
  return cuts.are_within_bounds() ? cuts.cuts() : std::vector<std::int64_t>();
}

// Tasks of before there was a choice do not name it.
base::Result<std::vector<PlannedOutput>> sound_outputs(const json& spec) {
  auto codec = family_of(spec.value("codec", "aac"));
  if (!codec) return std::unexpected(codec.error());
  const std::int64_t frame = spec.value("frame", std::int64_t{1'024});
  const PlannedOutput any{.rendition = spec.value("name", "audio"),
                          .kind = Kind::kAudio,
                          .codec = std::move(*codec),
                          .timescale = AudioTrack::kRate};
  const std::vector<std::int64_t> boundaries = sound_cuts(spec, frame);
  if (boundaries.empty()) {
    return base::fail(ErrorCode::kCorrupt, "the spec of a task: sound that can't be cut");
  }
  const std::int64_t end = spec.at("frames");
  std::vector<PlannedOutput> outputs{any};
  outputs.back().key = any.init_key();
  outputs.back().form = Form::kInit;
  for (std::size_t i = 0; i < boundaries.size(); ++i) {
    const bool is_last = i + 1 == boundaries.size();
    PlannedOutput& segment = outputs.emplace_back(any);
    segment.key = any.rendition + "/0/seg/" + std::to_string(i);
    segment.ends_unit = is_last;
    segment.start = boundaries[i] * frame;
    segment.duration = (is_last ? end : boundaries[i + 1]) * frame - segment.start;
  }
  return outputs;
}

base::Result<std::vector<PlannedOutput>> picture_outputs(const json& spec) {
  const std::int64_t tick = spec.at("rate").at(1);  // A frame lasts so many.
  const std::int64_t first = spec.at("first");
  const std::int64_t end = first + spec.at("frames").get<std::int64_t>();
  const std::int64_t length = spec.at("segment");
  std::vector<PlannedOutput> outputs;
  for (const json& rung : spec.at("rungs")) {
    auto codec = family_of(rung.value("codec", "h264"));
    if (!codec) return std::unexpected(codec.error());
    const PlannedOutput any{.rendition = rung.at("name"),
                            .unit = spec.at("unit"),
                            .codec = std::move(*codec),
                            .width = rung.at("width"),
                            .height = rung.at("height"),
                            .timescale = spec.at("rate").at(0),
                            .gop = spec.at("gop").get<std::int64_t>() * tick};
    outputs.push_back(any);
    outputs.back().key = any.init_key();
    outputs.back().form = Form::kInit;
    for (std::int64_t at = first; at < end; at += length) {
      PlannedOutput& segment = outputs.emplace_back(any);
      segment.key =
          any.rendition + "/" + std::to_string(any.unit) + "/seg/" + std::to_string(at / length);
      segment.ends_unit = at + length >= end;
      segment.start = at * tick;
      segment.duration = std::min(length, end - at) * tick;
    }
  }
  return outputs;
}

std::vector<PlannedOutput> image_outputs(const json& spec) {
  const PlannedOutput poster{.key = "images/0/poster",
                             .rendition = "images",
                             .form = Form::kPoster,
                             .width = spec.at("poster_width"),
                             .height = spec.at("poster_height")};
  std::vector<PlannedOutput> outputs{poster};
  const std::int64_t sheets = spec.at("sheets");
  for (std::int64_t i = 0; i < sheets; ++i) {
    PlannedOutput& sheet = outputs.emplace_back(poster);
    sheet.key = "images/0/sheet/" + std::to_string(i);
    sheet.form = Form::kSheet;
    sheet.ends_unit = i + 1 == sheets;
    sheet.width = spec.at("tile_width").get<int>() * spec.at("columns").get<int>();
    sheet.height = spec.at("tile_height").get<int>() * spec.at("rows").get<int>();
  }
  return outputs;
}

// As describe_init() has described it.
base::Result<package::InitSegment> known_init(const PlannedOutput& planned,
                                              std::string_view described) {
  try {
    const json init = json::parse(described);
    const json& defaults = init.at("defaults");
    package::InitSegment known;
    known.kind = planned.kind;
    known.track_id = init.at("track");
    known.timescale = planned.timescale;
    known.defaults = {.duration = defaults.at(0), .size = defaults.at(1), .flags = defaults.at(2)};
    return known;
  } catch (const json::exception& error) {
    return base::fail(ErrorCode::kCorrupt,
                      planned.init_key() + ", as it was described: " + error.what());
  }
}

// An I-frame at the start of each group of pictures, and nowhere else.
bool has_planned_i_frames(const PlannedOutput& planned,
                          const std::vector<package::IFrame>& i_frames) {
  std::int64_t at = 0;
  for (const package::IFrame& one : i_frames) {
    if (one.start != at) return false;
    at += planned.gop;
  }
  return at >= planned.duration;
}

}  // namespace

std::string PlannedOutput::init_key() const {
  return rendition + "/" + std::to_string(unit) + "/init";
}

base::Result<std::vector<PlannedOutput>> planned_outputs(TaskKind kind, std::string_view spec) {
  try {
    switch (kind) {
      case TaskKind::kProbe:
        break;
      case TaskKind::kAudio:
        return sound_outputs(json::parse(spec));
      case TaskKind::kTranscode:
        return picture_outputs(json::parse(spec));
      case TaskKind::kImages:
        return image_outputs(json::parse(spec));
    }
    return {};
  } catch (const json::exception& error) {
    return base::fail(ErrorCode::kCorrupt, std::string("the spec of a task: ") + error.what());
  }
}

base::Result<std::string> describe_init(const PlannedOutput& planned, std::string_view bytes) {
  const auto init = package::read_init_segment(bytes);
  if (!init) return wrong(planned, init.error().context);
  if (init->kind != planned.kind) return wrong(planned, "it is not of the planned kind");
  if (std::string_view(init->codec).substr(0, init->codec.find('.')) != planned.codec) {
    return wrong(planned, "its codec is " + init->codec + ", planned was " + planned.codec);
  }
  if (init->timescale != planned.timescale) {
    return wrong(planned, differs("its timescale", init->timescale, planned.timescale));
  }
  if (planned.kind == Kind::kVideo) {
    if (auto fits = check_size(planned, init->width, init->height); !fits) {
      return std::unexpected(fits.error());
    }
  }
  const json defaults{init->defaults.duration, init->defaults.size, init->defaults.flags};
  return json{{"codec", init->codec}, {"track", init->track_id}, {"defaults", defaults}}.dump();
}

base::Result<std::string> describe_image(const PlannedOutput& planned, std::string_view bytes) {
  if (bytes.size() > kImageBytesMax) {
    return wrong(planned, "it has " + std::to_string(bytes.size()) + " bytes; an image may have " +
                              std::to_string(kImageBytesMax));
  }
  const auto head = package::read_jpeg_head(bytes);
  if (!head) return wrong(planned, head.error().context);
  if (auto fits = check_size(planned, head->width, head->height); !fits) {
    return std::unexpected(fits.error());
  }
  return json{{"width", head->width}, {"height", head->height}}.dump();
}

base::Result<std::string> describe_segment(const PlannedOutput& planned, std::string_view init,
                                           std::string_view bytes) {
  const auto known = known_init(planned, init);
  if (!known) return std::unexpected(known.error());
  const auto segment = package::read_media_segment(bytes, *known);
  if (!segment) return wrong(planned, segment.error().context);
  if (segment->decode_time != planned.start) {
    return wrong(planned, differs("its start", segment->decode_time, planned.start));
  }
  if (segment->duration != planned.duration) {
    return wrong(planned, differs("its duration", segment->duration, planned.duration));
  }
  json i_frames = json::array();
  for (const package::IFrame& one : segment->i_frames) {
    i_frames.push_back({one.offset, one.length, one.start});
  }
  if (planned.kind == Kind::kVideo && !has_planned_i_frames(planned, segment->i_frames)) {
    return wrong(planned,
                 "its I-frames are not where groups of pictures begin: " + i_frames.dump());
  }
  return json{{"start", planned.start},
              {"duration", planned.duration},
              {"timescale", planned.timescale},
              {"i_frames", std::move(i_frames)}}
      .dump();
}

}  // namespace origin
