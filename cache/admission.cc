#include "cache/admission.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cache/purge.h"
#include "cache/selection.h"

namespace cache {
namespace {

// A rule of more names than this would make a key of half the request: it is not widened further.
constexpr std::size_t kVaryNamesMax = 16;

// Without what is about this message's transfer; Age is computed anew. A Content-Range beside 200
// means nothing and is kept like any field (RFC 9111 §3.1); that of a 206 never comes here.
base::Fields stored_fields(const base::Fields& fields, const CachePolicy& policy) {
  base::Fields stored = storable_fields(fields);
  if (policy.set_cookie == SetCookie::kDrop) stored.remove("set-cookie");
  for (const std::string_view name :
       {std::string_view("age"), std::string_view("content-length"), kAccessField}) {
    stored.remove(name);
  }
  return stored;
}

std::vector<std::uint64_t> tags_of(const Arrival& arrival, const base::Fields& fields) {
  std::vector<std::uint64_t> tags;
  const std::string_view site = site_of(arrival.key_text);
  for (const std::string_view tag : surrogate_keys(fields)) {
    tags.push_back(tag_hash(site, tag, arrival.seed));
  }
  std::ranges::sort(tags);
  const auto repeated = std::ranges::unique(tags);
  tags.erase(repeated.begin(), repeated.end());
  return tags;
}

// An origin that varies on one field here and on another there (often none on an error) would
// make rules replace each other and hide each other's variants. So a rule only widens.
std::vector<std::string> widened(std::vector<std::string> names, const VaryRule* known) {
  if (known == nullptr || known->names.size() + names.size() > kVaryNamesMax) return names;
  names.insert(names.end(), known->names.begin(), known->names.end());
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

bool forbids_storing(const base::Fields& fields) {
  return parse_cache_control(fields.joined("cache-control")).no_store;
}

StoreDecision judge_arrival(const Arrival& arrival, const base::Fields& fields) {
  return judge(arrival.request, arrival.status, fields, arrival.policy, arrival.sent,
               arrival.received);
}

bool due_to_request(StoreVerdict verdict, const base::Fields& request) {
  return verdict == StoreVerdict::kAuthorization ||
         (verdict == StoreVerdict::kNoStore && forbids_storing(request));
}

// Once it is kept here, whoever is next has no right to keep it for all.
void keep_access(ObjectHead& head, Access access) {
  head.access = access;
  if (access == Access::kToken) head.fields.remove("surrogate-control");
}

}  // namespace

Access access_of(const base::Fields& response) {
  return response.contains(kAccessField) ? Access::kToken : Access::kAnyone;
}

Admission admit(const Arrival& arrival, VersionSource& versions) {
  Admission admission;
  const StoreDecision decision = judge_arrival(arrival, arrival.fields);
  admission.verdict = decision.verdict;
  if (decision.verdict != StoreVerdict::kStore) {
    admission.of_this_request = due_to_request(decision.verdict, arrival.request);
    return admission;
  }

  ObjectHead head;
  head.key_text = arrival.key_text;
  const std::vector<std::string> names = widened(vary_names(arrival.fields), arrival.known_rule);
  if (!names.empty()) {
    admission.rule =
        base::make_ref<VaryRule>(key_of(arrival.key_text, arrival.seed),
                                 std::string(arrival.key_text), names, arrival.purge_sequence);
    head.key_text = variant_text(arrival.key_text, names, arrival.request);
  }
  head.key = key_of(head.key_text, arrival.seed);
  head.version = versions.next();
  head.number = versions.next_number();
  head.status = arrival.status;
  head.etag = strong_etag(arrival.fields);
  head.length = arrival.length;
  head.chunk_size = arrival.chunk_size;
  head.freshness = decision.freshness;
  head.tags = tags_of(arrival, arrival.fields);
  head.purge_sequence = arrival.purge_sequence;
  head.fields = stored_fields(arrival.fields, arrival.policy);
  keep_access(head, access_of(arrival.fields));
  admission.object = base::make_ref<Object>(std::move(head));
  return admission;
}

Admission renew(const Object& stale, const Arrival& not_modified) {
  base::Fields fields = updated_by_304(stale.fields()->fields,
                                       stored_fields(not_modified.fields, not_modified.policy));
  // The 304's Age is about the new times, though it is not stored.
  base::Fields judged = fields;
  if (const auto age = not_modified.fields.find("age")) judged.set("age", *age);
  const StoreDecision decision = judge_arrival(not_modified, judged);

  ObjectHead head = stale.head();
  head.length = stale.length();
  head.freshness = decision.freshness;
  head.tags = tags_of(not_modified, fields);
  head.purge_sequence = not_modified.purge_sequence;
  head.fields = std::move(fields);
  keep_access(head, std::max(head.access, access_of(not_modified.fields)));
  head.key_text = stale.key_text;
  Admission renewal;
  renewal.verdict = decision.verdict;
  renewal.of_this_request = due_to_request(decision.verdict, not_modified.request);
  renewal.object = base::make_ref<Object>(std::move(head));
  renewal.object->on_disk = stale.on_disk.load();
  return renewal;
}

}  // namespace cache
