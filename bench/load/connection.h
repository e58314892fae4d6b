// Connection: one simulated client's connection: it connects, shakes hands, carries exchanges, and
// tells its owner when it is open, when an exchange ended and when it is over.
//
// A role says what kind of client it is: most read what they ask for; a stalled one asks and stops
// reading; an idle one asks for nothing.
//
// Reentry    Owner callbacks come from on_ready(); inside on_exchange_end() the owner may submit().
//            The owner reopens or destroys a connection only outside callbacks.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/session.h"
#include "bench/load/transport.h"

namespace load {

enum class Role { kReader, kStalled, kIdle };

// The same for all connections of a run.
struct Target {
  Address address;
  std::string host;
  SSL_CTX* tls = nullptr;  // Null: plain.
  Protocol protocol = Protocol::kAuto;
  RequestCommon common;
  Http2Settings http2;
  std::size_t streams = 1;
  std::optional<base::Bytes> receive_buffer;
};

class Connection final : private SessionEvents {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_open(Connection& connection) = 0;
    virtual void on_head(Exchange& exchange, const ResponseHead& head) = 0;
    // False: stop the exchange here.
    virtual bool on_body(Exchange& exchange, std::span<const std::byte> bytes) = 0;
    virtual void on_exchange_end(Exchange& exchange, End end) = 0;
  };

  enum class State { kClosed, kHandshake, kOpen };

  Connection(const Target& target, Owner& owner, std::size_t index, Role role);
  Connection(const Connection&) = delete;

  // Starts to connect, and registers with `epoll` under its index. Fails like socket().
  base::Result<void> open(int epoll, Time now);
  // Ends every exchange under way, and closes the socket.
  void close();

  // The socket is ready, or bytes are held. False: the connection is over; close() it, outside of
  // its callbacks. failure() says why when it never opened.
  bool on_ready();
  // Sends what submit() and abandon() left to send. False as above.
  bool flush();
  // Stops reading for good; the end of the peer is still noticed.
  void stall();

  [[nodiscard]] bool accepts() const;
  [[nodiscard]] Exchange* free_exchange();  // Null when none is free.
  void submit(Exchange& exchange);
  void abandon(Exchange& exchange);

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Time opened_at() const { return opened_at_; }  // When open() was called.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] const Transport& transport() const { return *transport_; }
  [[nodiscard]] std::vector<Exchange>& exchanges() { return exchanges_; }
  // Bytes are waiting that the socket may not tell of: its turn was over before they were.
  [[nodiscard]] bool holds_bytes() const { return holds_bytes_; }
  // Its end was announced, by either side: no loss.
  [[nodiscard]] bool is_spent() const { return session_ && session_->is_spent(); }
  [[nodiscard]] bool is_http2() const { return http2_; }
  bool queued = false;  // The runner's: it is to be looked at again before the next wait.

 private:
  void on_head(Exchange& exchange, const ResponseHead& head) override;
  bool on_body(Exchange& exchange, std::span<const std::byte> bytes) override;
  void on_end(Exchange& exchange, End end) override;

  bool shake_hands();
  bool read();
  bool is_over() const;
  void watch();  // Tells epoll what is waited for now.

  const Target& target_;
  Owner& owner_;
  const std::size_t index_;
  const Role role_;
  State state_ = State::kClosed;
  int epoll_ = -1;
  unsigned watched_ = 0;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<Session> session_;
  std::vector<Exchange> exchanges_;
  std::size_t active_ = 0;
  std::string output_;
  std::size_t output_sent_ = 0;
  std::string failure_;
  Time opened_at_;
  bool stalled_ = false;
  bool holds_bytes_ = false;
  bool http2_ = false;
};

}  // namespace load
