#include "bench/load/options.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <utility>

#include "base/duration.h"

namespace load {
namespace {

auto invalid(std::string what) { return base::fail(base::ErrorCode::kInvalid, std::move(what)); }

// The text of options whose values are more than a number, until all are known.
struct Texts {
  std::vector<std::string> urls;
  std::string list, base, object_size, choice = "sequential", range, seek_after, duration, warm_up,
                                       drain, timeout, receive_buffer;
  std::vector<std::string> headers;
  double rate = 0;
  std::uint64_t requests = 0;
};

void describe_raw(CLI::App& app, RawOptions& o, Texts& t) {
  app.add_option("url", t.urls, "What to ask for");
  app.add_option("--list", t.list,
                 "File of URLs or paths, one a line, each with its size if known");
  app.add_option("--base", t.base, "URL before the paths of a list");
  app.add_option("--object-size", t.object_size, "Size of objects whose line names none");
  app.add_option("--choose", t.choice, "sequential, uniform or zipf:EXPONENT");
  app.add_option("--range", t.range, "Ask for random ranges of this size");
  app.add_option("--seek-after", t.seek_after,
                 "Leave each response after so many bytes and ask elsewhere (a seek storm)");
  const std::map<std::string, Verify> verify = {
      {"none", Verify::kNone}, {"length", Verify::kLength}, {"pattern", Verify::kPattern}};
  app.add_option("--verify", o.verify,
                 "none: any 2xx; length: status, ranges and lengths; pattern: every byte too, of "
                 "objects written by make-files")
      ->transform(CLI::CheckedTransformer(verify).description(""));
  app.add_option("--seed", o.seed, "Of random choices: the same seed asks the same");

  app.add_option("-c,--connections", o.connections, "Connections that read")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("-m,--streams", o.streams, "Requests under way on each (HTTP/1.1: one)")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--stalled", o.stalled, "Further connections that ask and stop reading")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--idle", o.idle, "Further connections that ask for nothing")
      ->check(CLI::Range(0, 1'000'000));
  app.add_flag("--together", o.together, "Ask for nothing before all connections are open");
  app.add_option("--rate", t.rate, "Open loop: requests a second, latency from when each was due")
      ->check(CLI::PositiveNumber);
  app.add_flag("--poisson", o.poisson, "With --rate: random gaps instead of even ones");
  app.add_option("-d,--duration", t.duration, "Measure for so long (10s, without --requests)");
  app.add_option("-n,--requests", t.requests, "Measure so many requests (in 10m at most)")
      ->check(CLI::PositiveNumber);
  app.add_option("--warm-up", t.warm_up, "Load before measuring (none)");
  app.add_option("--drain", t.drain, "Open loop: wait for the last answers (5s)");
  app.add_option("--timeout", t.timeout, "For a response or a handshake (10s)");

  const std::map<std::string, Protocol> protocol = {
      {"auto", Protocol::kAuto}, {"h1", Protocol::kHttp1}, {"h2", Protocol::kHttp2}};
  app.add_option("--protocol", o.protocol,
                 "auto (ALPN; http: HTTP/1.1), h1, or h2 (http: h2c with prior knowledge)")
      ->transform(CLI::CheckedTransformer(protocol).description(""));
  app.add_option("--header", t.headers, "'name: value' for every request")->allow_extra_args(false);
  app.add_option("--connect-to", o.connect_to, "HOST:PORT to connect to instead of the URL's");
  app.add_option("--ca", o.tls.ca_file, "Verify the server's certificate by this file");
  app.add_option("--tls13-ciphers", o.tls.tls13_ciphers)->capture_default_str();
  app.add_option("--tls12-ciphers", o.tls.tls12_ciphers)->capture_default_str();
  app.add_flag("--tls12", o.tls.tls12, "TLS 1.2 at most");
  app.add_option("--window-bits", o.http2.stream_window_bits, "A stream's window: 2^bits - 1")
      ->check(CLI::Range(1, 31));
  app.add_option("--connection-window-bits", o.http2.connection_window_bits)
      ->check(CLI::Range(16, 31));
  app.add_option("--receive-buffer", t.receive_buffer, "SO_RCVBUF of every connection");

  app.add_option("--server-pid", o.server.processes, "Processes whose CPU time counts")
      ->delimiter(',');
  app.add_option("--server-cgroup", o.server.cgroup, "Or a control group's folder");
  app.add_option("--json", o.json_file, "Write the figures to this file too");
}

void describe_make_files(CLI::App& app, MakeFilesOptions& o, std::string& size) {
  app.add_option("directory", o.directory, "Where to write")->required();
  app.add_option("--count", o.count)->check(CLI::Range(1, 10'000'000));
  app.add_option("--size", size, "Of each")->required();
  app.add_option("--prefix", o.prefix, "Of their names")->capture_default_str();
  app.add_option("--list", o.list_file, "Write a list for 'raw --list' here");
}

template <class Value, class Parse>
base::Result<void> convert(std::string_view option, const std::string& text, Value& value,
                           Parse parse) {
  if (text.empty()) return {};
  const auto parsed = parse(text);
  if (!parsed) return invalid(std::string(option) + ": " + parsed.error().context);
  value = *parsed;
  return {};
}

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad()) return invalid(path + ": " + std::strerror(errno));
  return text;
}

base::Result<void> add_header(const std::string& text, RequestCommon& common) {
  const auto colon = text.find(':');
  if (text.find_first_of("\r\n") != std::string::npos) {
    return invalid("--header: a field has no line breaks");
  }
  if (colon == std::string::npos || colon == 0) {
    return invalid("--header '" + text + "': expected 'name: value'");
  }
  std::string name = text.substr(0, colon);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto value = text.find_first_not_of(" \t", colon + 1);
  common.fields.push_back({std::move(name), value == std::string::npos ? "" : text.substr(value)});
  return {};
}

base::Result<void> take_objects(const Texts& t, RawOptions& o) {
  std::optional<base::Bytes> size;
  if (auto r = convert("--object-size", t.object_size, size, base::parse_bytes); !r) return r;
  ObjectListBuilder objects;
  if (!t.base.empty()) {
    if (auto r = objects.set_base(t.base); !r) return r;
  }
  for (const std::string& url : t.urls) {
    if (auto r = objects.add(url, size); !r) return r;
  }
  if (!t.list.empty()) {
    const auto text = read_file(t.list);
    if (!text) return std::unexpected(text.error());
    if (auto r = objects.add_lines(*text, t.list, size); !r) return r;
  }
  auto taken = objects.take();
  if (!taken) return std::unexpected(taken.error());
  o.objects = std::move(*taken);
  return {};
}

base::Result<void> check_together(const RawOptions& o) {
  if (o.connections + o.stalled + o.idle == 0) return invalid("no connections to make");
  if (o.connections == 0 && (o.rate || o.requests)) {
    return invalid("--rate and --requests need --connections that read");
  }
  if (o.poisson && !o.rate) return invalid("--poisson needs --rate");
  if (o.range || o.seek_after) {
    for (const Object& object : o.objects.objects) {
      if (object.size.value_or(0) > 0) continue;
      return invalid("--range and --seek-after need each object's size; " + object.target +
                     " has none: name it in the list or by --object-size");
    }
  }
  if (o.range && o.range->count() == 0) return invalid("--range: expected at least one byte");
  if (o.tls.protocol == Protocol::kHttp1 && o.streams > 1) {
    return invalid("--protocol h1 carries one request at a time: leave out --streams");
  }
  return {};
}

base::Result<RawOptions> finish_raw(RawOptions o, const Texts& t) {
  const auto fill = [&]() -> base::Result<void> {
    if (auto r = take_objects(t, o); !r) return r;
    if (auto r = convert("--choose", t.choice, o.choice, parse_choice); !r) return r;
    if (auto r = convert("--range", t.range, o.range, base::parse_bytes); !r) return r;
    if (auto r = convert("--seek-after", t.seek_after, o.seek_after, base::parse_bytes); !r) {
      return r;
    }
    if (auto r = convert("--receive-buffer", t.receive_buffer, o.receive_buffer, base::parse_bytes);
        !r) {
      return r;
    }
    if (auto r = convert("--duration", t.duration, o.duration, base::parse_duration); !r) return r;
    if (auto r = convert("--warm-up", t.warm_up, o.warm_up, base::parse_duration); !r) return r;
    if (auto r = convert("--drain", t.drain, o.drain, base::parse_duration); !r) return r;
    if (auto r = convert("--timeout", t.timeout, o.timeout, base::parse_duration); !r) return r;
    for (const std::string& header : t.headers) {
      if (auto r = add_header(header, o.common); !r) return r;
    }
    return {};
  };
  if (auto filled = fill(); !filled) return std::unexpected(filled.error());
  if (t.rate > 0) o.rate = t.rate;
  if (t.requests > 0) o.requests = t.requests;
  if (!o.requests && !o.duration) o.duration = std::chrono::seconds(10);
  o.tls.protocol = o.protocol;
  o.common.scheme = o.objects.tls ? "https" : "http";
  o.common.authority = o.objects.authority;
  if (auto checked = check_together(o); !checked) return std::unexpected(checked.error());
  return o;
}

}  // namespace

base::Result<Options> parse_options(const std::vector<std::string>& arguments) {
  CLI::App app("Loads an HTTP server and measures it.", "headrace-bench");
  app.require_subcommand(1);
  RawOptions raw;
  Texts texts;
  MakeFilesOptions files;
  std::string file_size;
  CLI::App* const raw_app = app.add_subcommand("raw", "Many plain requests, counted and checked");
  CLI::App* const files_app =
      app.add_subcommand("make-files", "Write objects whose every byte a run can check");
  describe_raw(*raw_app, raw, texts);
  describe_make_files(*files_app, files, file_size);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return Help{app.help()};
  } catch (const CLI::ParseError& error) {
    return invalid(error.what());
  }
  if (raw_app->parsed()) {
    auto finished = finish_raw(std::move(raw), texts);
    if (!finished) return std::unexpected(finished.error());
    return std::move(*finished);
  }
  const auto size = base::parse_bytes(file_size);
  if (!size) return invalid("--size: " + size.error().context);
  files.size = *size;
  return files;
}

}  // namespace load
