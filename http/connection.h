// Connection: an accepted socket, what it speaks, and when it reads, writes and ends.
//
//   life   1 handshake  TLS only
//          2 detect     plain only: is it HTTP/2's preface?
//          3 open       a Session reads and produces
//          4 flushing   the session is over; what it produced goes out
//          5 lingering  our side is shut; the client's last bytes are read and dropped, because
//                       closing with unread bytes would reset the connection and could cost the
//                       client the response it has not read yet
//          6 dead       removed by the event callback at the bottom of the stack
//
// Raw descriptor and libevent, level-triggered. Writing is watched only while the socket refuses
// bytes or a response is longer than a turn; one turn produces and sends one batch, then it is the
// next connection's.
//
// Ownership  Its ServerLoop; it asks to be removed and is destroyed by nobody else.
// Threads    Its loop's only.
#pragma once

#include <event2/event_struct.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "http/batch_size.h"
#include "http/connection_quota.h"
#include "http/exchange.h"
#include "http/limits.h"
#include "http/session.h"
#include "http/transport.h"

namespace http {

class ServerLoop;

// A connection as the listener hands it over; closing it and giving back its place come with it.
struct Accepted {
  base::UniqueFd socket;
  ConnectionQuota::Place place;
  Peer peer;
  std::shared_ptr<SSL_CTX> tls;  // Null: plain.
};

class Connection final : public SessionHost {
 public:
  Connection(ServerLoop& owner, Accepted accepted, std::shared_ptr<const Limits> limits);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  void tick(base::MonoTime now);  // May destroy this.
  void drain();
  [[nodiscard]] bool idle() const { return session_ != nullptr && session_->idle(); }
  [[nodiscard]] std::size_t exchanges() const { return session_ ? session_->exchanges() : 0; }
  [[nodiscard]] std::size_t buffer_bytes() const;

  // SessionHost.
  [[nodiscard]] EventLoop& loop() override;
  [[nodiscard]] const Peer& peer() const override { return peer_; }
  [[nodiscard]] const Limits& limits() const override { return *limits_; }
  [[nodiscard]] const Handler& handler() const override;
  void want_output() override;
  void want_input(bool wanted) override;
  void finish(bool abruptly) override;
  void count_limit(std::string_view limit) override;

  std::size_t index = 0;  // In its owner's list.

 private:
  enum class Phase { kHandshake, kDetect, kOpen, kFlushing, kLingering, kDead };

  static void on_read(int fd, short what, void* self);
  static void on_write(int fd, short what, void* self);
  void read_turn();
  void write_turn();
  void shake_hands();
  void detect(std::string_view bytes);
  void open(std::unique_ptr<Session> session);
  void take(std::string_view bytes);
  void client_closed();
  void flush();
  void end_output();
  void check_deadlines(base::MonoTime now);
  void schedule_writing();
  void die() { phase_ = Phase::kDead; }
  void watch_reading(bool watch);
  void watch_writing(bool watch);
  void leave();  // The end of each callback; destroys this when it is dead.

  ServerLoop& owner_;
  const base::UniqueFd socket_;
  const ConnectionQuota::Place place_;
  Peer peer_;
  const std::shared_ptr<const Limits> limits_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Session> session_;
  Phase phase_;
  std::string preface_;  // Phase 2: what has come so far.

  event read_event_{};
  event write_event_{};
  bool busy_ = false;  // Within a callback of this connection; leave() follows.
  bool reading_ = false;
  bool writing_ = false;
  bool write_scheduled_ = false;  // on_write() will run in this round.
  bool output_wanted_ = false;
  bool draining_ = false;
  bool abrupt_ = false;
  bool client_closed_ = false;
  BatchSize batch_;

  base::MonoTime since_;  // Of phases 1, 2 and 5.
  // When the socket last took something, while more waits for it.
  std::optional<base::MonoTime> blocked_since_;
};

}  // namespace http
