// AccessLog: one line for each request, as JSON or in nginx's combined form, written off the loops.
//
// Each loop formats into a buffer of its own and hands it to the writer thread when it is full or a
// second old. When the writer can't keep up, lines are dropped and counted; requests never wait.
//
// Threads    line() and flush() on the loop that the Buffer belongs to; reopen() from any thread
//            (log rotation: on SIGHUP). JSON strings are escaped, so a client can't forge a line.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "edge/config.h"

namespace edge {

struct AccessLine {
  base::WallTime time;  // When the request's head had arrived.
  std::string_view request_id;
  std::string_view client;  // Address.
  std::string_view method, host, target, version;
  std::string_view site;
  int status = 0;
  std::uint64_t body_bytes_sent = 0;
  std::uint64_t body_bytes_received = 0;
  std::chrono::microseconds duration{0};
  std::chrono::microseconds first_byte{0};  // Until respond().
  std::string_view result;                  // cache_status.h: result_word().
  std::string_view detail;                  // ram, disk, or empty.
  std::string_view range;
  std::string_view referer, user_agent;
  std::string_view error;   // Why it was refused; may name an origin.
  std::string_view ending;  // complete, client_left, aborted, limit.
  bool tls = false;
};

class AccessLog {
 public:
  // `path`: a file, "-" for standard output, empty for none. kIo when it can't be opened.
  static base::Result<std::unique_ptr<AccessLog>> open(const std::string& path, LogForm form);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  ~AccessLog();  // Writes what has been handed over.

  [[nodiscard]] bool is_on() const;

  class Buffer {
   public:
    explicit Buffer(AccessLog& log);
    ~Buffer();
    void add(const AccessLine& line);
    void flush();

   private:
    AccessLog& log_;
    std::string text_;
  };

  void reopen();
  [[nodiscard]] std::uint64_t lines_dropped() const;

 private:
  struct State;
  explicit AccessLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One line with its newline, appended.
void append_json(std::string& out, const AccessLine& line);
void append_combined(std::string& out, const AccessLine& line);

}  // namespace edge
