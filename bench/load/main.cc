// headrace-bench: the load tool. docs/benchmarks.md says how to use it and how to read it.
//
// Ends with 0 when every measured request succeeded, 1 on wrong use, 2 when it could not run, and 3
// when requests failed or bytes were wrong.
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/make_files.h"
#include "bench/load/options.h"
#include "bench/load/report.h"
#include "bench/load/runner.h"
#include "http/url.h"

namespace {

enum ExitCode { kClean = 0, kUsage = 1, kNotRun = 2, kFailures = 3 };

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // A signal handler sets it.

int complain(ExitCode code, const base::Error& error) {
  fmt::print(stderr, "headrace-bench: {}\n", error.context);
  return code;
}

// Each connection is a file: take what the hard limit gives.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

base::Result<load::Address> address_of(const load::RawOptions& options) {
  if (options.connect_to.empty()) {
    return load::resolve(options.objects.host, options.objects.port);
  }
  const auto url = http::parse_url("http://" + options.connect_to + "/");
  if (!url) {
    return base::fail(base::ErrorCode::kInvalid,
                      "--connect-to '" + options.connect_to + "': expected HOST:PORT");
  }
  return load::resolve(url->host, url->port);
}

int run_raw(const load::RawOptions& options) {
  raise_file_limit();
  std::signal(SIGPIPE, SIG_IGN);
  const auto stop = [](int) { interrupted = true; };
  std::signal(SIGINT, stop);
  std::signal(SIGTERM, stop);

  const auto address = address_of(options);
  if (!address) return complain(kNotRun, address.error());
  load::SslContext context;
  if (options.objects.tls) {
    auto made = load::new_ssl_context(options.tls);
    if (!made) return complain(kUsage, made.error());
    context = std::move(*made);
  }
  load::Runner runner(options,
                      {.address = *address,
                       .host = options.objects.host,
                       .tls = context.get(),
                       .protocol = options.protocol,
                       .common = options.common,
                       .http2 = options.http2,
                       .streams = options.streams,
                       .receive_buffer = options.receive_buffer},
                      interrupted);
  const auto tally = runner.run();
  if (!tally) return complain(kNotRun, tally.error());
  fmt::print("{}", load::report_text(*tally));
  if (!options.json_file.empty()) {
    const auto json = load::report_json(options, *tally);
    if (auto written = load::write_report(options.json_file, json); !written) {
      return complain(kNotRun, written.error());
    }
  }
  return tally->failed() > 0 || tally->is_cut_short ? kFailures : kClean;
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = load::parse_options(std::vector<std::string>(argv + 1, argv + argc));
  if (!options) return complain(kUsage, options.error());
  if (const auto* help = std::get_if<load::Help>(&*options)) {
    fmt::print("{}", help->text);
    return kClean;
  }
  if (const auto* files = std::get_if<load::MakeFilesOptions>(&*options)) {
    if (auto made = load::make_files(*files); !made) return complain(kNotRun, made.error());
    return kClean;
  }
  return run_raw(std::get<load::RawOptions>(*options));
}
