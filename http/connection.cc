#include "http/connection.h"

#include <event2/event.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "http/event_loop.h"
#include "http/server_loop.h"

namespace http {
namespace {

using namespace std::chrono_literals;

// RFC 9113 §3.4. No HTTP/1 request begins like that.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

constexpr auto kLingerMax = 2s;

}  // namespace

Connection::Connection(ServerLoop& owner, Accepted accepted, std::shared_ptr<const Limits> limits)
    : owner_(owner),
      socket_(std::move(accepted.socket)),
      place_(std::move(accepted.place)),
      peer_(std::move(accepted.peer)),
      limits_(std::move(limits)),
      phase_(accepted.tls ? Phase::kHandshake : Phase::kDetect),
      since_(owner.loop().now()) {
  peer_.tls = accepted.tls != nullptr;
  transport_ = peer_.tls ? make_tls_transport(socket_.get(), std::move(accepted.tls), owner.loop(),
                                              owner.buffers())
                         : make_plain_transport(socket_.get(), owner.buffers());
  event_base* const base = owner.loop().raw();
  event_assign(&read_event_, base, socket_.get(), EV_READ | EV_PERSIST, on_read, this);
  event_assign(&write_event_, base, socket_.get(), EV_WRITE | EV_PERSIST, on_write, this);
  watch_reading(true);
}

Connection::~Connection() {
  session_.reset();
  transport_.reset();
  event_del(&read_event_);
  event_del(&write_event_);
  if (abrupt_) {
    const linger reset = {1, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
}

EventLoop& Connection::loop() { return owner_.loop(); }

const Handler& Connection::handler() const { return owner_.handler(); }

void Connection::on_read(int, short, void* self) {
  auto& connection = *static_cast<Connection*>(self);
  connection.busy_ = true;
  connection.read_turn();
  // What was asked for is answered in the same callback, all of it in one write.
  if (connection.output_wanted_ && !connection.writing_) connection.write_turn();
  connection.leave();
}

void Connection::on_write(int, short, void* self) {
  auto& connection = *static_cast<Connection*>(self);
  connection.write_scheduled_ = false;
  connection.busy_ = true;
  connection.write_turn();
  connection.leave();
}

void Connection::leave() {
  busy_ = false;
  if (phase_ == Phase::kDead) {
    owner_.remove(*this);
  } else if (output_wanted_ && !writing_) {
    schedule_writing();
  }
}

void Connection::read_turn() {
  if (phase_ == Phase::kHandshake) shake_hands();
  while (reading_ && phase_ != Phase::kHandshake && phase_ != Phase::kDead) {
    const Transport::Read read = transport_->read();
    switch (read.state) {
      case Transport::State::kDone:
        take(read.bytes);
        continue;
      case Transport::State::kBlocked:
        break;
      case Transport::State::kClosed:
        client_closed();
        break;
      case Transport::State::kFailed:
        die();
        break;
    }
    break;
  }
  // Alerts, tickets and key updates that TLS made while it read.
  if (phase_ != Phase::kDead && transport_->unsent() > 0 && !writing_) flush();
}

void Connection::shake_hands() {
  switch (transport_->handshake()) {
    case Transport::State::kBlocked:
      return;
    case Transport::State::kDone:
      peer_.server_name = transport_->server_name();
      open(transport_->protocol() == "h2" ? make_http2_session(*this) : make_http1_session(*this));
      return;
    default:
      owner_.count_handshake_failure();
      transport_->flush();  // The alert, if the socket takes it.
      die();
  }
}

void Connection::take(std::string_view bytes) {
  if (phase_ == Phase::kOpen) {
    session_->receive(bytes);
  } else if (phase_ == Phase::kDetect) {
    detect(bytes);
  }
}

void Connection::detect(std::string_view bytes) {
  preface_.append(bytes);
  const std::string_view seen = preface_;
  const std::size_t compared = std::min(seen.size(), kPreface.size());
  const bool may_be_http2 = seen.substr(0, compared) == kPreface.substr(0, compared);
  if (may_be_http2 && compared < kPreface.size()) return;
  open(may_be_http2 ? make_http2_session(*this) : make_http1_session(*this));
  const std::string early = std::move(preface_);
  preface_ = {};
  if (phase_ == Phase::kOpen) session_->receive(early);
}

void Connection::open(std::unique_ptr<Session> session) {
  phase_ = Phase::kOpen;
  session_ = std::move(session);
  if (draining_) session_->drain();
}

void Connection::client_closed() {
  client_closed_ = true;
  watch_reading(false);
  if (phase_ == Phase::kOpen) {
    session_->client_closed();
  } else if (phase_ != Phase::kFlushing) {
    die();
  }
}

void Connection::write_turn() {
  if (phase_ != Phase::kOpen) output_wanted_ = false;  // Else leave() would schedule without end.
  if (phase_ == Phase::kDead || phase_ == Phase::kLingering) return;
  if (transport_->unsent() > 0) {
    flush();
    if (phase_ == Phase::kDead || transport_->unsent() > 0) return;
  }
  if (phase_ == Phase::kOpen && std::exchange(output_wanted_, false)) {
    transport_->begin_batch(std::min(batch_.size(), owner_.buffers().batch_max()));
    session_->produce(*transport_);
    if (transport_->room() == 0) output_wanted_ = true;
    flush();
  }
  if (phase_ == Phase::kFlushing && transport_->unsent() == 0) end_output();
}

void Connection::flush() {
  const std::uint64_t before = transport_->sent_total();
  const Transport::State state = transport_->flush();
  const std::uint64_t taken = transport_->sent_total() - before;
  switch (state) {
    case Transport::State::kDone:
      batch_.all_taken(taken, transport_->batch_max());
      // More than one turn's worth: the loop comes back after the other connections, when the
      // socket is ready for it; until then it counts as blocked.
      watch_writing(output_wanted_ && phase_ == Phase::kOpen);
      blocked_since_.reset();
      if (writing_) blocked_since_ = loop().now();
      break;
    case Transport::State::kBlocked:
      batch_.blocked(taken);
      if (taken > 0 || !blocked_since_) blocked_since_ = loop().now();
      watch_writing(true);
      break;
    default:
      die();
  }
}

// The session's last byte is out.
void Connection::end_output() {
  if (abrupt_) return die();
  transport_->say_goodbye();
  if (transport_->unsent() > 0 && transport_->flush() == Transport::State::kFailed) return die();
  // What of a goodbye the socket does not take at once is not waited for.
  shutdown(socket_.get(), SHUT_WR);
  watch_writing(false);
  if (client_closed_) return die();
  output_wanted_ = false;
  phase_ = Phase::kLingering;
  since_ = loop().now();
}

void Connection::tick(base::MonoTime now) {
  busy_ = true;
  check_deadlines(now);
  leave();
}

void Connection::check_deadlines(base::MonoTime now) {
  switch (phase_) {
    case Phase::kHandshake:
      if (now - since_ > limits_->tls_handshake_max) {
        count_limit("tls_handshake_max");
        die();
      }
      break;
    case Phase::kDetect:
      if (now - since_ > limits_->header_max) {
        count_limit("header_max");
        die();
      }
      break;
    case Phase::kOpen:
      session_->tick(now, blocked_since_);
      break;
    case Phase::kFlushing:
      if (blocked_since_ && now - *blocked_since_ > limits_->send_stall_max) {
        count_limit("send_stall_max");
        abrupt_ = true;
        die();
      }
      break;
    case Phase::kLingering:
      if (now - since_ > kLingerMax) die();
      break;
    case Phase::kDead:
      break;
  }
}

void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::kOpen) {
    session_->drain();
  } else if (phase_ == Phase::kDetect && preface_.empty()) {
    phase_ = Phase::kFlushing;  // Nothing was asked yet.
    want_output();
  }
}

std::size_t Connection::buffer_bytes() const {
  return transport_->buffer_bytes() + (session_ ? session_->buffered_bytes() : 0);
}

void Connection::want_output() {
  output_wanted_ = true;
  if (!busy_ && !writing_) schedule_writing();
}

// Behind the callbacks that are ready now, so that what several of them ask for is one batch.
void Connection::schedule_writing() {
  if (std::exchange(write_scheduled_, true)) return;
  event_active(&write_event_, EV_WRITE, 1);
}

void Connection::want_input(bool wanted) {
  if (phase_ != Phase::kOpen || wanted == reading_) return;
  watch_reading(wanted);
  // TLS may hold bytes that it has taken from the socket: the kernel would not tell of them again.
  if (wanted) event_active(&read_event_, EV_READ, 1);
}

void Connection::finish(bool abruptly) {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kFlushing;
  abrupt_ = abruptly;
  if (abruptly) {
    die();
  } else if (!client_closed_) {
    watch_reading(true);
  }
  // Goes on, or is destroyed, in the callback at the bottom of the stack.
  output_wanted_ = true;
  if (!busy_) schedule_writing();
}

void Connection::count_limit(std::string_view limit) { owner_.count_limit(limit); }

void Connection::watch_reading(bool watch) {
  if (watch == reading_) return;
  reading_ = watch;
  if (watch) {
    event_add(&read_event_, nullptr);
  } else {
    event_del(&read_event_);
  }
}

void Connection::watch_writing(bool watch) {
  if (watch == writing_) return;
  writing_ = watch;
  if (watch) {
    // libevent does not register an event that is active already: the connection would never be
    // told that its socket is ready.
    if (std::exchange(write_scheduled_, false)) event_del(&write_event_);
    event_add(&write_event_, nullptr);
  } else {
    event_del(&write_event_);
    write_scheduled_ = false;
  }
}

}  // namespace http
