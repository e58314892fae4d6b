#include "origin/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "http/address_range.h"
#include "http/media_token.h"
#include "http/message.h"
#include "origin/videos/plan.h"

namespace origin {
namespace {

using namespace std::chrono_literals;
using namespace base::literals;

constexpr std::array kLogLevelNames{base::EnumName{"debug", base::LogLevel::kDebug},
                                    base::EnumName{"info", base::LogLevel::kInfo},
                                    base::EnumName{"warning", base::LogLevel::kWarning},
                                    base::EnumName{"error", base::LogLevel::kError}};

constexpr std::array kFirstRungNames{base::EnumName{"early", FirstRung::kEarly},
                                     base::EnumName{"with_others", FirstRung::kWithOthers}};

constexpr std::array kKeepNames{base::EnumName{"always", KeepOriginals::kAlways},
                                base::EnumName{"until_ready", KeepOriginals::kUntilReady}};

constexpr std::array<std::string_view, 9> kPresets{
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"};

// "720p", each more than the one before.
bool is_ladder(const std::vector<std::string>& rungs) {
  int before = 143;
  for (const std::string& rung : rungs) {
    int side = 0;
    const auto [end, error] = std::from_chars(rung.data(), rung.data() + rung.size(), side);
    if (error != std::errc() || std::string_view(end) != "p" || side <= before || side > 2'160) {
      return false;
    }
    before = side;
  }
  return true;
}

bool are_more_codecs(const std::vector<std::string>& codecs) {
  const auto is_more = [](const std::string& name) {
    const auto codec = package::picture_codec_of(name);
    return codec && *codec != package::PictureCodec::kH264;
  };
  return std::ranges::all_of(codecs, is_more) &&
         (codecs.size() < 2 || codecs.front() != codecs.back());
}

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

  option("data.directory", c.data.directory,
         "Where uploads and what is made of them lie. Empty: media alone, without /api.");
  option("data.database", c.data.database,
         "\"sqlite:FILE\" or \"postgresql:PARAMETERS\" of libpq; empty: a file in data.directory. "
         "It is kept connected api_threads + media.readers + 1 times.");
  option("data.api_threads", c.data.api_threads, 1, 256,
         "Threads that answer /api; each holds a database connection while it does.");
  option(
      "data.bodies_max", c.data.bodies_max, 64_MiB, 1_TiB,
      "Memory for bodies of requests that wait until they are whole: lists, tus uploads with a "
      "checksum, and workers' outputs. Beyond it, 503. Ranges of sources on their way to workers "
      "have as much again, and bodies on their way to disk a quarter.");

  option("uploads.size_max", c.uploads.size_max, 1_MiB, 16_TiB, "Largest file that is taken.");
  option("uploads.quota", c.uploads.quota, 1_MiB, 1024_TiB,
         "What an owner may have in uploaded files, and in videos by the length of these, unless "
         "he has "
         "a quota of his own.");
  option(
      "uploads.open_max", c.uploads.open_max, 1, 100'000,
      "Resumable uploads that an owner may have unfinished at a time; each may hold 8 MiB that no "
      "quota counts.");
  option("uploads.under_way_max", c.uploads.under_way_max, 1, 1'000'000,
         "Videos of an owner that workers may have tasks of at a time.");
  option("uploads.disk_free_min", c.uploads.disk_free_min, 0_B, 1024_TiB,
         "Uploads are refused while the disk has less than this free.");
  option("uploads.claim_time", c.uploads.claim_time, 1h, 24h * 365,
         "How long chunks are kept that no video uses yet.");

  option(
      "originals.keep", c.originals.keep, kKeepNames,
      "Uploaded files; until_ready: let go once the video has all its renditions, for good, those "
      "that are ready already too.");

  option("tasks.lease_time", c.tasks.lease_time, 1s, 1h,
         "A worker that is silent for so long has lost its task.");
  option("ladder.rungs", c.ladder.rungs, 1, 16,
         "Renditions by their short side, low to high; none above the source's is made.");
  option.check("ladder.rungs", is_ladder(c.ladder.rungs),
               "144p to 2160p, each more than the one before");
  option(
      "ladder.more_codecs", c.ladder.more_codecs, 0, 2,
      "Codecs beside H.264 and AAC: vp9, av1; each makes all rungs once more, and any of them the "
      "sound in Opus.");
  option.check("ladder.more_codecs", are_more_codecs(c.ladder.more_codecs),
               "\"vp9\" or \"av1\", each once");
  option("ladder.preset", c.ladder.preset,
         "x264's trade of time for size, such as veryfast, medium.");
  option.check("ladder.preset", std::ranges::find(kPresets, c.ladder.preset) != kPresets.end(),
               "one of x264's presets, ultrafast to veryslow");
  option("ladder.crf", c.ladder.crf, 10, 40, "Constant quality; less is better and larger.");
  option(
      "ladder.first_rung", c.ladder.first_rung, kFirstRungNames,
      "early: the lowest rung is made before the others, which costs decoding twice. with_others: "
      "all in one go, which decodes once, and watchable only at its end.");

  option("media.root", c.media.root,
         "Directory of the media objects. Nothing outside it is served, whatever links say. "
         "Empty: objects in data.directory.");
  option.check("media.root", !c.media.root.empty() || !c.data.directory.empty(),
               "a directory, or one in data.directory");
  option("media.readers", c.media.readers, 1, 256, "Threads that read objects from disk.");
  option("media.key_id", c.media.key_id, "Names the key that media tokens are signed with.");
  option.check("media.key_id", http::is_media_key_id(c.media.key_id),
               "1 to 16 lower-case letters and digits");
  option("media.key_file", c.media.key_file,
         "PEM file of that key (Ed25519). Empty: media-key.pem in data.directory, made when it is "
         "not there.");
  option("media.former_keys", c.media.former_keys, 0, 16,
         "Public keys, as the media-key command prints them, whose tokens still count here.");
  option.check("media.former_keys", http::MediaKeys::parse(c.media.former_keys).has_value(),
               "ID:KEY each, and each id once");
  option.check(
      "media.former_keys",
      std::ranges::none_of(c.media.former_keys,
                           [&](const auto& key) { return key.starts_with(c.media.key_id + ':'); }),
      "other ids than media.key_id");
  option("media.trusted_edges", c.media.trusted_edges, 0, 1'000,
         "Networks or addresses of edges that hold their clients to media tokens; they alone get "
         "private media without one.");
  option.check("media.trusted_edges",
               std::ranges::all_of(c.media.trusted_edges,
                                   [](const std::string& range) {
                                     return http::AddressRange::parse(range).has_value();
                                   }),
               "networks such as 10.0.0.0/8 or 2001:db8::/32, or addresses");
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
