// Http2Session: the server's side of one HTTP/2 connection, on nghttp2. RFC 9113, RFC 9218.
//
// nghttp2 parses frames, keeps HPACK, windows and the urgency queues, and packs frames. Around it:
// the streams and their exchanges, the budgets against floods that it lets pass (http2_budget.h),
// the heads that it does not bound (http2_head.h), deadlines, and backpressure both ways.
//
// Reentry  nghttp2 calls back from receive() and produce(); Responders are called from there and
//          may call their Exchange. Streams that ended are reaped when receive(), produce() or
//          tick() is about to return, or by a timer: never below a Responder's call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/slice.h"
#include "http/event_loop.h"
#include "http/http2_budget.h"
#include "http/pace.h"
#include "http/session.h"

typedef struct nghttp2_session nghttp2_session;

namespace http {

class Http2Stream;
struct Http2Callbacks;

class Http2Session final : public Session {
 public:
  explicit Http2Session(SessionHost& host);
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;
  ~Http2Session() override;

  void receive(std::string_view bytes) override;
  void client_closed() override;
  void produce(Output& output) override;
  void tick(base::MonoTime now, std::optional<base::MonoTime> output_blocked_since) override;
  void drain() override;
  [[nodiscard]] bool idle() const override { return streams_.empty(); }
  [[nodiscard]] std::size_t exchanges() const override { return streams_.size(); }
  [[nodiscard]] std::size_t buffered_bytes() const override;

 private:
  friend class Http2Stream;
  friend struct Http2Callbacks;

  // Streams.
  Http2Stream& open_stream(std::int32_t id);
  void head_complete(Http2Stream& stream, bool ends_stream);
  void answer(Http2Stream& stream, int status);
  void body_arrived(Http2Stream& stream, std::string_view bytes);
  void body_complete(Http2Stream& stream);
  void reset(Http2Stream& stream, std::uint32_t code, Ending ending);
  void end(Http2Stream& stream, Ending ending);
  void reap();

  // Response.
  void submit(Http2Stream& stream);
  void send_continue(Http2Stream& stream);
  long gather(Http2Stream& stream, std::size_t max, std::uint32_t& flags);
  void put_frame(std::string_view header);
  void data_sent(Http2Stream& stream);
  void response_sent(Http2Stream& stream);

  // Connection.
  void charge(std::string_view exceeded);
  void reset_sent(std::int32_t id);
  void go_away(std::uint32_t code);
  void finish(bool abruptly);
  [[nodiscard]] bool sending(const Http2Stream& stream) const;
  void over(std::string_view limit, std::uint32_t code);
  void check_connection(base::MonoTime now, std::chrono::nanoseconds passed,
                        std::optional<base::MonoTime> output_blocked_since);
  void check_stream(Http2Stream& stream, base::MonoTime now, std::chrono::nanoseconds passed);

  SessionHost& host_;
  nghttp2_session* session_ = nullptr;
  std::vector<std::unique_ptr<Http2Stream>> streams_;
  std::vector<std::unique_ptr<Http2Stream>> ended_;
  std::unique_ptr<Timer> reap_timer_;     // Made when first needed.
  int depth_ = 0;                         // Of our own calls that reap before they return.
  std::vector<std::int32_t> own_resets_;  // Submitted by our own will, not yet sent.

  Http2Budget budget_;
  Pace send_pace_;  // While the socket or the connection's window holds everything back.
  std::uint64_t requests_ = 0;

  // Of the DATA frame that nghttp2 is packing.
  Output* output_ = nullptr;
  std::vector<base::Slice> frame_;
  std::size_t frame_bytes_ = 0;
  std::size_t frame_max_ = 0;  // What the windows allowed.
  std::size_t produced_ = 0;   // Since produce() began.

  base::MonoTime created_;
  base::MonoTime idle_since_;
  base::MonoTime ticked_;
  base::MonoTime data_moved_;  // Any stream's DATA.
  std::optional<base::MonoTime> head_begun_;
  std::optional<base::MonoTime> draining_since_;
  bool settled_ = false;                 // The client's first SETTINGS came.
  bool drain_final_ = false;             // The GOAWAY that names the last stream is queued.
  bool going_away_ = false;              // terminate_session() is under way.
  bool finished_ = false;                // host_.finish() was called.
  Ending ending_ = Ending::kClientLeft;  // For exchanges that end with the session.
};

}  // namespace http
