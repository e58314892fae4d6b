// URLs: whatever is accepted keeps http/url.h's promises, and written out again means the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/fields.h"
#include "http/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto url = http::parse_url({reinterpret_cast<const char*>(data), size});
  if (!url) return 0;
  CHECK(url->scheme == "http" || url->scheme == "https");
  CHECK(url->port != 0);
  CHECK(!url->host.empty() && url->host == base::to_lower(url->host));
  CHECK(http::is_authority(url->authority()));
  CHECK(http::is_origin_form(url->target));
  const auto again = http::parse_url(url->scheme + "://" + url->authority() + url->target);
  CHECK(again && again->host == url->host && again->port == url->port &&
        again->target == url->target);
  return 0;
}
