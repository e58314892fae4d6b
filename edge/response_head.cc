#include "edge/response_head.h"

#include <algorithm>
#include <array>
#include <string>

#include "cache/admission.h"
#include "http/range.h"

namespace edge {
namespace {

constexpr std::array<std::string_view, 8> kNotModifiedFields{
    "cache-control", "content-location", "date", "etag",
    "expires",       "last-modified",    "vary", "cdn-cache-control"};

bool sets_cors(const HeadContext& context) { return !context.site.config.cors.origins.empty(); }

std::string join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += ", ";
    joined += word;
  }
  return joined;
}

void add_age(base::Fields& fields, const cache::Object& object, base::WallTime now) {
  const auto age = std::chrono::floor<std::chrono::seconds>(object.head().freshness.age(now));
  fields.add("age", std::to_string(std::max<std::int64_t>(0, age.count())));
}

// The stored fields as own ones, without those that `drops` names.
template <class Drops>
base::Fields copied(const base::Fields& stored, Drops drops) {
  base::Fields fields;
  fields.reserve(stored.size() + 8, stored.text_bytes() + 256);
  for (const base::Field field : stored) {
    if (!drops(field.name)) fields.add(field.name, field.value);
  }
  return fields;
}

bool is_cors(std::string_view name) { return name.starts_with("access-control-"); }

}  // namespace

void add_edge_fields(base::Fields& fields, const HeadContext& context, const CacheStatus& status) {
  std::string text;
  text.reserve(96);
  text = "1.1 ";
  text += context.node_name;
  fields.add("via", text);
  text.clear();
  append(text, status, context.node_name);
  fields.add("cache-status", text);
  if (!sets_cors(context)) return;
  const std::string_view allowed = context.request_origin
                                       ? context.site.allowed_origin(*context.request_origin)
                                       : std::string_view{};
  if (!allowed.empty()) {
    fields.add("access-control-allow-origin", allowed);
    if (!context.site.config.cors.expose.empty()) {
      fields.add("access-control-expose-headers", join(context.site.config.cors.expose));
    }
  }
  if (allowed != "*") fields.add("vary", "origin");
}

http::ResponseHead stored_head(const cache::Object& object, const Selection& selection,
                               const HeadContext& context, const CacheStatus& status,
                               base::WallTime now) {
  http::ResponseHead head;
  head.status = selection.status;
  // What an origin sent beside a 200 would contradict ours.
  const bool drops_range =
      selection.status == 206 && object.fields()->fields.contains("content-range");
  if (sets_cors(context) || drops_range) {
    head.own = copied(object.fields()->fields, [&](std::string_view name) {
      return (sets_cors(context) && is_cors(name)) || (drops_range && name == "content-range");
    });
  } else {
    head.shared = object.fields();
    head.own.reserve(8, 256);
  }
  add_age(head.own, object, now);
  add_edge_fields(head.own, context, status);
  if (selection.status == 206) {
    head.own.add("content-range",
                 http::format_content_range(selection.ranges.front(), *object.length()));
  } else if (selection.status == 200 && !object.fields()->fields.contains("accept-ranges")) {
    head.own.add("accept-ranges", "bytes");
  }
  return head;
}

http::ResponseHead not_modified_head(const cache::Object& object, const HeadContext& context,
                                     const CacheStatus& status, base::WallTime now) {
  http::ResponseHead head;
  head.status = 304;
  head.own = copied(object.fields()->fields, [](std::string_view name) {
    return std::find(kNotModifiedFields.begin(), kNotModifiedFields.end(), name) ==
           kNotModifiedFields.end();
  });
  add_age(head.own, object, now);
  add_edge_fields(head.own, context, status);
  return head;
}

http::ResponseHead multipart_head(const cache::Object& object, std::string_view multipart_type,
                                  const HeadContext& context, const CacheStatus& status,
                                  base::WallTime now) {
  http::ResponseHead head;
  head.status = 206;
  head.own = copied(object.fields()->fields, [&](std::string_view name) {
    return name == "content-type" || name == "content-range" ||
           (sets_cors(context) && is_cors(name));
  });
  head.own.add("content-type", multipart_type);
  add_age(head.own, object, now);
  add_edge_fields(head.own, context, status);
  return head;
}

http::ResponseHead passed_head(int status, base::Fields fields, const HeadContext& context,
                               const CacheStatus& cache_status) {
  http::ResponseHead head;
  head.status = status;
  if (cache::access_of(fields) == cache::Access::kToken) {  // These were for us.
    fields.remove(cache::kAccessField);
    fields.remove("surrogate-control");
  }
  if (sets_cors(context)) {
    head.own = copied(fields, is_cors);
  } else {
    head.own = std::move(fields);
  }
  add_edge_fields(head.own, context, cache_status);
  return head;
}

http::ResponseHead options_head(const HeadContext& context) {
  http::ResponseHead head;
  head.status = 204;
  head.own.add("allow", "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE");
  add_edge_fields(head.own, context, {});
  return head;
}

http::ResponseHead preflight_head(const base::Fields& request, const HeadContext& context) {
  http::ResponseHead head;
  head.status = 204;
  const std::string_view allowed = context.site.allowed_origin(request.find("origin").value_or(""));
  if (!allowed.empty()) {
    head.own.add("access-control-allow-origin", allowed);
    head.own.add("access-control-allow-methods", join(context.site.config.cors.methods));
    if (const auto wanted = request.find("access-control-request-headers")) {
      head.own.add("access-control-allow-headers", *wanted);
    }
    const auto age =
        std::chrono::duration_cast<std::chrono::seconds>(context.site.config.cors.max_age);
    head.own.add("access-control-max-age", std::to_string(age.count()));
  }
  head.own.add("vary", "origin, access-control-request-headers");
  return head;
}

}  // namespace edge
