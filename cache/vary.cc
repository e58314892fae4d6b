// Which variant of an object a request selects. RFC 9111 §4.1: requests select the same one when
// the fields that Vary names match, once what has no meaning in them is taken out.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "cache/freshness.h"

namespace cache {
namespace {

// Calls `visit` with each element of a comma-separated list, trimmed; commas inside quoted strings
// do not separate. Empty elements are passed over.
template <class Visit>
void for_each_element(std::string_view list, Visit&& visit) {
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size() && quoted && list[i] == '\\') {
      ++i;
      continue;
    }
    if (i < list.size() && list[i] == '"') quoted = !quoted;
    if (i < list.size() && (quoted || list[i] != ',')) continue;
    const std::string_view element = base::trim(list.substr(start, i - start));
    if (!element.empty()) visit(element);
    start = i + 1;
  }
}

// An element of an Accept-* field, with its weight in thousandths. RFC 9110 §12.4.2.
struct Preference {
  std::string name;
  int weight = 1000;
};

Preference preference_of(std::string_view element) {
  const std::size_t semicolon = std::min(element.find(';'), element.size());
  Preference preference{base::to_lower(base::trim(element.substr(0, semicolon)))};
  std::string_view parameter = base::trim(element.substr(std::min(semicolon + 1, element.size())));
  if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
    parameter.remove_prefix(2);
    double weight = 0;
    const auto [end, error] = std::from_chars(parameter.data(), parameter.data() + parameter.size(),
                                              weight, std::chars_format::fixed);
    if (error == std::errc() && weight >= 0 && weight <= 1) {
      preference.weight = static_cast<int>(std::lround(weight * 1000));
    }
  }
  return preference;
}

std::vector<Preference> preferences_of(std::string_view value) {
  std::vector<Preference> preferences;
  for_each_element(
      value, [&](std::string_view element) { preferences.push_back(preference_of(element)); });
  return preferences;
}

// The codings that an origin may choose from, in one spelling: what makes no difference to it must
// not split the cache.
std::string normal_encodings(std::string_view value) {
  std::vector<std::string> codings;
  for (Preference& preference : preferences_of(value)) {
    if (preference.name == "x-gzip") preference.name = "gzip";
    const bool refuses_identity =
        (preference.name == "identity" || preference.name == "*") && preference.weight == 0;
    if (refuses_identity) {
      codings.push_back(preference.name + ";q=0");
    } else if (preference.weight > 0 && (preference.name == "br" || preference.name == "gzip" ||
                                         preference.name == "zstd" || preference.name == "*")) {
      codings.push_back(std::move(preference.name));
    }
  }
  std::sort(codings.begin(), codings.end());
  codings.erase(std::unique(codings.begin(), codings.end()), codings.end());
  std::string joined;
  for (const std::string& coding : codings) joined += (joined.empty() ? "" : ",") + coding;
  return joined;
}

// Languages by weight, then by name: their order among equals says nothing (RFC 9110 §12.5.4).
std::string normal_languages(std::string_view value) {
  std::vector<Preference> languages = preferences_of(value);
  std::sort(languages.begin(), languages.end(), [](const Preference& a, const Preference& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.name < b.name;
  });
  std::string joined;
  for (const Preference& language : languages) {
    if (!joined.empty()) joined += ',';
    joined += language.name;
    if (language.weight != 1000) joined += ";q=" + std::to_string(language.weight);
  }
  return joined;
}

std::string normal_list(std::string_view value) {
  std::string joined;
  for_each_element(value, [&](std::string_view element) {
    if (!joined.empty()) joined += ',';
    joined += element;
  });
  return joined;
}

// See vary_names().
bool is_set_by_the_edge(std::string_view name) {
  return name == "forwarded" || name.starts_with("x-forwarded-") || name == "x-real-ip" ||
         name == "x-request-id" || name == "via" || name == "cdn-loop";
}

}  // namespace

std::vector<std::string> vary_names(const base::Fields& response) {
  std::vector<std::string> names;
  for (const base::Field field : response) {
    if (field.name != "vary") continue;
    for_each_element(field.value,
                     [&](std::string_view name) { names.push_back(base::to_lower(name)); });
  }
  if (std::find(names.begin(), names.end(), "*") != names.end()) return {"*"};
  std::erase_if(names, is_set_by_the_edge);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string variant_text(std::string_view key_text, const std::vector<std::string>& names,
                         const base::Fields& request) {
  std::string text(key_text);
  for (const std::string& name : names) {
    text += '\n';
    text += name;
    if (!request.contains(name)) continue;
    const std::string value = request.joined(name);
    text += '=';
    if (name == "accept-encoding") {
      text += normal_encodings(value);
    } else if (name == "accept-language") {
      text += normal_languages(value);
    } else {
      text += normal_list(value);
    }
  }
  return text;
}

}  // namespace cache
