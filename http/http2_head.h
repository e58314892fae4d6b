// Http2Head: a request's head on its way from HPACK to a RequestHead. RFC 9113 §8.
//
// nghttp2 has already refused upper-case and malformed names, control characters in values,
// pseudo-fields that are unknown, repeated or late, connection-specific fields, a TE other than
// trailers, and repeated or malformed Content-Lengths. What it leaves to us: the cap on count and
// bytes (it has none), Host against :authority, the forms of authority and target, and joining the
// crumbs of Cookie.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/limits.h"
#include "http/message.h"

namespace http {

class Http2Head {
 public:
  explicit Http2Head(const Limits& limits) : limits_(&limits) {}

  // Takes the next field. Beyond the limits nothing is kept any more, so that a header bomb costs
  // no memory.
  void add(std::string_view name, std::string_view value);
  void mark_malformed() { malformed_ = true; }  // nghttp2 refused a field.

  // What the connection and END_STREAM tell of the request.
  struct Frame {
    bool tls = false;
    bool ends_stream = true;
  };
  // After the last field. 0: `head` is complete; else the status that answers the request: 400,
  // 413, 414, 417, 431, 501 (CONNECT).
  [[nodiscard]] int finish(RequestHead& head, Frame frame);

  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  // The member of Limits that was passed; empty: none was.
  [[nodiscard]] std::string_view limit() const { return limit_; }

 private:
  void take_pseudo(std::string_view name, std::string_view value);

  const Limits* limits_;
  std::string method_;
  std::string authority_;
  std::string host_;
  std::string target_;
  std::string cookie_;
  base::Fields fields_;
  std::string_view limit_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  bool malformed_ = false;
  bool has_authority_ = false;
  bool has_host_ = false;
  bool scheme_fits_ = false;
  bool expects_continue_ = false;
  bool expects_else_ = false;
  std::optional<std::uint64_t> content_length_;
};

}  // namespace http
