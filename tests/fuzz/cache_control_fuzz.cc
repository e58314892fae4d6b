// Cache-Control and its kin, and everything judged from a response's fields: no bytes may crash
// it, and none may make a response more lasting than the directives we know can say.
//
// Input: lines "name: value"; those before an empty line are the request's, the others the
// response's.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "cache/freshness.h"

namespace {

void check_deltas(const cache::CacheControl& control) {
  for (const auto& delta : {control.max_age, control.s_maxage, control.stale_while_revalidate,
                            control.stale_if_error, control.min_fresh}) {
    CHECK(!delta || (delta->count() >= 0 && *delta <= cache::kDeltaMax));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  base::Fields request, response;
  base::Fields* fields = &request;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = std::min(line.find(':'), line.size());
    if (line.empty()) {
      fields = &response;
    } else {
      const std::string_view value = line.substr(std::min(colon + 1, line.size()));
      fields->add(line.substr(0, colon), base::trim(value));
      check_deltas(cache::parse_cache_control(value));
      if (const auto control = cache::parse_targeted(value)) check_deltas(*control);
      if (const auto control = cache::parse_surrogate_control(value)) check_deltas(*control);
    }
  }
  const base::WallTime now{std::chrono::milliseconds(1'700'000'000'000)};
  const cache::CachePolicy policy;
  for (const int status : {200, 404, 503, 599}) {
    const auto decision = cache::judge(request, status, response, policy, now, now);
    if (decision.verdict != cache::StoreVerdict::kStore) continue;
    const auto use = cache::use_of(decision.freshness, request, policy, now, false);
    CHECK(use.use != cache::Use::kFresh || decision.freshness.fresh(now));
    CHECK(use.use == cache::Use::kRevalidate || !decision.freshness.no_cache);
  }
  const auto names = cache::vary_names(response);
  (void)cache::variant_text("key", names, request);
  (void)cache::strong_etag(response);
  (void)cache::surrogate_keys(response);
  const base::Fields updated = cache::updated_by_304(response, request);
  CHECK(updated.joined("etag") == response.joined("etag") || request.contains("connection") ||
        response.contains("connection"));
  return 0;
}
