#include "bench/load/connection.h"

#include <sys/epoll.h>

#include <array>
#include <utility>

#include "base/check.h"

namespace load {
namespace {

// One client may not keep the thread for longer than this many bytes while others wait.
constexpr std::size_t kTurnBytes = 256 * 1024;

std::array<std::byte, 64 * 1024>& read_buffer() {
  static std::array<std::byte, 64 * 1024> buffer;  // One thread, and used only within read().
  return buffer;
}

}  // namespace

Connection::Connection(const Target& target, Owner& owner, std::size_t index, Role role)
    : target_(target), owner_(owner), index_(index), role_(role), exchanges_(target.streams) {
  for (Exchange& exchange : exchanges_) exchange.connection = index;
}

base::Result<void> Connection::open(int epoll, Time now) {
  CHECK(state_ == State::kClosed);
  auto transport =
      Transport::open(target_.address, target_.tls, target_.host, target_.receive_buffer);
  if (!transport) return std::unexpected(transport.error());
  transport_ = std::make_unique<Transport>(std::move(*transport));
  state_ = State::kHandshake;
  opened_at_ = now;
  failure_.clear();
  epoll_ = epoll;
  watched_ = EPOLLOUT;
  epoll_event event{.events = watched_, .data = {.u64 = index_}};
  CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, transport_->fd(), &event) == 0);
  return {};
}

void Connection::close() {
  if (session_) session_->close();
  session_.reset();
  transport_.reset();  // Closing the socket takes it out of epoll.
  state_ = State::kClosed;
  output_.clear();
  output_sent_ = 0;
  stalled_ = false;
  holds_bytes_ = false;
  CHECK(active_ == 0);
}

void Connection::watch() {
  unsigned wanted = stalled_ ? unsigned{EPOLLRDHUP} : unsigned{EPOLLIN};
  if (output_sent_ < output_.size() || (state_ == State::kHandshake && transport_->wants_write())) {
    wanted |= EPOLLOUT;
  }
  if (wanted == watched_) return;
  watched_ = wanted;
  epoll_event event{.events = wanted, .data = {.u64 = index_}};
  CHECK(epoll_ctl(epoll_, EPOLL_CTL_MOD, transport_->fd(), &event) == 0);
}

bool Connection::shake_hands() {
  switch (transport_->handshake()) {
    case Transport::Status::kBlocked:
      watch();
      return true;
    case Transport::Status::kOk:
      break;
    case Transport::Status::kEnd:
      failure_ = "the server closed the connection during the handshake";
      return false;
    case Transport::Status::kFailed:
      failure_ = transport_->error();
      return false;
  }
  http2_ =
      target_.tls != nullptr ? transport_->alpn() == "h2" : target_.protocol == Protocol::kHttp2;
  if (!http2_ && target_.protocol == Protocol::kHttp2) {
    failure_ = "the server did not choose HTTP/2 by ALPN";
    return false;
  }
  session_ = http2_ ? new_http2_session(target_.common, target_.http2, target_.streams, *this)
                    : new_http1_session(target_.common, *this);
  state_ = State::kOpen;
  owner_.on_open(*this);
  return flush();
}

bool Connection::on_ready() {
  if (state_ == State::kHandshake && (!shake_hands() || state_ != State::kOpen)) {
    return failure_.empty();
  }
  if (stalled_) return false;  // The peer is gone: nothing else is watched.
  return read() && flush();
}

bool Connection::read() {
  auto& buffer = read_buffer();
  holds_bytes_ = false;
  for (std::size_t taken = 0; taken < kTurnBytes;) {
    std::size_t count = 0;
    const auto status = transport_->read(buffer, count);
    if (status == Transport::Status::kBlocked) return true;
    if (status != Transport::Status::kOk) return false;
    taken += count;
    if (!session_->receive(std::span(buffer).first(count))) return false;
    if (stalled_ || is_over()) return true;
    // A short read from a plain socket has emptied it.
    if (target_.tls == nullptr && count < buffer.size()) return true;
  }
  holds_bytes_ = true;
  return true;
}

bool Connection::is_over() const { return session_->is_spent() && active_ == 0; }

bool Connection::flush() {
  if (state_ != State::kOpen) return true;
  session_->produce(output_);
  while (output_sent_ < output_.size()) {
    std::size_t count = 0;
    const auto status = transport_->write(std::string_view(output_).substr(output_sent_), count);
    if (status == Transport::Status::kBlocked) break;
    if (status != Transport::Status::kOk) return false;
    output_sent_ += count;
  }
  if (output_sent_ == output_.size()) {
    output_.clear();
    output_sent_ = 0;
  }
  watch();
  return !is_over();
}

void Connection::stall() {
  stalled_ = true;
  watch();
}

bool Connection::accepts() const {
  return state_ == State::kOpen && session_ != nullptr && session_->accepts();
}

Exchange* Connection::free_exchange() {
  if (!accepts()) return nullptr;
  for (Exchange& exchange : exchanges_) {
    if (!exchange.active) return &exchange;
  }
  return nullptr;
}

void Connection::submit(Exchange& exchange) {
  exchange.active = true;
  ++active_;
  session_->submit(exchange);
}

void Connection::abandon(Exchange& exchange) {
  session_->abandon(exchange);
  exchange.active = false;
  --active_;
}

void Connection::on_head(Exchange& exchange, const ResponseHead& head) {
  owner_.on_head(exchange, head);
}

bool Connection::on_body(Exchange& exchange, std::span<const std::byte> bytes) {
  return owner_.on_body(exchange, bytes);
}

void Connection::on_end(Exchange& exchange, End end) {
  exchange.active = false;
  --active_;
  owner_.on_exchange_end(exchange, end);
}

}  // namespace load
