// MediaPlan: the whole answer to a request for a media object, decided but not yet read: head,
// length, and the parts of the body in order. A pure function of the request, what the store says
// of the object, the rules and the time.
//
//   200  the whole          206  one range, or several as multipart/byteranges
//   304, 412  conditions    400, 403, 404, 405, 416, 500, 503  with a problem document
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"
#include "http/range.h"
#include "origin/object_store.h"

namespace origin {

// Objects whose name matches one of `patterns` (fnmatch(3): "*" takes slashes, too) get
// `cache_control`. The first rule that matches wins.
struct CacheRule {
  std::vector<std::string> patterns;
  std::string cache_control;
};

struct MediaRules {
  std::vector<CacheRule> cache;
  std::string cache_control_default;  // For names that no rule matches.
  std::string allow_origin;           // Access-Control-Allow-Origin; empty: no CORS fields.

  // Segments, and images and captions with a hash in their names, never change under one name and may
  // be kept for a year. Playlists, posters and pages do and are soon asked for again. Anything else may
  // be replaced: a few minutes.
  static MediaRules defaults();
};

struct MediaPart {
  std::string text;                      // Sent as it is,
  std::optional<http::ByteRange> range;  // or these bytes of the object.
};

struct MediaPlan {
  http::ResponseHead head;
  std::optional<std::uint64_t> length;  // Of the body; none: there is no Content-Length to name.
  std::vector<MediaPart> parts;         // Empty for HEAD.
};

// The object that a target names: the path, percent-decoded, without its leading slash. kInvalid:
// not decodable, or with an encoded slash, which two readers could take apart differently.
// kNotFound: decodable, but no object's name.
base::Result<std::string> object_name(std::string_view target);

// GET, HEAD or OPTIONS; nothing else (405).
bool is_media_method(std::string_view method);

MediaPlan plan_object(const http::RequestHead& request, std::string_view name,
                      const ObjectInfo& object, const MediaRules& rules, base::WallTime now);
MediaPlan plan_preflight(const MediaRules& rules);  // To OPTIONS: 204.
MediaPlan plan_problem(const http::RequestHead& request, int status, std::string_view detail,
                       const MediaRules& rules);
MediaPlan plan_error(const http::RequestHead& request, const base::Error& error,
                     const MediaRules& rules);  // The store's.

}  // namespace origin
