// Pass: one request streamed through to the origin and its response streamed back, nothing stored.
// Bodies flow both ways with backpressure: the origin's is read no further than kPassBufferBytes
// ahead of the client, the client's is pulled as the origin takes it.
//
// Runs on the client's own loop, so that uploads and event streams never queue behind fills. A safe
// request without a body is tried at the next origin when one fails before its head.
//
// Threads    All on the worker's loop. Events never run inside start().
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/byte_budget.h"
#include "base/result.h"
#include "edge/target.h"
#include "edge/worker.h"
#include "http/body.h"
#include "http/client.h"
#include "http/exchange.h"

namespace edge {

inline constexpr std::size_t kPassBufferBytes = 256 * 1024;
// The same once the node's buffers are used up.
inline constexpr std::size_t kPassBufferBytesMin = 16 * 1024;

class Pass final : public http::BodySource, private http::FetchEvents {
 public:
  struct Events {
    std::function<void(int status, base::Fields fields)> on_head;
    std::function<void(base::Error)> on_failure;  // Before a head: answer with a status.
    std::function<void()> on_body;                // pull() is worth trying.
  };

  // `exchange`: whose request body is forwarded, if it has one.
  Pass(Worker& worker, base::Ref<const Target> target, http::Exchange& exchange, Events events);

  void start();
  void request_body_ready();

  http::Pulled pull(std::size_t max) override;

 private:
  bool ask_next();
  void on_head(int status, base::Fields fields) override;
  bool on_body(std::string_view bytes) override;
  void on_end(base::Result<void> outcome) override;

  Worker& worker_;
  const base::Ref<const Target> target_;
  http::Exchange& exchange_;
  Events events_;
  std::vector<std::size_t> tried_;
  bool has_head_ = false;
  bool paused_ = false;
  std::size_t resume_at_ = 0;  // While paused: when so little waits.
  bool is_read_body_ = false;
  std::deque<base::Slice> waiting_;  // Came from the origin, not yet pulled.
  std::size_t waiting_bytes_ = 0;
  base::ByteBudget::Share buffer_;  // For them.
  std::optional<base::Result<void>> outcome_;
  http::Timer no_origin_;
  std::unique_ptr<http::Fetch> fetch_;  // Last: its destruction ends the events.
};

}  // namespace edge
