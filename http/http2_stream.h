// Http2Stream: one HTTP/2 request and its response; the Exchange that the application sees.
//
//   life      1 head      fields arrive
//             2 open      the Responder is started; body in, response out
//             3 ended     off the session's list; user data of the nghttp2 stream cleared; waits to
//                         be reaped (finished(), destroyed) at the bottom of the stack
//
// nghttp2 may still hold frames of an ended stream; it drops them unread, because a closed or reset
// stream sends nothing more.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"
#include "http/http2_head.h"
#include "http/limits.h"
#include "http/pace.h"

namespace http {

class Http2Session;

class Http2Stream final : public Exchange {
 public:
  Http2Stream(Http2Session& session, std::int32_t id, const Limits& limits, base::MonoTime now);
  Http2Stream(const Http2Stream&) = delete;
  Http2Stream& operator=(const Http2Stream&) = delete;
  ~Http2Stream() override;

  // Exchange.
  [[nodiscard]] const RequestHead& request() const override { return head_; }
  [[nodiscard]] const Peer& peer() const override;
  [[nodiscard]] EventLoop& loop() override;
  [[nodiscard]] base::MonoTime started() const override { return started_; }
  BodySource& request_body() override { return body_; }
  void respond(ResponseHead head, std::optional<std::uint64_t> length) override;
  void wake() override;
  void abort() override;

 private:
  friend class Http2Session;
  friend struct Http2Callbacks;

  // The request's body as it has arrived. Its bytes stay in the windows until they are pulled:
  // that is the backpressure.
  class RequestBody final : public BodySource {
   public:
    explicit RequestBody(Http2Stream& stream) : stream_(stream) {}
    Pulled pull(std::size_t max) override;

    void append(std::string_view bytes);
    [[nodiscard]] std::size_t size() const { return size_; }  // Waiting to be pulled.

   private:
    friend class Http2Stream;
    friend class Http2Session;
    Http2Stream& stream_;
    std::vector<base::Slice> pieces_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::uint64_t received_ = 0;
    bool complete_ = false;  // END_STREAM came.
    bool failed_ = false;
    bool awaited_ = false;  // A pull() found nothing; the Responder waits to be told.
  };

  // `:status` and what the session adds; the texts that nghttp2 reads until HEADERS is packed.
  struct Framing {
    char status[3] = {};
    char length[20] = {};
    std::size_t length_size = 0;
  };

  Http2Session& session_;
  const std::int32_t id_;
  const base::MonoTime started_;
  std::size_t index_ = 0;  // In the session's list.

  std::unique_ptr<Http2Head> reading_;  // Phase 1 only.
  RequestHead head_;
  bool expects_continue_ = false;
  RequestBody body_;
  std::unique_ptr<Responder> responder_;  // Null: answered by the session itself.

  ResponseHead response_;
  Framing framing_;
  std::optional<std::uint64_t> length_;
  std::uint64_t sent_ = 0;
  bool responded_ = false;
  bool response_complete_ = false;  // END_STREAM handed to the output.
  bool deferred_ = false;           // The Responder had nothing; wake() resumes.

  bool ended_ = false;
  Ending ending_ = Ending::kClientLeft;

  // Deadlines: when something last moved, and how fast on average.
  base::MonoTime body_moved_;
  base::MonoTime send_moved_;
  Pace body_pace_;
  Pace send_pace_;
};

}  // namespace http
