#include "edge/access_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <iterator>

#include "base/mutex.h"
#include "base/thread.h"
#include "base/unique_fd.h"
#include "http/problem.h"

namespace edge {
namespace {

// A loop hands its lines over at this size; the writer holds at most kWaitingMax before it drops.
constexpr std::size_t kBufferBytes = 64 * 1024;
constexpr std::size_t kWaitingMax = 16 * 1024 * 1024;

std::chrono::sys_seconds whole_seconds(base::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += ",\"";
  out += key;
  out += "\":\"";
  http::append_json_escaped(out, value);
  out += '"';
}

// nginx writes what could end a quoted value as \xHH.
void append_quoted(std::string& out, std::string_view value) {
  out += '"';
  if (value.empty()) out += '-';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') {
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

void append_json(std::string& out, const AccessLine& line) {
  const auto into = std::back_inserter(out);
  const auto millis = line.time.time_since_epoch().count() % 1000;
  fmt::format_to(into, "{{\"time\":\"{:%FT%T}.{:03}Z\",\"id\":\"{}\",\"client\":\"{}\"",
                 whole_seconds(line.time), millis, line.request_id, line.client);
  append_text(out, "method", line.method);
  append_text(out, "host", line.host);
  append_text(out, "target", line.target);
  append_text(out, "site", line.site);
  fmt::format_to(into,
                 ",\"version\":\"{}\",\"tls\":{},\"status\":{},\"bytes\":{},\"bytes_received\":{},"
                 "\"duration_us\":{},\"first_byte_us\":{},\"result\":\"{}\"",
                 line.version, line.tls, line.status, line.body_bytes_sent,
                 line.body_bytes_received, line.duration.count(), line.first_byte.count(),
                 line.result);
  append_text(out, "detail", line.detail);
  append_text(out, "range", line.range);
  append_text(out, "referer", line.referer);
  append_text(out, "user_agent", line.user_agent);
  if (!line.error.empty()) append_text(out, "error", line.error);
  append_text(out, "ending", line.ending);
  out += "}\n";
}

void append_combined(std::string& out, const AccessLine& line) {
  const auto into = std::back_inserter(out);
  fmt::format_to(into, "{} - - [{:%d/%b/%Y:%T +0000}] ", line.client, whole_seconds(line.time));
  std::string request(line.method);
  request.append(1, ' ').append(line.target).append(1, ' ').append(line.version);
  append_quoted(out, request);
  fmt::format_to(into, " {} {} ", line.status, line.body_bytes_sent);
  append_quoted(out, line.referer);
  out += ' ';
  append_quoted(out, line.user_agent);
  out += '\n';
}

struct AccessLog::State {
  std::string path;
  LogForm form = LogForm::kOff;
  base::Mutex mutex;
  base::Condition changed;
  std::deque<std::string> waiting GUARDED_BY(mutex);
  std::size_t waiting_bytes GUARDED_BY(mutex) = 0;
  bool must_reopen GUARDED_BY(mutex) = false;
  bool is_closing GUARDED_BY(mutex) = false;
  std::atomic<std::uint64_t> dropped{0};
  base::UniqueFd file;  // The writer's, once it runs.
  base::Thread writer;

  base::Result<base::UniqueFd> open_file() const {
    if (path == "-") return base::UniqueFd(::dup(STDOUT_FILENO));
    base::UniqueFd opened(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    if (!opened) {
      return base::fail(base::ErrorCode::kIo,
                        "log.access: can't open " + path + ": " + std::strerror(errno));
    }
    return opened;
  }

  void hand_over(std::string text) {
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    base::MutexLock lock(mutex);
    if (waiting_bytes + text.size() > kWaitingMax) {
      dropped.fetch_add(lines);
      return;
    }
    waiting_bytes += text.size();
    waiting.push_back(std::move(text));
    changed.notify_one();
  }

  void write_all() {
    while (true) {
      std::string text;
      {
        base::MutexLock lock(mutex);
        while (waiting.empty() && !must_reopen && !is_closing) changed.wait(mutex);
        if (must_reopen) {
          must_reopen = false;
          if (auto opened = open_file()) file = std::move(*opened);
        }
        if (waiting.empty()) {
          if (is_closing) return;
          continue;
        }
        text = std::move(waiting.front());
        waiting.pop_front();
        waiting_bytes -= text.size();
      }
      std::string_view rest = text;
      while (!rest.empty()) {
        const ssize_t written = ::write(file.get(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
          dropped.fetch_add(static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')));
          break;
        }
        rest.remove_prefix(static_cast<std::size_t>(written));
      }
    }
  }
};

base::Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& path, LogForm form) {
  auto state = std::make_unique<State>();
  state->path = path;
  state->form = path.empty() ? LogForm::kOff : form;
  if (state->form != LogForm::kOff) {
    auto opened = state->open_file();
    if (!opened) return std::unexpected(opened.error());
    state->file = std::move(*opened);
    state->writer = base::Thread("access-log", [raw = state.get()] { raw->write_all(); });
  }
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(state)));
}

AccessLog::AccessLog(std::unique_ptr<State> state) : state_(std::move(state)) {}

AccessLog::~AccessLog() {
  {
    base::MutexLock lock(state_->mutex);
    state_->is_closing = true;
    state_->changed.notify_one();
  }
  state_->writer.join();
}

bool AccessLog::is_on() const { return state_->form != LogForm::kOff; }

void AccessLog::reopen() {
  if (!is_on()) return;
  base::MutexLock lock(state_->mutex);
  state_->must_reopen = true;
  state_->changed.notify_one();
}

std::uint64_t AccessLog::lines_dropped() const { return state_->dropped.load(); }

AccessLog::Buffer::Buffer(AccessLog& log) : log_(log) {}
AccessLog::Buffer::~Buffer() { flush(); }

void AccessLog::Buffer::add(const AccessLine& line) {
  if (log_.state_->form == LogForm::kCombined) {
    append_combined(text_, line);
  } else {
    append_json(text_, line);
  }
  if (text_.size() >= kBufferBytes) flush();
}

void AccessLog::Buffer::flush() {
  if (text_.empty()) return;
  log_.state_->hand_over(std::move(text_));
  text_.clear();
}

}  // namespace edge
