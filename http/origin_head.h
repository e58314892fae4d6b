// OriginHead: collects the head of an origin's HTTP/1.x response, line by line, and refuses what a
// strict peer would not have sent. RFC 9112 §4, §5, §6.3.
//
// libcurl splits the lines and frames the body, but is lax about both. A head that two readers
// could frame differently is refused here, before anyone sees it: bare LF, folded lines, space
// before the colon, control bytes, more than one Content-Length, Content-Length beside
// Transfer-Encoding, any transfer coding but "chunked", any on HTTP/1.0, and 101 (we never ask to
// upgrade).
//
// Errors     kProtocol, blame origin: malformed, or over the limits. All heads of one exchange (1xx
//            included) and the trailers share one budget, so that an origin can't send for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/fields.h"
#include "base/result.h"

namespace http {

class OriginHead {
 public:
  OriginHead(std::uint32_t fields_max, std::size_t bytes_max)
      : fields_max_(fields_max), bytes_max_(bytes_max) {}

  // `line` with its CRLF; the empty line included. True: the final head is complete with this line.
  // What follows a complete head are trailers: counted, checked for nothing else, and dropped.
  base::Result<bool> add_line(std::string_view line);

  [[nodiscard]] bool complete() const { return state_ == State::kComplete; }
  [[nodiscard]] int status() const { return status_; }

  // Once complete: no Content-Length, no chunks, and a status that has a body.
  [[nodiscard]] bool ends_with_connection() const { return ends_with_connection_; }

  // Once complete: the fields without framing and connection fields, but with Content-Length.
  base::Fields take_fields();

 private:
  enum class State {
    kStatusLine,  // Nothing yet, or a 1xx head is over.
    kFields,
    kComplete,
  };

  base::Result<void> parse_status_line(std::string_view line);
  base::Result<void> parse_field(std::string_view line);
  base::Result<void> check_framing() const;

  const std::uint32_t fields_max_;
  const std::size_t bytes_max_;
  State state_ = State::kStatusLine;
  int status_ = 0;
  bool http10_ = false;
  bool ends_with_connection_ = false;
  std::size_t fields_seen_ = 0;
  std::size_t bytes_seen_ = 0;
  base::Fields fields_;
};

}  // namespace http
