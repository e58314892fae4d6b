#include "edge/key_rules.h"

#include <algorithm>
#include <vector>

namespace edge {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool names(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

bool is_kept(std::string_view parameter, const QueryConfig& rules) {
  const std::string_view name = name_of(parameter);
  if (names(rules.drop, name)) return false;
  return rules.keep.empty() || names(rules.keep, name);
}

}  // namespace

std::string_view ambiguity_of(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  std::size_t dots = 0;    // Of the current segment, when it has nothing but dots so far.
  bool only_dots = false;  // Just behind a '/', or only dots since.
  const auto is_dot_segment = [&] { return only_dots && (dots == 1 || dots == 2); };
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '/') {
      if (is_dot_segment()) return "a '.' or '..' segment";
      only_dots = true;
      dots = 0;
      continue;
    }
    if (c == '\\') return "a backslash";
    if (c == '%') {
      const int high = i + 2 < path.size() ? hex_digit(path[i + 1]) : -1;
      const int low = i + 2 < path.size() ? hex_digit(path[i + 2]) : -1;
      if (high < 0 || low < 0) return "a broken percent-encoding";
      c = static_cast<char>(high * 16 + low);
      if (c == '/' || c == '\\' || c == '\0') return "an encoded '/', '\\' or NUL";
      i += 2;
    }
    if (c == '.') {
      ++dots;
    } else {
      only_dots = false;
    }
  }
  return is_dot_segment() ? "a '.' or '..' segment" : std::string_view{};
}

std::string normalised_target(std::string_view target, const QueryConfig& rules) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return std::string(target);
  const std::string_view path = target.substr(0, mark);
  if (rules.rule == QueryRule::kDrop) return std::string(path);
  if (rules.rule == QueryRule::kKeep && rules.keep.empty() && rules.drop.empty()) {
    return std::string(target);
  }
  std::vector<std::string_view> parameters;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view parameter = rest.substr(0, end);
    if (!parameter.empty() && is_kept(parameter, rules)) parameters.push_back(parameter);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  if (rules.rule == QueryRule::kSort) {
    std::stable_sort(parameters.begin(), parameters.end(),
                     [](auto a, auto b) { return name_of(a) < name_of(b); });
  }
  std::string normalised(path);
  char separator = '?';
  for (const std::string_view parameter : parameters) {
    normalised += separator;
    normalised += parameter;
    separator = '&';
  }
  return normalised;
}

void write_key_text(std::string& out, std::string_view site, std::string_view target,
                    std::string_view host) {
  out.clear();
  out.reserve(site.size() + 1 + target.size() + 1 + host.size());
  out += site;
  out += '\n';
  out += target;
  if (host.empty()) return;
  out += ' ';  // In no target.
  out += host;
}

}  // namespace edge
