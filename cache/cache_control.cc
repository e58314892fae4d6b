#include <algorithm>
#include <utility>

#include "cache/cache_directive.h"

namespace cache {
namespace {

using std::chrono::seconds;

// RFC 9111 §1.2.2. What is no number counts as 0.
seconds delta_of(std::string_view digits) {
  seconds delta{0};
  for (const char c : digits) {
    if (c < '0' || c > '9') return seconds(0);
    delta = std::min(delta * 10 + seconds(c - '0'), kDeltaMax);
  }
  return delta;
}

void keep_shorter(std::optional<seconds>& kept, seconds other) {
  kept = kept ? std::min(*kept, other) : other;
}

void keep_longer(std::optional<seconds>& kept, seconds other) {
  kept = kept ? std::max(*kept, other) : other;
}

// Takes a field value apart, one directive a call. What is between two commas is a directive, but
// for commas inside a quoted string.
class DirectiveReader {
 public:
  explicit DirectiveReader(std::string_view value) : rest_(value) {}

  // The text of the next directive, trimmed; none at the end. Empty ones are passed over.
  std::optional<std::string_view> next() {
    while (!rest_.empty()) {
      const std::size_t end = end_of_directive();
      const std::string_view text = base::trim(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      if (!text.empty()) return text;
    }
    return std::nullopt;
  }

  // A quoted string never ended, and hides whatever comes after its quote.
  [[nodiscard]] bool unterminated() const { return unterminated_; }

 private:
  std::size_t end_of_directive() {
    bool quoted = false;
    for (std::size_t i = 0; i < rest_.size(); ++i) {
      if (quoted && rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        quoted = !quoted;
      } else if (!quoted && rest_[i] == ',') {
        return i;
      }
    }
    unterminated_ = unterminated_ || quoted;
    return rest_.size();
  }

  std::string_view rest_;
  bool unterminated_ = false;
};

// NAME or NAME=ARGUMENT. Space around "=" is not allowed, so it makes the argument malformed.
CacheDirective split(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {text, std::nullopt};
  const std::string_view name = text.substr(0, equals);
  std::string_view argument = text.substr(equals + 1);
  if (base::trim(name).size() != name.size()) return {base::trim(name), "malformed"};
  if (argument.size() >= 2 && argument.starts_with('"') && argument.ends_with('"')) {
    argument = argument.substr(1, argument.size() - 2);
  }
  // Nothing is no number either.
  return {name, argument.empty() ? "malformed" : argument};
}

// Whether a Surrogate-Control directive's parameters name us, or nobody.
bool is_for_us(std::string_view parameters) {
  bool names_someone = false;
  while (!parameters.empty()) {
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view target = base::trim(parameters.substr(0, end));
    if (base::equals_ignoring_case(target, kSurrogateName)) return true;
    names_someone = names_someone || !target.empty();
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
  }
  return !names_someone;
}

}  // namespace

bool add_directive(CacheControl& control, const CacheDirective& directive) {
  const auto is = [&](std::string_view name) {
    return base::equals_ignoring_case(directive.name, name);
  };
  const seconds delta = delta_of(directive.argument.value_or("0"));
  if (is("max-age")) {
    keep_shorter(control.max_age, delta);
  } else if (is("s-maxage")) {
    keep_shorter(control.s_maxage, delta);
  } else if (is("stale-while-revalidate")) {
    keep_shorter(control.stale_while_revalidate, delta);
  } else if (is("stale-if-error")) {
    keep_shorter(control.stale_if_error, delta);
  } else if (is("max-stale")) {
    keep_shorter(control.max_stale, directive.argument ? delta : seconds::max());
  } else if (is("min-fresh")) {
    keep_longer(control.min_fresh, delta);
  } else if (is("no-store")) {
    control.no_store = true;
  } else if (is("no-cache")) {
    control.no_cache = true;
  } else if (is("private")) {
    control.is_private = true;
  } else if (is("public")) {
    control.is_public = true;
  } else if (is("must-revalidate") || is("proxy-revalidate")) {
    control.must_revalidate = true;
  } else if (is("must-understand")) {
    control.must_understand = true;
  } else if (is("immutable")) {
    control.immutable = true;
  } else if (is("only-if-cached")) {
    control.only_if_cached = true;
  } else if (is("no-transform")) {
    control.no_transform = true;
  } else {
    return false;
  }
  return true;
}

CacheControl parse_cache_control(std::string_view value) {
  CacheControl control;
  DirectiveReader reader(value);
  while (const auto text = reader.next()) add_directive(control, split(*text));
  if (reader.unterminated()) control.no_cache = true;
  return control;
}

std::optional<CacheControl> parse_surrogate_control(std::string_view value) {
  CacheControl control;
  bool says_something = false;
  DirectiveReader reader(value);
  while (const auto text = reader.next()) {
    const std::size_t end = std::min(text->find(';'), text->size());
    if (!is_for_us(text->substr(std::min(end + 1, text->size())))) continue;
    CacheDirective directive = split(base::trim(text->substr(0, end)));
    // max-age=600+30: for thirty seconds more it may be served stale.
    const std::size_t plus = directive.argument ? directive.argument->find('+') : 0;
    if (plus != 0 && plus != std::string_view::npos) {
      add_directive(control, {"stale-while-revalidate", directive.argument->substr(plus + 1)});
      directive.argument = directive.argument->substr(0, plus);
    }
    says_something = add_directive(control, directive) || says_something;
  }
  if (reader.unterminated()) control.no_cache = says_something = true;
  if (!says_something) return std::nullopt;
  return control;
}

}  // namespace cache
