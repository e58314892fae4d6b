// The heads of the edge's own answers: what a stored response's head becomes on its way out.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "cache/record.h"
#include "edge/cache_status.h"
#include "edge/selection.h"
#include "edge/site.h"
#include "http/message.h"

namespace edge {

struct HeadContext {
  const Site& site;
  std::string_view node_name;
  std::optional<std::string_view> request_origin;  // The Origin field.
};

// Via, Cache-Status and, as the site says, CORS; for every response.
void add_edge_fields(base::Fields& fields, const HeadContext& context, const CacheStatus& status);

// A stored response: its fields (shared, not copied) with Age and the edge's own. `selection` is a
// 200, a 206 of one range, or the stored status itself.
http::ResponseHead stored_head(const cache::Object& object, const Selection& selection,
                               const HeadContext& context, const CacheStatus& status,
                               base::WallTime now);
// 304: only the fields that RFC 9110 §15.4.5 wants.
http::ResponseHead not_modified_head(const cache::Object& object, const HeadContext& context,
                                     const CacheStatus& status, base::WallTime now);
// 206 with several ranges: Content-Type is `multipart_type`.
http::ResponseHead multipart_head(const cache::Object& object, std::string_view multipart_type,
                                  const HeadContext& context, const CacheStatus& status,
                                  base::WallTime now);
// The origin's own response, passed on; `fields` without Content-Length.
http::ResponseHead passed_head(int status, base::Fields fields, const HeadContext& context,
                               const CacheStatus& cache_status);

// The answer to OPTIONS *, 204: what this server takes. RFC 9110 §9.3.7.
http::ResponseHead options_head(const HeadContext& context);
// The answer to a CORS preflight, 204.
http::ResponseHead preflight_head(const base::Fields& request, const HeadContext& context);

}  // namespace edge
