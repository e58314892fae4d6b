// A whole HTTP/1 session fed with arbitrary bytes: twice, once in one piece and once in pieces
// whose sizes the input chooses. What must hold whatever arrives:
//
//   - never two exchanges at once, and every exchange is finished once;
//   - every RequestHead keeps the promises of http/message.h;
//   - both ways give the same requests, the same bodies and the same responses;
//   - a chunked body that is accepted is the one that Boost.Beast reads from the same bytes.
//
// The first byte chooses the size of the pieces.
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "http/chunked_decoder.h"
#include "http/event_loop.h"
#include "http/session.h"
#include "http/url.h"

namespace {

using namespace http;

void check_head(const RequestHead& head) {
  CHECK(head.version == Version::kHttp10 || head.version == Version::kHttp11);
  CHECK(is_token(head.method) && head.method != "CONNECT");
  CHECK(head.scheme == "http");
  CHECK(head.authority.empty() ? head.version == Version::kHttp10 : is_authority(head.authority));
  CHECK(head.authority == base::to_lower(head.authority));
  CHECK(is_origin_form(head.target) || (head.target == "*" && head.method == "OPTIONS"));
  CHECK(head.fields.size() <= 100);
  for (const base::Field field : head.fields) {
    CHECK(is_token(field.name) && field.name == base::to_lower(field.name));
    CHECK(is_field_value(field.value) && field.value == base::trim(field.value));
    for (const char* gone : {"host", "connection", "keep-alive", "proxy-connection", "te",
                             "upgrade", "transfer-encoding", "content-length", "expect"}) {
      CHECK(field.name != gone);
    }
  }
  if (head.body_length) CHECK(head.has_body == (*head.body_length > 0));
}

// Reads every body whole and answers with its length.
class Reader final : public Responder {
 public:
  Reader(Exchange& exchange, std::string& seen, int& alive)
      : exchange_(exchange), seen_(seen), alive_(alive) {
    CHECK(++alive_ == 1);
    const RequestHead& head = exchange.request();
    check_head(head);
    seen_ += head.method + ' ' + head.authority + ' ' + head.target + '\n';
    for (const base::Field field : head.fields) {
      seen_ += std::string(field.name) + ':' + std::string(field.value) + '\n';
    }
  }
  ~Reader() override {
    CHECK(finished_);
    --alive_;
  }

  void start() override { read(); }
  void request_body_ready() override { read(); }
  Pulled pull(std::size_t max) override {
    if (left_ == 0) return Pulled::end();
    const std::size_t size = std::min<std::uint64_t>(max, left_);
    left_ -= size;
    return Pulled::some(base::Slice::of(std::string(size, 'x')));
  }
  void finished(const Outcome& outcome) override {
    CHECK(!finished_);
    finished_ = true;
    if (outcome.ending == Ending::kComplete) CHECK(done_);
  }

 private:
  void read() {
    CHECK(!done_);
    while (true) {
      const Pulled pulled = exchange_.request_body().pull(1000);
      if (pulled.state == Pulled::State::kPending) return;
      if (pulled.state == Pulled::State::kPiece) {
        CHECK(!pulled.piece.empty() && pulled.piece.size() <= 1000);
        CHECK(exchange_.request().has_body);
        seen_ += pulled.piece.view();
        received_ += pulled.piece.size();
        continue;
      }
      done_ = true;
      if (pulled.state == Pulled::State::kFailed) return;
      if (const auto length = exchange_.request().body_length) CHECK(received_ == *length);
      left_ = 1 + received_ % 100;
      // Both framings.
      const bool known = received_ % 2 == 0;
      exchange_.respond({.status = 200}, known ? std::optional(left_) : std::nullopt);
      return;
    }
  }

  Exchange& exchange_;
  std::string& seen_;
  int& alive_;
  std::uint64_t left_ = 0;
  std::uint64_t received_ = 0;
  bool done_ = false;
  bool finished_ = false;
};

class Collector final : public Output {
 public:
  explicit Collector(std::string& bytes) : bytes_(bytes) {}
  std::size_t room() const override { return 1 << 16; }
  void copy(std::string_view bytes) override { bytes_ += bytes; }
  void share(base::Slice piece) override { bytes_ += piece.view(); }

 private:
  std::string& bytes_;
};

// What a conversation came to: requests and bodies, responses without their dates, how it ended.
struct Conversation final : SessionHost {
  Conversation(std::string_view bytes, std::size_t piece) : loop_(clock_) {
    handler_ = [this](Exchange& exchange) {
      return std::make_unique<Reader>(exchange, seen, alive_);
    };
    session_ = make_http1_session(*this);
    while (!bytes.empty() && !over_) {
      const std::string_view part = bytes.substr(0, piece);
      bytes.remove_prefix(part.size());
      const std::string exact(part);  // So that reading beyond it is seen.
      session_->receive(exact);
      produce();
      CHECK(input_wanted_);  // This application never lets input pile up.
    }
    if (!over_) session_->client_closed();
    produce();
    session_.reset();
    CHECK(alive_ == 0);
    // "date: Sun, 06 Nov 1994 08:49:37 GMT" and its line end; and whether a 100 is worth sending
    // depends on whether the body is here already.
    erase_all("date: ", 37);
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    erase_all(kContinue, kContinue.size());
  }

  EventLoop& loop() override { return loop_; }
  const Peer& peer() const override { return peer_; }
  const Limits& limits() const override { return kLimits; }
  const Handler& handler() const override { return handler_; }
  void want_output() override { output_wanted_ = true; }
  void want_input(bool wanted) override { input_wanted_ = wanted; }
  void finish(bool abruptly) override {
    CHECK(!over_);
    over_ = true;
    seen += abruptly ? "\ncut" : "\nclosed";
  }
  void count_limit(std::string_view limit) override { seen += limit; }

  std::string seen;
  std::string sent;

 private:
  void erase_all(std::string_view start, std::size_t length) {
    for (std::size_t at = 0; (at = sent.find(start, at)) != std::string::npos;) {
      sent.erase(at, length);
    }
  }

  void produce() {
    while (output_wanted_ && !over_) {
      output_wanted_ = false;
      Collector output(sent);
      session_->produce(output);
    }
  }

  static constexpr Limits kLimits{.request_line_max = base::Bytes(200),
                                  .request_body_max = base::Bytes(5000)};
  base::ManualClock clock_;
  EventLoop loop_;
  Peer peer_;
  Handler handler_;
  bool output_wanted_ = false;
  bool input_wanted_ = true;
  bool over_ = false;
  int alive_ = 0;
  std::unique_ptr<Session> session_;
};

// Whatever our decoder takes whole, Beast reads as the same bytes.
void compare_decoders(std::string_view bytes) {
  ChunkedDecoder decoder;
  std::string ours;
  std::size_t used = 0;
  while (used < bytes.size() && !decoder.done() && !decoder.bad()) {
    const auto step = decoder.take(bytes.substr(used), 7);
    CHECK(step.taken > 0 && step.data.size() <= 7);
    used += step.taken;
    ours += step.data;
  }
  if (!decoder.done()) return;
  namespace beast = boost::beast;
  beast::http::request_parser<beast::http::string_body> parser;
  parser.eager(true);
  const std::string whole =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(bytes.substr(0, used));
  beast::error_code error;
  std::size_t taken = 0;
  while (!error && taken < whole.size() && !parser.is_done()) {
    taken +=
        parser.put(boost::asio::const_buffer(whole.data() + taken, whole.size() - taken), error);
  }
  if (error) return;  // Beast minds the grammar of extensions and trailers, which we skip.
  CHECK(parser.is_done() && taken == whole.size());
  CHECK(parser.get().body() == ours);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Conversation whole(bytes, std::string_view::npos);
  const Conversation split(bytes, 1 + data[0] % 16);
  CHECK(whole.seen == split.seen);
  CHECK(whole.sent == split.sent);
  compare_decoders(bytes);
  return 0;
}
