// Http1Parser: the head of an HTTP/1.0 or HTTP/1.1 request, from bytes to a RequestHead. RFC 9112.
//
// Boost.Beast reads the grammar; around it stand the checks that it leaves out, because whatever
// two servers on one path read differently is a way to smuggle a request. Refused, never repaired:
//
//   lines       bare LF; bare CR; folded fields; white space before a colon; NUL and controls
//   target      anything but origin-form, absolute-form, or "*" for OPTIONS; "#", controls,
//               non-ASCII; CONNECT (501)
//   version     anything but HTTP/1.0 and HTTP/1.1, HTTP/0.9 included (505)
//   host        none or two on HTTP/1.1; two on HTTP/1.0; not a valid host and port
//   framing     Transfer-Encoding that is not exactly "chunked", or on HTTP/1.0, or twice, or
//               beside Content-Length; Content-Length that is no number or is given twice, even
//               with equal values
//   limits      request line (414), number and bytes of fields (431), length of the body (413)
//   Expect      anything but 100-continue (417)
//
// The bytes of a head are kept until its end is found, at most request_line_max +
// header_bytes_max; the same bytes give the same result however they are split.
//
// Ownership  `limits` outlives the parser. Buffers are kept from one head to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/limits.h"
#include "http/message.h"

namespace http {

// Why a request is not served: the status to answer before closing.
struct Refusal {
  int status = 400;
  std::string_view detail;  // A literal.
  std::string_view limit;   // The member of Limits that was passed; empty: none was.
};

class Http1Parser {
 public:
  enum class State {
    kReading,   // More bytes are needed.
    kComplete,  // head() and what follows it are good until restart().
    kRefused,   // See refusal(). For good: restart() is not legal.
  };

  explicit Http1Parser(const Limits& limits);
  Http1Parser(const Http1Parser&) = delete;
  Http1Parser& operator=(const Http1Parser&) = delete;
  ~Http1Parser();

  // Takes from the front of `bytes`, never beyond the head's end; returns how many.
  std::size_t take(std::string_view bytes);
  void restart();  // For the next head on the connection.

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  // Whether a first byte has come. An empty line before a head counts.
  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] std::size_t buffered_bytes() const { return buffer_.capacity(); }

  // All but `scheme`, which the connection knows.
  [[nodiscard]] RequestHead& head() { return head_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }  // As the client wishes.
  [[nodiscard]] bool chunked() const { return chunked_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }

 private:
  class Grammar;

  void take_line_part(std::string_view part);
  void end_line(std::string_view line);
  void end_request_line(std::string_view line);
  void end_head();
  void refuse(int status, std::string_view detail, std::string_view limit = {});

  // Called by Grammar. False: refused.
  bool on_request_line(std::string_view method, std::string_view target, int version);
  bool on_field(int known_field, std::string_view name, std::string_view value);
  bool on_connection(std::string_view value);
  bool on_content_length(std::string_view value);
  bool on_target(std::string_view target);
  bool on_end();

  const Limits& limits_;
  std::unique_ptr<Grammar> grammar_;
  State state_ = State::kReading;
  Refusal refusal_;

  std::string buffer_;            // The head so far.
  std::size_t line_start_ = 0;    // Of the line under way, in buffer_.
  std::size_t fields_start_ = 0;  // 0: the request line is not over.
  std::uint32_t field_lines_ = 0;
  bool begun_ = false;
  bool empty_line_skipped_ = false;

  RequestHead head_;
  std::uint64_t field_bytes_ = 0;
  std::uint32_t hosts_ = 0;
  std::string host_value_;
  bool absolute_form_ = false;
  bool transfer_encoding_seen_ = false;
  bool content_length_seen_ = false;
  bool wishes_close_ = false;
  bool wishes_keep_alive_ = false;
  std::vector<std::string> connection_options_;  // But close and keep-alive.
  bool keep_alive_ = false;
  bool chunked_ = false;
  bool expects_continue_ = false;
};

}  // namespace http
