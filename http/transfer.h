// Transfer: one fetch as libcurl sees it: an easy handle with its options, what its callbacks have
// seen so far, and its deadline. Private to Client, which drives it and pools it.
//
// Life   idle ─prepare()─► waiting ─connected─► sending ─body out─► awaiting ─head─► receiving
//        Whatever the phase, recycle() makes it idle again. A phase has at most one timeout:
//
//        kInLine     others have the origin's connections   place
//        kWaiting    resolving, connecting, TLS             connect
//        kSending    the request's body goes out            stall, unless its source is the slow one
//        kAwaiting   the request is out                     first_byte
//        kReceiving  the head has come                      stall, unless paused
//
// Reentry    on_head(), on_body() and pull() run inside libcurl, which then must not be entered for
//            another transfer: Client sees to that. After forget() no event is called, and libcurl
//            is told to give up at its next callback.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_budget.h"
#include "base/result.h"
#include "http/client.h"
#include "http/event_loop.h"
#include "http/origin_head.h"
#include "http/origin_sockets.h"
#include "http/url.h"

namespace http {

class Transfer {
 public:
  enum class Phase { kIdle, kInLine, kWaiting, kSending, kAwaiting, kReceiving };

  // `on_deadline` runs from the loop, never inside libcurl; outcome() then has the error.
  Transfer(EventLoop& loop, OriginSockets& sockets, std::function<void(Transfer&)> on_deadline);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  // kInvalid: the request has something in it that can't be sent; outcome() has the error, too.
  base::Result<void> prepare(FetchRequest request, FetchEvents& events,
                             const ClientOptions& options);
  void recycle();
  [[nodiscard]] const std::string& origin() const { return origin_; }

  // Between prepare() and being added: a place in the pool is not free yet, now is, won't be.
  // Only with a place it holds memory to receive into.
  void wait_in_line() { enter(Phase::kInLine); }
  void take_place(const ClientOptions& options);
  void refuse_place();

  void forget() { events_ = nullptr; }
  [[nodiscard]] FetchEvents* events() const { return events_; }
  [[nodiscard]] CURL* easy() const { return easy_; }

  // Lets go on what was paused and is wanted now. Enters libcurl, which may call on_body().
  CURLcode unpause();
  // What on_end() is to hear, given libcurl's verdict.
  [[nodiscard]] base::Result<void> outcome(CURLcode code) const;

  [[nodiscard]] bool ends_with_connection() const {
    return head_ && head_->complete() && request_.method != "HEAD" && head_->ends_with_connection();
  }

  // It was about to go on a kept connection on which something lay already: it is to be started
  // again, on one of its own. Nothing of it has been sent.
  [[nodiscard]] bool wants_own_connection() const { return wants_own_connection_; }
  void use_own_connection();

  // It has had a connection.
  [[nodiscard]] bool was_sent() const { return sends_ > 0; }

  // Client's bookkeeping.
  bool added = false;          // Is in the multi handle.
  bool resume_wanted = false;  // Fetch::resume() was called since the last unpause(),
  bool wake_wanted = false;    // and Fetch::wake_body().

 private:
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, FreeList>;

  void set_common_options(const ClientOptions& options);
  std::size_t take_buffer(const ClientOptions& options);
  base::Result<void> check_request();
  void set_request_fields();
  void set_method_and_body();
  void set_url_and_tls();

  int on_connected(const OriginSockets::Ends& ends);
  [[nodiscard]] bool is_spoilt(const OriginSockets::Ends& ends) const;
  std::size_t on_header_line(std::string_view line);
  std::size_t on_body_bytes(std::string_view bytes);
  std::size_t on_body_wanted(char* buffer, std::size_t room);

  void enter(Phase phase);
  void arm();
  [[nodiscard]] std::chrono::milliseconds phase_timeout() const;
  [[nodiscard]] std::string timeout_text() const;
  void on_timer();
  void set_error(base::ErrorCode code, std::string what, base::Blame blame);
  [[nodiscard]] bool safe_to_repeat() const;

  CURL* const easy_;
  OriginSockets& sockets_;
  Timer timer_;
  const std::function<void(Transfer&)> on_deadline_;

  FetchRequest request_;
  base::ByteBudget::Share buffer_;
  FetchEvents* events_ = nullptr;
  std::string origin_;  // "http://127.0.0.1:9000", for messages.
  Url url_;
  List fields_;
  List connect_to_;
  std::array<char, CURL_ERROR_SIZE> curl_message_{};

  Phase phase_ = Phase::kIdle;
  base::MonoTime started_;
  base::MonoTime progress_;  // When the phase began or last moved.
  bool response_paused_ = false;
  bool body_paused_ = false;
  bool wants_own_connection_ = false;
  std::uint32_t sends_ = 0;  // How often the request was put on a connection.
  std::uint64_t body_sent_ = 0;
  std::optional<OriginHead> head_;
  std::optional<base::Error> error_;  // Ours; goes before libcurl's.
};

}  // namespace http
