#include "edge/admin.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "edge/key_rules.h"
#include "edge/refusal.h"
#include "http/media_token.h"
#include "http/url.h"

namespace edge {
namespace {

using Json = nlohmann::ordered_json;
using Parameters = std::map<std::string, std::string>;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Result<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return base::fail(base::ErrorCode::kInvalid, "a broken percent-encoding in the query",
                        base::Blame::kClient);
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// Any bytes as a JSON string: what is not UTF-8 is replaced.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json to_json(const cache::StoreStats& stats) {
  return {{"memory",
           {{"capacity_bytes", stats.arena_capacity.count()},
            {"used_bytes", stats.arena_used.count()},
            {"records", stats.memory.records},
            {"chunks", stats.memory.chunks},
            {"evictions", stats.memory.evictions}}},
          {"disk",
           {{"healthy", stats.disk.healthy},
            {"capacity_bytes", stats.disk.capacity.count()},
            {"used_bytes", stats.disk.used.count()},
            {"chunks_written", stats.disk.chunks_written},
            {"chunks_rewritten", stats.disk.chunks_rewritten},
            {"chunks_dropped", stats.disk.chunks_dropped},
            {"corrupt", stats.disk.corrupt}}},
          {"fills_in_flight", stats.fills_in_flight},
          {"followers", stats.followers},
          {"purge_sequence", stats.purge_sequence},
          {"purge_entries", stats.purge_entries}};
}

Json to_json(const cache::Lookup& found, std::uint32_t chunks_in_memory, base::WallTime now) {
  const cache::Object& object = *found.object;
  const cache::ObjectHead& head = object.head();
  Json json{{"state", head.freshness.fresh(now) && !found.soft_purged ? "fresh" : "stale"},
            {"soft_purged", found.soft_purged},
            {"found_in", cache::name_of(found.source)},
            {"status", head.status},
            {"key", cache::to_hex(head.key)},
            {"version", cache::to_hex(head.version)},
            {"age_seconds", head.freshness.age(now).count() / 1000},
            {"ttl_seconds", head.freshness.ttl(now).count() / 1000},
            {"chunk_size", object.chunk_size()},
            {"chunks_in_memory", chunks_in_memory},
            {"access", head.access == cache::Access::kToken ? "token" : "anyone"},
            {"tags", head.tags.size()},
            {"purge_sequence", head.purge_sequence}};
  if (object.length()) {
    json["length"] = *object.length();
    json["chunks"] = object.chunk_count();
  }
  Json fields = Json::array();
  for (const base::Field field : object.fields()->fields) {
    fields.push_back(std::string(field.name) + ": " + std::string(field.value));
  }
  json["fields"] = std::move(fields);
  return json;
}

// Where a URL's object lies: its site and key text.
struct Place {
  std::shared_ptr<const Site> site;
  std::string key_text;
};

base::Result<Place> place_of(const Revision& revision, const std::string& text) {
  const auto url = http::parse_url(text);
  if (!url) {
    return base::fail(base::ErrorCode::kInvalid, "url: " + url.error().context,
                      base::Blame::kClient);
  }
  Place place{revision.sites.find(url->host), {}};
  if (!place.site) {
    return base::fail(base::ErrorCode::kNotFound, "url: no site has the host " + url->host,
                      base::Blame::kClient);
  }
  if (http::has_media_token(url->target)) {
    return base::fail(base::ErrorCode::kInvalid,
                      "url: expected it without its media token, as keys are: /media/VIDEO/…",
                      base::Blame::kClient);
  }
  place.site->write_key(place.key_text, normalised_target(url->target, place.site->config.query),
                        url->authority());
  return place;
}

std::unexpected<base::Error> not_understood(std::string what) {
  return base::fail(base::ErrorCode::kInvalid, std::move(what), base::Blame::kClient);
}

// A purge can't be taken back: what is not understood to the last parameter is not done.
base::Result<void> check_purge(const Parameters& parameters) {
  constexpr std::array<std::string_view, 4> kWhat{"url", "prefix", "tag", "everything"};
  int selectors = 0;
  for (const auto& [name, value] : parameters) {
    if (std::ranges::find(kWhat, name) != kWhat.end()) {
      ++selectors;
    } else if (name != "site" && name != "soft") {
      return not_understood("there is no parameter \"" + name +
                            "\": expected url, site, prefix, tag, everything, soft");
    }
    const bool is_flag = name == "soft" || name == "everything";
    if (is_flag && value != "0" && value != "1") return not_understood(name + ": expected 0 or 1");
  }
  if (selectors != 1) {
    return not_understood(
        "expected one of url=…, prefix=, tag= and everything=1, the last three with "
        "site=NAME");
  }
  if (parameters.contains("url") && parameters.contains("site")) {
    return not_understood("url names its site itself: leave site out");
  }
  return {};
}

base::Result<cache::Purge> purge_of(const Revision& revision, const Parameters& parameters) {
  if (auto understood = check_purge(parameters); !understood) {
    return std::unexpected(understood.error());
  }
  const auto given = [&](const char* name) -> std::optional<std::string> {
    const auto it = parameters.find(name);
    return it == parameters.end() || it->second.empty() ? std::nullopt : std::optional(it->second);
  };
  cache::Purge purge;
  purge.soft = given("soft").value_or("0") == "1";
  if (const auto url = given("url")) {
    auto place = place_of(revision, *url);
    if (!place) return std::unexpected(place.error());
    purge.kind = cache::PurgeKind::kUrl;
    purge.text = std::move(place->key_text);
    return purge;
  }
  const std::string name = given("site").value_or("");
  const auto site = revision.sites.by_name(name);
  if (!site) {
    return not_understood(name.empty() ? "expected site=NAME, or url=…"
                                       : "there is no site named \"" + name + "\"");
  }
  if (const auto prefix = given("prefix")) {
    if (!prefix->starts_with('/')) {
      return base::fail(base::ErrorCode::kInvalid, "prefix: expected a path that begins with '/'",
                        base::Blame::kClient);
    }
    purge.kind = cache::PurgeKind::kPrefix;
    purge.text = site->name + '\n' + *prefix;
  } else if (const auto tag = given("tag")) {
    purge.kind = cache::PurgeKind::kTag;
    purge.text = site->name + '\n' + *tag;
  } else if (given("everything").value_or("0") == "1") {
    purge.kind = cache::PurgeKind::kEverything;
    purge.text = site->name + '\n';
  } else {
    return base::fail(base::ErrorCode::kInvalid, "expected prefix=, tag= or everything=1",
                      base::Blame::kClient);
  }
  return purge;
}

class AdminResponder final : public http::Responder {
 public:
  AdminResponder(AdminContext& context, http::Exchange& exchange)
      : context_(context), exchange_(exchange) {}

  void start() override {
    const http::RequestHead& request = exchange_.request();
    const std::string_view target = request.target;
    const std::string_view path = target.substr(0, target.find('?'));
    const std::string_view query =
        path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view{};
    auto parameters = parse_query(query);
    if (!parameters) return problem(400, parameters.error().context);
    if (request.fields.contains("origin")) return problem(403, "not from a browser's page");

    if (request.method == "PURGE") return purge_as_method(request);
    const bool is_get = request.method == "GET" || request.method == "HEAD";
    if (path == "/purge" || path == "/drain") {
      if (request.method != "POST") return problem(405, "expected POST");
      return path == "/purge" ? purge(*parameters) : drain();
    }
    if (!is_get) return problem(405, "expected GET");
    if (path == "/metrics") return text(200, context_.metrics.text(), "text/plain; version=0.0.4");
    if (path == "/healthz") return health();
    if (path == "/readyz") return ready();
    if (path == "/config") return config();
    if (path == "/cache/stats") return json(200, to_json(context_.store.stats()));
    if (path == "/cache/entry") return entry(*parameters);
    problem(404,
            "no such page: see /metrics, /healthz, /readyz, /config, /cache/stats, "
            "/cache/entry?url=, POST /purge, POST /drain");
  }

  http::Pulled pull(std::size_t max) override {
    if (body_.empty()) return http::Pulled::end();
    base::Slice piece = body_.sub(0, std::min(max, body_.size()));
    body_.remove_prefix(piece.size());
    return http::Pulled::some(std::move(piece));
  }

 private:
  void text(int status, std::string body, std::string_view type) {
    http::ResponseHead head;
    head.status = status;
    head.own.add("content-type", type);
    head.own.add("cache-control", "no-store");
    body_ = base::Slice::of(std::move(body));
    exchange_.respond(std::move(head), body_.size());
  }
  void json(int status, const Json& value) { text(status, dump(value), "application/json"); }
  void problem(int status, std::string_view detail) {
    body_ = base::Slice::of(http::to_json({.status = status, .detail = detail}));
    exchange_.respond(http::head_of({.status = status}), body_.size());
  }
  void problem(const base::Error& error) {
    problem(error.code == base::ErrorCode::kNotFound ? 404 : status_of(error), error.context);
  }

  void config() {
    const std::shared_ptr<const Revision> revision = context_.revision();
    std::string printed = base::print_config(revision->config);
    if (!revision->pending.empty()) printed += "\n# In the file, but only a restart applies it:\n";
    for (const base::PendingOption& option : revision->pending) {
      printed += "# " + option.key + " = " + option.wanted + '\n';
    }
    text(200, std::move(printed), "text/plain");
  }

  void health() {
    const cache::StoreStats stats = context_.store.stats();
    const bool has_disk = !context_.revision()->config.cache.path.empty();
    json(200, {{"status", "ok"},
               {"disk", !has_disk            ? "none"
                        : stats.disk.healthy ? "ok"
                                             : "taken out"}});
  }

  void ready() {
    const bool draining = context_.is_draining();
    json(draining ? 503 : 200, {{"status", draining ? "draining" : "ready"},
                                {"config_revision", context_.revision()->number}});
  }

  void entry(const Parameters& parameters) {
    const auto it = parameters.find("url");
    if (it == parameters.end()) return problem(400, "expected url=…");
    const auto place = place_of(*context_.revision(), it->second);
    if (!place) return problem(place.error());
    pending_ =
        context_.store.find(place->key_text, {}, context_.loop, [this](const cache::Lookup& found) {
          switch (found.state) {
            case cache::Lookup::State::kFound:
              return json(200, to_json(found, context_.store.chunks_in_memory(*found.object),
                                       context_.clock.wall()));
            case cache::Lookup::State::kPass:
              return json(200, {{"state", "known to be uncacheable"}});
            default:
              return problem(404, "nothing is stored for that URL");
          }
        });
  }

  // As nginx's and Varnish's operators are used to: PURGE of the URL itself, here by its Host.
  void purge_as_method(const http::RequestHead& request) {
    Parameters parameters{{"url", "http://" + request.authority + request.target}};
    const auto soft = request.fields.find("fastly-soft-purge");
    if (soft && *soft != "0") parameters["soft"] = "1";
    purge(parameters);
  }

  void purge(const Parameters& parameters) {
    auto purge = purge_of(*context_.revision(), parameters);
    if (!purge) return problem(purge.error());
    std::string what;
    for (const auto& [name, value] : parameters) what.append(name).append("=").append(value) += ' ';
    if (!what.empty()) what.pop_back();
    base::log_info("purge", {{"what", what}, {"client", exchange_.peer().address}});
    // The answer may come after this responder is gone: only a living one is told.
    context_.store.purge(
        std::move(*purge), context_.loop,
        [this, alive = std::weak_ptr<int>(alive_)](const base::Result<std::uint64_t>& sequence) {
          if (alive.expired()) return;
          if (!sequence) return problem(sequence.error());
          json(200, {{"purged", true}, {"sequence", *sequence}});
        });
  }

  void drain() {
    json(202, {{"status", "draining"}});
    context_.drain();
  }

  AdminContext& context_;
  http::Exchange& exchange_;
  base::Slice body_;
  std::unique_ptr<cache::Store::Pending> pending_;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace

base::Result<std::map<std::string, std::string>> parse_query(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const auto equals = pair.find('=');
    auto name = percent_decoded(pair.substr(0, equals));
    auto value = percent_decoded(equals == std::string_view::npos ? std::string_view{}
                                                                  : pair.substr(equals + 1));
    if (!name) return std::unexpected(name.error());
    if (!value) return std::unexpected(value.error());
    parameters[*name] = *value;
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
  }
  return parameters;
}

std::unique_ptr<http::Responder> make_admin_responder(AdminContext& context,
                                                      http::Exchange& exchange) {
  return std::make_unique<AdminResponder>(context, exchange);
}

}  // namespace edge
