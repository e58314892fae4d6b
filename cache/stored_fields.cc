// Which fields of a response are kept, what a 304 does to them, and what they are tagged with.
#include <algorithm>
#include <array>

#include "cache/freshness.h"

namespace cache {
namespace {

constexpr std::array<std::string_view, 11> kConnectionFields = {"connection",
                                                                "keep-alive",
                                                                "proxy-authenticate",
                                                                "proxy-authentication-info",
                                                                "proxy-authorization",
                                                                "proxy-connection",
                                                                "te",
                                                                "trailer",
                                                                "transfer-encoding",
                                                                "upgrade",
                                                                "http2-settings"};

// Of the stored bytes, which a 304 does not bring.
constexpr std::array<std::string_view, 7> kBodyFields = {
    "content-length", "content-range", "content-encoding", "content-md5", "content-digest",
    "repr-digest",    "etag"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Calls `visit` with each word of `text`, cut at any of `separators`.
template <class Visit>
void for_each_word(std::string_view text, std::string_view separators, Visit&& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

base::Fields storable_fields(const base::Fields& response) {
  std::vector<std::string> named;
  for (const base::Field field : response) {
    if (field.name != "connection") continue;
    for_each_word(field.value, ", \t",
                  [&](std::string_view name) { named.push_back(base::to_lower(name)); });
  }
  base::Fields kept;
  kept.reserve(response.size(), response.text_bytes());
  for (const base::Field field : response) {
    if (is_one_of(kConnectionFields, field.name)) continue;
    if (std::find(named.begin(), named.end(), field.name) != named.end()) continue;
    kept.add(field.name, field.value);
  }
  return kept;
}

base::Fields updated_by_304(const base::Fields& stored, const base::Fields& not_modified) {
  const base::Fields fresh = storable_fields(not_modified);
  const auto replaced = [&](std::string_view name) {
    // The age and date of the response that was stored say nothing about the one just validated.
    if (name == "age" || name == "date") return true;
    return !is_one_of(kBodyFields, name) && fresh.contains(name);
  };
  base::Fields updated;
  updated.reserve(stored.size() + fresh.size(), stored.text_bytes() + fresh.text_bytes());
  for (const base::Field field : stored) {
    if (!replaced(field.name)) updated.add(field.name, field.value);
  }
  for (const base::Field field : fresh) {
    if (!is_one_of(kBodyFields, field.name)) updated.add(field.name, field.value);
  }
  return updated;
}

std::string_view strong_etag(const base::Fields& response) {
  if (response.count("etag") != 1) return {};
  const std::string_view etag = *response.find("etag");
  if (etag.size() < 2 || !etag.starts_with('"') || !etag.ends_with('"')) return {};
  // One entity tag: no quote, space or control inside (RFC 9110 §8.8.3).
  const std::string_view opaque = etag.substr(1, etag.size() - 2);
  const bool well_formed = std::all_of(opaque.begin(), opaque.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != '"' && byte != 0x7f;
  });
  return well_formed ? etag : std::string_view{};
}

std::vector<std::string_view> surrogate_keys(const base::Fields& response) {
  std::vector<std::string_view> keys;
  for (const base::Field field : response) {
    const bool spaced = field.name == "surrogate-key" || field.name == "xkey";
    if (!spaced && field.name != "cache-tag") continue;
    const std::string_view separators = field.name == "surrogate-key" ? " \t" : " \t,";
    for_each_word(field.value, separators, [&](std::string_view key) { keys.push_back(key); });
  }
  return keys;
}

}  // namespace cache
