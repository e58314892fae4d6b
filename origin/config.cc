#include "origin/config.h"

#include <array>

#include "http/message.h"

namespace origin {
namespace {

using namespace std::chrono_literals;

constexpr std::array kLogLevelNames{base::EnumName{"debug", base::LogLevel::kDebug},
                                    base::EnumName{"info", base::LogLevel::kInfo},
                                    base::EnumName{"warning", base::LogLevel::kWarning},
                                    base::EnumName{"error", base::LogLevel::kError}};

}  // namespace

void describe(CacheRule& c, base::ConfigVisitor& option) {
  option("patterns", c.patterns, 1, 1'000,
         "Names it is for, such as \"*.ts\" or \"live/*\"; \"*\" takes slashes, too.");
  option("cache_control", c.cache_control, "The field's value; empty: no such field.");
  option.check("cache_control", http::is_field_value(c.cache_control), "a header field's value");
}

void describe(OriginConfig& c, base::ConfigVisitor& option) {
  option("node.threads", c.threads, 0, 1'024, "Event loops that serve clients; 0: one per core.");

  option("listen.http", c.listen.http, 0, 64,
         "Addresses for HTTP/1.0, HTTP/1.1 and h2c with prior knowledge.");
  option("listen.https", c.listen.https, 0, 64,
         "Addresses for TLS 1.2 and 1.3; ALPN h2 and http/1.1.");
  option.check("listen.http", !c.listen.http.empty() || !c.listen.https.empty(),
               "an address here or in listen.https");
  option("listen.admin", c.listen.admin,
         "Address for /metrics, /healthz and /readyz; keep it private. Empty: none.");

  option("tls.certificate", c.tls.certificate, "PEM file of the chain, leaf first.");
  option("tls.private_key", c.tls.private_key, "PEM file of its key.");
  option.check("tls.certificate", c.listen.https.empty() || !c.tls.certificate.empty(),
               "a file, since listen.https is given");
  option.check("tls.private_key", c.tls.private_key.empty() == c.tls.certificate.empty(),
               "to be given together with tls.certificate");

  option("media.root", c.media.root, base::kRequired,
         "Directory of the media objects. Nothing outside it is served, whatever links say.");
  option("media.readers", c.media.readers, 1, 256, "Threads that read objects from disk.");
  option("media.rule", c.media.rules.cache, 0, 1'000,
         "Cache-Control for some names; the first rule that matches wins. Any rule here replaces "
         "the defaults.");
  option("media.cache_control", c.media.rules.cache_control_default,
         "Cache-Control for names that no rule matches; empty: no such field.");
  option.check("media.cache_control", http::is_field_value(c.media.rules.cache_control_default),
               "a header field's value");
  option(
      "media.allow_origin", c.media.rules.allow_origin,
      "Access-Control-Allow-Origin: \"*\" lets players on any page read; empty: no CORS fields.");
  option.check("media.allow_origin", http::is_field_value(c.media.rules.allow_origin),
               "\"*\" or an origin such as https://video.example");

  describe(c.limits, option);
  option("limits.drain_patience", c.drain_patience, 0ms, 1h,
         "How long SIGQUIT waits for exchanges under way.");
  option("log.level", c.log_level, kLogLevelNames, "Least level that is logged.");
}

}  // namespace origin
