#include "http/http1_session.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "http/event_loop.h"

namespace http {
namespace {

// A piece is worth its chunk's framing even when the batch is nearly full.
constexpr std::size_t kPieceMin = 4096;

constexpr Refusal kMalformedBody{400, "the chunked body is malformed", {}};
constexpr Refusal kShortBody{400, "the body ended before its time", {}};
constexpr Refusal kBodyTooLong{413, "the body is too long", "request_body_max"};

}  // namespace

std::unique_ptr<Session> make_http1_session(SessionHost& host) {
  return std::make_unique<Http1Session>(host);
}

Http1Session::Http1Session(SessionHost& host)
    : host_(host),
      parser_(host.limits()),
      request_body_(*this),
      idle_since_(host.loop().now()),
      ticked_(idle_since_),
      body_pace_(host.limits().body_rate_min, host.limits().rate_grace),
      send_pace_(host.limits().send_rate_min, host.limits().rate_grace) {}

Http1Session::~Http1Session() { end_exchange(ending_); }

bool Http1Session::idle() const { return state_ == State::kReadingHead || state_ == State::kOver; }

std::size_t Http1Session::exchanges() const { return responder_ ? 1 : 0; }

std::size_t Http1Session::buffered_bytes() const {
  return input_.capacity() + out_.capacity() + parser_.buffered_bytes();
}

// ---- The connection's calls

void Http1Session::receive(std::string_view bytes) {
  if (state_ == State::kOver || state_ == State::kRefusing || bytes.empty()) return;
  const base::MonoTime now = host_.loop().now();
  const std::size_t arrived = bytes.size();
  if (state_ == State::kReadingHead) {
    if (!parser_.begun()) head_began_ = now;
    bytes.remove_prefix(parser_.take(bytes));
  }
  input_.append(bytes);
  hold_input_back();

  if (state_ == State::kReadingHead) return act_on_head();
  if (body_awaited_) {
    body_pace_.waited(now - body_charged_until_);
    body_pace_.moved(arrived);
    body_charged_until_ = now;
    body_awaited_since_ = now;
  }
  if (state_ == State::kDiscarding) return discard_body();
  if (std::exchange(body_awaited_, false)) responder_->request_body_ready();
}

void Http1Session::client_closed() {
  client_closed_ = true;
  half_closed_since_ = host_.loop().now();
  half_closed_sent_ = sent_;
  switch (state_) {
    case State::kReadingHead:
    case State::kDiscarding:
      return close();
    case State::kExchange:
      // The answer may still be read (a client may close its half early); a body that is waited
      // for will not come.
      if (std::exchange(body_awaited_, false)) responder_->request_body_ready();
      return;
    case State::kRefusing:
    case State::kOver:
      return;
  }
}

void Http1Session::drain() {
  draining_ = true;
  if (state_ == State::kReadingHead && !parser_.begun()) close();
}

void Http1Session::produce(Output& output) {
  while (state_ != State::kOver) {
    if (!out_.empty()) {
      output.copy(out_);
      out_.clear();
    }
    if (state_ == State::kRefusing) {
      end_exchange(ending_);
      return close();
    }
    if (state_ != State::kExchange || response_ == Response::kNone || output.room() == 0) return;
    if (response_ == Response::kHead) produce_head(output);
    if (!produce_body(output)) return;
    complete_exchange();
  }
}

// ---- The life of a request

void Http1Session::next_request() {
  state_ = State::kReadingHead;
  const base::MonoTime now = host_.loop().now();
  idle_since_ = now;
  parser_.restart();
  if (!input_.empty()) {
    head_began_ = now;
    input_.take(parser_.take(input_.view()));
  }
  let_input_in();
  input_.release_if_empty();
  act_on_head();
}

void Http1Session::act_on_head() {
  switch (parser_.state()) {
    case Http1Parser::State::kReading:
      if (client_closed_ || (draining_ && !parser_.begun())) close();
      return;
    case Http1Parser::State::kComplete:
      return begin_exchange();
    case Http1Parser::State::kRefused:
      pass_limit(parser_.refusal());
      return refuse(parser_.refusal());
  }
}

void Http1Session::begin_exchange() {
  state_ = State::kExchange;
  started_ = host_.loop().now();
  ending_ = Ending::kClientLeft;
  response_ = Response::kNone;
  sent_ = 0;
  RequestHead& head = parser_.head();
  head.scheme = host_.peer().tls ? "https" : "http";
  decoder_ = ChunkedDecoder();
  body_left_ = head.body_length.value_or(0);
  body_received_ = 0;
  discarded_ = 0;
  body_pulled_ = false;
  body_flaw_ = nullptr;
  continue_owed_ = parser_.expects_continue();
  body_awaited_ = false;
  body_pace_.restart();
  keep_ = parser_.keep_alive();
  ++requests_;
  responder_ = host_.handler()(*this);
  CHECK(responder_ != nullptr);
  responder_->start();
}

void Http1Session::complete_exchange() {
  end_exchange(Ending::kComplete);
  if (!keep_) return close();
  if (body_flaw_ != nullptr) return close();
  if (body_done()) return next_request();
  state_ = State::kDiscarding;
  wait_for_body();
  discard_body();
}

void Http1Session::end_exchange(Ending ending) {
  if (!responder_) return;
  const std::unique_ptr<Responder> responder = std::move(responder_);
  response_head_ = ResponseHead();
  responder->finished({ending, sent_, body_received_});
}

void Http1Session::close() {
  state_ = State::kOver;
  host_.finish(/*abruptly=*/false);
}

void Http1Session::cut(Ending ending) {
  ending_ = ending;
  state_ = State::kOver;
  host_.finish(/*abruptly=*/true);
}

void Http1Session::refuse(const Refusal& refusal) {
  state_ = State::kRefusing;
  append_refusal(out_, refusal, parser_.head().method == "HEAD" ? WithBody::kNo : WithBody::kYes);
  host_.want_output();
}

void Http1Session::fail_request(const Refusal& refusal, Ending ending) {
  pass_limit(refusal);
  if (response_ == Response::kBody) return cut(ending);
  ending_ = ending;
  refuse(refusal);
}

void Http1Session::pass_limit(const Refusal& refusal) {
  if (!refusal.limit.empty()) host_.count_limit(refusal.limit);
}

// ---- The Responder's calls

const RequestHead& Http1Session::request() const {
  return const_cast<Http1Parser&>(parser_).head();
}

void Http1Session::respond(ResponseHead head, std::optional<std::uint64_t> length) {
  if (state_ != State::kExchange) return;  // Refused or cut meanwhile; finished() will follow.
  CHECK(response_ == Response::kNone);
  CHECK(head.status >= 200 && head.status <= 999);
  response_ = Response::kHead;
  response_head_ = std::move(head);
  length_ = length;
  host_.want_output();
}

void Http1Session::wake() {
  if (state_ == State::kExchange && response_ == Response::kBody) host_.want_output();
}

void Http1Session::abort() {
  if (state_ == State::kExchange) cut(Ending::kAborted);
}

// ---- The request's body

bool Http1Session::body_done() const {
  return parser_.chunked() ? decoder_.done() : body_left_ == 0;
}

ChunkedDecoder::Step Http1Session::take_body(std::size_t max) {
  if (parser_.chunked()) return decoder_.take(input_.view(), max);
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>({body_left_, input_.size(), max}));
  body_left_ -= size;
  return {size, input_.view().substr(0, size)};
}

Pulled Http1Session::pull_body(std::size_t max) {
  if (state_ != State::kExchange) return Pulled::failed();
  body_pulled_ = true;
  if (body_done()) return Pulled::end();
  if (std::exchange(continue_owed_, false) && input_.empty() && response_ == Response::kNone) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    host_.want_output();
  }
  // What came before a flaw is given all the same, so that the result does not depend on how the
  // input was split.
  std::string piece;  // Of many small chunks, perhaps.
  while (!input_.empty() && piece.size() < max && !body_done() && body_flaw_ == nullptr) {
    const ChunkedDecoder::Step step = take_body(max - piece.size());
    const std::uint64_t room = host_.limits().request_body_max.count() - body_received_;
    if (decoder_.bad()) {
      body_flaw_ = &kMalformedBody;
    } else if (step.data.size() > room || decoder_.chunk_left() > room - step.data.size()) {
      body_flaw_ = &kBodyTooLong;
    } else {
      piece += step.data;
      body_received_ += step.data.size();
    }
    input_.take(step.taken);
  }
  let_input_in();

  if (!piece.empty()) return Pulled::some(base::Slice::of(std::move(piece)));
  if (body_flaw_ != nullptr) {
    fail_request(*body_flaw_, body_flaw_ == &kBodyTooLong ? Ending::kLimit : Ending::kClientLeft);
    return Pulled::failed();
  }
  if (body_done()) return Pulled::end();
  if (client_closed_) {
    fail_request(kShortBody, Ending::kClientLeft);
    return Pulled::failed();
  }
  wait_for_body();
  return Pulled::pending();
}

void Http1Session::wait_for_body() {
  body_awaited_ = true;
  body_awaited_since_ = host_.loop().now();
  body_charged_until_ = body_awaited_since_;
}

void Http1Session::discard_body() {
  while (!input_.empty() && !body_done() && !decoder_.bad()) {
    const ChunkedDecoder::Step step = take_body(input_.size());
    input_.take(step.taken);
    discarded_ += step.taken;
  }
  let_input_in();
  if (decoder_.bad() || discarded_ > kDiscardMax || (client_closed_ && !body_done())) {
    return close();
  }
  if (!body_done()) return;
  body_awaited_ = false;
  next_request();
}

void Http1Session::hold_input_back() {
  if (input_held_ || input_.size() < kInputMax) return;
  input_held_ = true;
  host_.want_input(false);
}

void Http1Session::let_input_in() {
  if (!input_held_ || input_.size() > kInputMax / 2) return;
  input_held_ = false;
  host_.want_input(true);
}

// ---- The response

void Http1Session::produce_head(Output& output) {
  const RequestHead& request = parser_.head();
  const bool old = request.version == Version::kHttp10;
  const int status = response_head_.status;
  const bool bodiless = request.method == "HEAD" || status == 204 || status == 304;

  if (bodiless) {
    framing_ = length_ && status != 204 ? Framing::kLength : Framing::kNone;
  } else if (length_) {
    framing_ = Framing::kLength;
  } else {
    framing_ = old ? Framing::kClose : Framing::kChunked;
  }

  const std::uint32_t most = host_.limits().requests_per_connection_max;
  if (most != 0 && requests_ >= most) {
    host_.count_limit("requests_per_connection_max");
    keep_ = false;
  }
  if (draining_ || framing_ == Framing::kClose) keep_ = false;
  // A body that nobody asked for. Of one that waits for 100 it is not known whether it will come.
  if (!body_done() && !body_pulled_ && (continue_owed_ || body_left_ > kDiscardMax)) keep_ = false;

  Persistence persistence = Persistence::kDefault;
  if (!keep_) persistence = Persistence::kClose;
  if (keep_ && old) persistence = Persistence::kKeepAlive;

  append_response_head(out_, response_head_, framing_, length_.value_or(0), persistence);
  output.copy(out_);
  send_pace_.restart();
  send_pace_.moved(out_.size());
  out_.clear();
  response_head_ = ResponseHead();
  response_ = Response::kBody;
  if (bodiless) length_ = 0;
}

bool Http1Session::produce_body(Output& output) {
  while (length_ != sent_) {
    if (output.room() == 0) return false;
    Pulled pulled = responder_->pull(std::max(output.room(), kPieceMin));
    if (state_ != State::kExchange) return false;  // It pulled a request body that proved bad.
    switch (pulled.state) {
      case Pulled::State::kPending:
        return false;
      case Pulled::State::kPiece:
        CHECK(!pulled.piece.empty());
        if (length_ && pulled.piece.size() > *length_ - sent_) break;
        produce_piece(output, std::move(pulled.piece));
        continue;
      case Pulled::State::kEnd:
        if (length_) break;
        if (framing_ == Framing::kChunked) output.copy("0\r\n\r\n");
        return true;
      case Pulled::State::kFailed:
        break;
    }
    end_exchange(Ending::kAborted);
    cut(Ending::kAborted);
    return false;
  }
  return true;
}

void Http1Session::produce_piece(Output& output, base::Slice piece) {
  const std::size_t size = piece.size();
  if (framing_ == Framing::kChunked) {
    char line[20];
    char* end = std::to_chars(std::begin(line), std::end(line) - 2, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    output.copy({line, static_cast<std::size_t>(end - line)});
  }
  output.share(std::move(piece));
  if (framing_ == Framing::kChunked) output.copy("\r\n");
  sent_ += size;
  send_pace_.moved(size);
}

// ---- Deadlines

void Http1Session::tick(base::MonoTime now, std::optional<base::MonoTime> output_blocked_since) {
  if (state_ == State::kOver) return;
  const Limits& limits = host_.limits();
  if (state_ == State::kReadingHead) {
    if (parser_.begun() && now - head_began_ > limits.header_max) {
      const Refusal late{408, "the request's head took too long", "header_max"};
      pass_limit(late);
      refuse(late);
    } else if (!parser_.begun() && !output_blocked_since && now - idle_since_ > limits.idle_max) {
      host_.count_limit("idle_max");
      close();
    }
  } else if (body_awaited_ && state_ != State::kRefusing) {
    tick_body(now);
  }
  // Blocked output has a deadline of its own.
  if (state_ == State::kExchange && client_closed_ && !output_blocked_since) tick_half_closed(now);
  if (state_ != State::kOver) tick_output(now, output_blocked_since);
  ticked_ = now;
}

void Http1Session::tick_body(base::MonoTime now) {
  const Limits& limits = host_.limits();
  body_pace_.waited(now - body_charged_until_);
  body_charged_until_ = now;
  Refusal late{408, "the request's body came too slowly", {}};
  if (now - body_awaited_since_ > limits.body_stall_max) {
    late.limit = "body_stall_max";
  } else if (body_pace_.too_slow()) {
    late.limit = "body_rate_min";
  } else {
    return;
  }
  if (state_ == State::kDiscarding) {  // Its answer is sent already.
    pass_limit(late);
    return close();
  }
  body_awaited_ = false;
  fail_request(late, Ending::kLimit);
  if (state_ == State::kOver) end_exchange(Ending::kLimit);
}

// A response that moves shows whether anyone is there: if not, the next byte is answered by a
// reset.
void Http1Session::tick_half_closed(base::MonoTime now) {
  if (std::exchange(half_closed_sent_, sent_) != sent_) half_closed_since_ = now;
  if (now - half_closed_since_ <= host_.limits().half_closed_max) return;
  host_.count_limit("half_closed_max");
  end_exchange(Ending::kClientLeft);
  cut(Ending::kClientLeft);
}

void Http1Session::tick_output(base::MonoTime now, std::optional<base::MonoTime> blocked_since) {
  if (!blocked_since) return;
  send_pace_.waited(now - ticked_);
  std::string_view limit;
  if (now - *blocked_since > host_.limits().send_stall_max) {
    limit = "send_stall_max";
  } else if (send_pace_.too_slow()) {
    limit = "send_rate_min";
  } else {
    return;
  }
  host_.count_limit(limit);
  end_exchange(Ending::kLimit);
  cut(Ending::kLimit);
}

}  // namespace http
