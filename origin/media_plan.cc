#include "origin/media_plan.h"

#include <fnmatch.h>

#include <algorithm>
#include <utility>

#include "http/date.h"
#include "http/multipart.h"
#include "http/problem.h"
#include "origin/media_types.h"
#include "origin/preconditions.h"

namespace origin {
namespace {

std::optional<int> hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string_view cache_control_for(std::string_view name, const MediaRules& rules) {
  const std::string text(name);
  for (const CacheRule& rule : rules.cache) {
    for (const std::string& pattern : rule.patterns) {
      if (fnmatch(pattern.c_str(), text.c_str(), 0) == 0) return rule.cache_control;
    }
  }
  return rules.cache_control_default;
}

void add_cors(base::Fields& fields, const MediaRules& rules) {
  if (rules.allow_origin.empty()) return;
  fields.add("access-control-allow-origin", rules.allow_origin);
  fields.add("access-control-expose-headers",
             "Accept-Ranges, Content-Length, Content-Range, Date, ETag, Last-Modified");
}

// What every answer that speaks of the object has: 200, 206 and 304.
base::Fields object_fields(std::string_view name, const ObjectInfo& object, const MediaRules& rules,
                           base::WallTime now) {
  base::Fields fields;
  fields.add("etag", object.etag);
  // Never in the future, whatever the file says. RFC 9110 §8.8.2.1.
  fields.add("last-modified", http::format_date(std::min(object.modified, now)));
  if (const auto value = cache_control_for(name, rules); !value.empty()) {
    fields.add("cache-control", value);
  }
  add_cors(fields, rules);
  return fields;
}

// The ranges to serve; none: the whole. An empty list: none can be satisfied.
std::optional<std::vector<http::ByteRange>> wanted_ranges(const http::RequestHead& request,
                                                          const ObjectInfo& object,
                                                          base::WallTime now) {
  if (request.method != "GET" || request.fields.count("range") != 1 ||
      !range_applies(request.fields, object, now)) {
    return std::nullopt;
  }
  const auto specs = http::parse_range(*request.fields.find("range"));
  if (!specs) {
    if (specs.error().code == base::ErrorCode::kTooLarge) return std::vector<http::ByteRange>();
    return std::nullopt;
  }
  std::vector<http::ByteRange> ranges = http::resolve(*specs, object.size);
  // More would let a few bytes asked cost many sent, and no player does it.
  if (ranges.size() > http::kRangesMax) ranges.clear();
  return ranges;
}

void plan_multipart(MediaPlan& plan, std::vector<http::ByteRange> ranges, std::string_view type,
                    std::uint64_t size) {
  const http::Multipart multipart(std::move(ranges), size, std::string(type),
                                  http::make_boundary());
  plan.head.own.add("content-type", multipart.content_type());
  plan.length = multipart.length();
  for (std::size_t i = 0; i < multipart.ranges().size(); ++i) {
    plan.parts.push_back({multipart.part_head(i), {}});
    plan.parts.push_back({{}, multipart.ranges()[i]});
  }
  plan.parts.push_back({multipart.end(), {}});
}

}  // namespace

MediaRules MediaRules::defaults() {
  return {
      {{{"*.ts", "*.m4s", "*.cmfv", "*.cmfa", "*init*.mp4", "media/*/images/poster-*.jpg",
         "media/*/images/sheet-*.jpg", "media/*/captions/*.*.vtt"},
        "public, max-age=31536000, immutable"},
       {{"*.m3u8", "*.mpd", "media/*/poster.jpg", "media/*/storyboard.vtt"}, "public, max-age=2"},
       {{"*.html", "*.json"}, "no-cache"}},
      "public, max-age=300",
      "*"};
}

base::Result<std::string> object_name(std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (!target.starts_with('/')) {
    return base::fail(base::ErrorCode::kInvalid, "the target is no path", base::Blame::kClient);
  }
  target.remove_prefix(1);
  std::string name;
  name.reserve(target.size());
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] != '%') {
      name += target[i];
      continue;
    }
    const auto high = i + 1 < target.size() ? hex(target[i + 1]) : std::nullopt;
    const auto low = i + 2 < target.size() ? hex(target[i + 2]) : std::nullopt;
    const int byte = high && low ? *high * 16 + *low : 0;
    if (byte == 0 || byte == '/') {
      return base::fail(base::ErrorCode::kInvalid, "the path is not well percent-encoded",
                        base::Blame::kClient);
    }
    name += static_cast<char>(byte);
    i += 2;
  }
  if (!is_object_name(name)) {
    return base::fail(base::ErrorCode::kNotFound, "no object has such a name",
                      base::Blame::kClient);
  }
  return name;
}

bool is_media_method(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

MediaPlan plan_object(const http::RequestHead& request, std::string_view name,
                      const ObjectInfo& object, const MediaRules& rules, base::WallTime now) {
  switch (check_preconditions(request.fields, object, now)) {
    case Verdict::kNotModified:
      return {{304, {}, object_fields(name, object, rules, now)}, {}, {}};
    case Verdict::kFailed:
      return plan_problem(request, 412, "the object is not the version that was named", rules);
    case Verdict::kProceed:
      break;
  }
  auto ranges = wanted_ranges(request, object, now);
  if (ranges && ranges->empty()) {
    MediaPlan plan = plan_problem(request, 416, "none of the ranges can be served", rules);
    plan.head.own.add("content-range", http::format_unsatisfied(object.size));
    return plan;
  }

  const std::string_view type = media_type_of(name);
  MediaPlan plan;
  plan.head.own = object_fields(name, object, rules, now);
  plan.head.own.add("accept-ranges", "bytes");
  plan.head.own.add("x-content-type-options", "nosniff");
  if (!ranges) {
    plan.head.own.add("content-type", type);
    plan.length = object.size;
    if (object.size != 0) plan.parts.push_back({{}, http::ByteRange{0, object.size - 1}});
  } else {
    plan.head.status = 206;
    if (ranges->size() == 1) {
      const http::ByteRange range = ranges->front();
      plan.head.own.add("content-type", type);
      plan.head.own.add("content-range", http::format_content_range(range, object.size));
      plan.length = range.length();
      plan.parts.push_back({{}, range});
    } else {
      plan_multipart(plan, std::move(*ranges), type, object.size);
    }
  }
  if (request.method == "HEAD") plan.parts.clear();
  return plan;
}

MediaPlan plan_preflight(const MediaRules& rules) {
  MediaPlan plan;
  plan.head.status = 204;
  plan.head.own.add("allow", "GET, HEAD, OPTIONS");
  if (!rules.allow_origin.empty()) {
    plan.head.own.add("access-control-allow-origin", rules.allow_origin);
    plan.head.own.add("access-control-allow-methods", "GET, HEAD");
    plan.head.own.add("access-control-allow-headers", "Range, If-Range, If-None-Match");
    plan.head.own.add("access-control-max-age", "86400");
  }
  return plan;
}

MediaPlan plan_problem(const http::RequestHead& request, int status, std::string_view detail,
                       const MediaRules& rules) {
  const http::Problem problem{.status = status, .detail = detail};
  MediaPlan plan;
  plan.head = http::head_of(problem);
  if (status == 405) plan.head.own.add("allow", "GET, HEAD, OPTIONS");
  add_cors(plan.head.own, rules);
  std::string text = http::to_json(problem);
  plan.length = text.size();
  if (request.method != "HEAD") plan.parts.push_back({std::move(text), {}});
  return plan;
}

MediaPlan plan_error(const http::RequestHead& request, const base::Error& error,
                     const MediaRules& rules) {
  switch (error.code) {
    case base::ErrorCode::kInvalid:
      return plan_problem(request, 400, error.context, rules);
    case base::ErrorCode::kNotFound:
      return plan_problem(request, 404, "no such object", rules);
    case base::ErrorCode::kDenied:
      return plan_problem(request, 403, error.context, rules);
    case base::ErrorCode::kOverloaded:
      return plan_problem(request, 503, "try again later", rules);
    default:
      return plan_problem(request, 500, "the object can't be read", rules);
  }
}

}  // namespace origin
