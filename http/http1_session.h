// Http1Session: HTTP/1.0 and HTTP/1.1 on one connection. RFC 9112.
//
//             head complete              response sent           body thrown away
//   kReadingHead ─────► kExchange ──────────────┬───────► kDiscarding ───┐
//        ▲                  │                   │ body was read          │
//        └──────────────────┼───────────────────┴────────────────────────┘
//                           ▼
//   anything refused ─► kRefusing ─► kOver    (and kOver at once where an answer would lie)
//
// One exchange at a time: the next head is not parsed until the current exchange has ended, so
// answers keep the order of pipelined requests. What the client sends meanwhile waits in input_,
// bounded by kInputMax; a full buffer holds the client back. A request's body is decoded from there
// when the Responder pulls it, so there is one buffer and one bound.
//
// The session is its own Exchange. A Responder may call in at any time, so nothing here ends an
// exchange but the connection's calls (receive, produce, tick, client_closed, ~): abort() and a
// refused body only change the state, and the next of those calls does the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/chunked_decoder.h"
#include "http/exchange.h"
#include "http/http1_parser.h"
#include "http/http1_response.h"
#include "http/input_buffer.h"
#include "http/pace.h"
#include "http/session.h"

namespace http {

class Http1Session final : public Session, private Exchange {
 public:
  // Unhandled input that a connection may hold before its client is held back (one receive() more).
  static constexpr std::size_t kInputMax = 64 << 10;
  // Of a body that nobody read: thrown away to keep the connection; above, it is closed.
  static constexpr std::size_t kDiscardMax = 64 << 10;

  explicit Http1Session(SessionHost& host);
  Http1Session(const Http1Session&) = delete;
  Http1Session& operator=(const Http1Session&) = delete;
  ~Http1Session() override;

  void receive(std::string_view bytes) override;
  void client_closed() override;
  void produce(Output& output) override;
  void tick(base::MonoTime now, std::optional<base::MonoTime> output_blocked_since) override;
  void drain() override;
  [[nodiscard]] bool idle() const override;
  [[nodiscard]] std::size_t exchanges() const override;
  [[nodiscard]] std::size_t buffered_bytes() const override;

 private:
  enum class State {
    kReadingHead,  // Between requests, or inside a head. input_ is empty.
    kExchange,     // responder_ lives.
    kDiscarding,   // The response is sent; what is left of the request's body is thrown away.
    kRefusing,     // An error answer lies in out_; produce() sends it and closes.
    kOver,         // host_.finish() was called.
  };
  // Of the exchange under way.
  enum class Response {
    kNone,  // respond() has not been called.
    kHead,  // Called; the head is not produced yet.
    kBody,  // The head is produced, the body is being pulled.
  };

  class RequestBody final : public BodySource {
   public:
    explicit RequestBody(Http1Session& session) : session_(session) {}
    Pulled pull(std::size_t max) override { return session_.pull_body(max); }

   private:
    Http1Session& session_;
  };

  // Exchange.
  [[nodiscard]] const RequestHead& request() const override;
  [[nodiscard]] const Peer& peer() const override { return host_.peer(); }
  [[nodiscard]] EventLoop& loop() override { return host_.loop(); }
  [[nodiscard]] base::MonoTime started() const override { return started_; }
  BodySource& request_body() override { return request_body_; }
  void respond(ResponseHead head, std::optional<std::uint64_t> length) override;
  void wake() override;
  void abort() override;

  // The life of a request.
  void next_request();
  void act_on_head();
  void begin_exchange();
  void complete_exchange();
  void end_exchange(Ending ending);
  void close();                                              // Gracefully, after what was produced.
  void cut(Ending ending);                                   // So that the client can tell.
  void refuse(const Refusal& refusal);                       // Answers with an error, then closes.
  void fail_request(const Refusal& refusal, Ending ending);  // Refuses, or cuts what has begun.
  void pass_limit(const Refusal& refusal);

  // The request's body.
  Pulled pull_body(std::size_t max);
  ChunkedDecoder::Step take_body(std::size_t max);
  [[nodiscard]] bool body_done() const;
  void discard_body();
  void wait_for_body();
  void hold_input_back();
  void let_input_in();

  // The response.
  void produce_head(Output& output);
  bool produce_body(Output& output);  // True: complete.
  void produce_piece(Output& output, base::Slice piece);

  void tick_body(base::MonoTime now);
  void tick_half_closed(base::MonoTime now);
  void tick_output(base::MonoTime now, std::optional<base::MonoTime> blocked_since);

  SessionHost& host_;
  Http1Parser parser_;
  RequestBody request_body_;
  State state_ = State::kReadingHead;
  InputBuffer input_;
  std::string out_;  // Small things to send before anything else; reused.
  bool input_held_ = false;
  bool client_closed_ = false;
  bool draining_ = false;
  bool keep_ = true;  // Whether another request may follow the current one.
  std::uint32_t requests_ = 0;

  // The exchange under way.
  std::unique_ptr<Responder> responder_;
  Ending ending_ = Ending::kClientLeft;  // What the Responder is told if the session goes now.
  base::MonoTime started_;
  Response response_ = Response::kNone;
  ResponseHead response_head_;
  std::optional<std::uint64_t> length_;  // Of the response's body, as respond() had it.
  Framing framing_ = Framing::kNone;
  std::uint64_t sent_ = 0;

  ChunkedDecoder decoder_;
  std::uint64_t body_left_ = 0;  // By Content-Length.
  std::uint64_t body_received_ = 0;
  std::uint64_t discarded_ = 0;
  bool body_pulled_ = false;
  const Refusal* body_flaw_ = nullptr;  // Found behind what was pulled; the next pull fails.
  bool continue_owed_ = false;
  bool body_awaited_ = false;  // The client is what we wait for.

  // Deadlines.
  base::MonoTime idle_since_;
  base::MonoTime head_began_;
  base::MonoTime body_awaited_since_;  // Or since the last byte of it.
  base::MonoTime body_charged_until_;
  base::MonoTime half_closed_since_;  // Or since the last byte of the response.
  std::uint64_t half_closed_sent_ = 0;
  base::MonoTime ticked_;
  Pace body_pace_;
  Pace send_pace_;
};

}  // namespace http
