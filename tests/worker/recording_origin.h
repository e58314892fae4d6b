// RecordingOrigin: an origin that answers every request as a test says, and remembers them.
#pragma once

#include <charconv>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/http/scripted_origin.h"

namespace worker {

class RecordingOrigin {
 public:
  // The answer to a request, by its first line: "PUT /api/… HTTP/1.1". "": hangs up instead.
  using Answer = std::function<std::string(std::string_view request)>;

  explicit RecordingOrigin(Answer answer) : answer_(std::move(answer)) {}

  [[nodiscard]] std::string url() const { return origin_.url(""); }
  // First lines, in order, but for heartbeats.
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // The last one's.
  std::string body() {
    const std::lock_guard lock(mutex_);
    return body_;
  }

 private:
  static std::size_t length_in(std::string_view head) {
    constexpr std::string_view kName = "Content-Length: ";
    const auto at = head.find(kName);
    std::size_t length = 0;
    if (at != std::string_view::npos) {
      std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
    }
    return length;
  }

  void serve(http::OriginConnection& connection) {
    for (std::string head; !(head = connection.read_head()).empty();) {
      std::string body = connection.read(length_in(head));
      const std::string line = head.substr(0, head.find('\r'));
      if (line.find("/heartbeat") == std::string::npos) {
        const std::lock_guard lock(mutex_);
        requests_.push_back(line);
        body_ = std::move(body);
      }
      const std::string answer = answer_(line);
      if (answer.empty()) return;
      connection.send(answer);
    }
  }

  const Answer answer_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::string body_;
  http::ScriptedOrigin origin_{[this](http::OriginConnection& connection) { serve(connection); }};
};

inline std::string answer_of(int status, std::string_view body = "{}") {
  if (status == 204) return "HTTP/1.1 204 No Content\r\n\r\n";
  return "HTTP/1.1 " + std::to_string(status) +
         " It\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace worker
