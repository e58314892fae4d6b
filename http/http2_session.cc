#include "http/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "http/http2_callbacks.h"
#include "http/http2_stream.h"

namespace http {
namespace {

// What a client may have on its way to an application that does not pull: 256 KiB a stream and
// 1 MiB in all keep an upload at 20 MB/s with 50 ms of round trip.
constexpr std::int32_t kStreamWindow = 256 * 1024;
constexpr std::int32_t kConnectionWindow = 1024 * 1024;

// Frames that wait in nghttp2 because the client does not read what it provokes.
constexpr std::size_t kQueuedFramesMax = 1'000;

// A client learns of a shutdown a round trip later; requests already on their way are still taken.
constexpr std::chrono::seconds kDrainNotice{1};

}  // namespace

Http2Session::Http2Session(SessionHost& host)
    : host_(host),
      budget_(host.limits(), host.loop().now()),
      send_pace_(host.limits().send_rate_min, host.limits().rate_grace),
      created_(host.loop().now()),
      idle_since_(created_),
      ticked_(created_),
      data_moved_(created_) {
  session_ = Http2Callbacks::make_session(*this);
  const Limits& limits = host_.limits();
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                                  limits.header_bytes_max.count(), UINT32_MAX))},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) ==
        0);
  CHECK(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) ==
        0);
  host_.want_output();
}

Http2Session::~Http2Session() {
  reap_timer_.reset();
  depth_ = 1;
  while (!streams_.empty()) end(*streams_.back(), ending_);
  reap();
  nghttp2_session_del(session_);
}

void Http2Session::receive(std::string_view bytes) {
  if (going_away_ || finished_) return;
  ++depth_;
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0 && !going_away_) {
    switch (taken) {
      case NGHTTP2_ERR_FLOODED:
        over("control_frames", NGHTTP2_ENHANCE_YOUR_CALM);
        break;
      case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        go_away(NGHTTP2_PROTOCOL_ERROR);
        break;
      default:
        go_away(NGHTTP2_INTERNAL_ERROR);
    }
  }
  if (nghttp2_session_get_outbound_queue_size(session_) >
      kQueuedFramesMax + host_.limits().streams_max) {
    over("control_frames", NGHTTP2_ENHANCE_YOUR_CALM);
  }
  if (nghttp2_session_want_write(session_) != 0) host_.want_output();
  --depth_;
  reap();
}

// HTTP/2 has no half-closed connections worth serving: windows and acknowledgements would not come.
void Http2Session::client_closed() { finish(false); }

void Http2Session::produce(Output& output) {
  if (finished_) return;
  ++depth_;
  output_ = &output;
  produced_ = 0;
  while (output.room() > 0) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size == 0) break;
    if (size < 0) {
      finish(true);
      break;
    }
    output.copy({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    produced_ += static_cast<std::size_t>(size);
  }
  output_ = nullptr;
  --depth_;
  reap();
  if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) {
    finish(false);
  }
}

void Http2Session::tick(base::MonoTime now, std::optional<base::MonoTime> output_blocked_since) {
  if (finished_) return;
  ++depth_;
  const auto passed = now - ticked_;
  ticked_ = now;
  // Backwards: a stream that is reset leaves its place to the last one.
  for (std::size_t i = streams_.size(); i-- > 0;) check_stream(*streams_[i], now, passed);
  check_connection(now, passed, output_blocked_since);
  if (draining_since_ && !drain_final_ && now - *draining_since_ >= kDrainNotice) {
    drain_final_ = true;
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                          nullptr, 0);
    host_.want_output();
  }
  --depth_;
  reap();
}

void Http2Session::check_stream(Http2Stream& stream, base::MonoTime now,
                                std::chrono::nanoseconds passed) {
  const Limits& limits = host_.limits();
  if (stream.body_.awaited_ && !stream.body_.complete_) {
    stream.body_pace_.waited(passed);
    const bool stalled = now - stream.body_moved_ > limits.body_stall_max;
    if (stalled || stream.body_pace_.too_slow()) {
      host_.count_limit(stalled ? "body_stall_max" : "body_rate_min");
      reset(stream, NGHTTP2_CANCEL, Ending::kLimit);
      return;
    }
  }
  // A stream that waits behind others, its own window open, is not stalled by anyone.
  if (!sending(stream) || nghttp2_session_get_stream_remote_window_size(session_, stream.id_) > 0) {
    return;
  }
  stream.send_pace_.waited(passed);
  const bool stalled = now - stream.send_moved_ > limits.send_stall_max;
  if (stalled || stream.send_pace_.too_slow()) {
    host_.count_limit(stalled ? "send_stall_max" : "send_rate_min");
    reset(stream, NGHTTP2_CANCEL, Ending::kLimit);
  }
}

void Http2Session::check_connection(base::MonoTime now, std::chrono::nanoseconds passed,
                                    std::optional<base::MonoTime> output_blocked_since) {
  const Limits& limits = host_.limits();
  if (!settled_ && now - created_ > limits.header_max) {
    over("header_max", NGHTTP2_PROTOCOL_ERROR);
  } else if (head_begun_ && now - *head_begun_ > limits.header_max) {
    over("header_max", NGHTTP2_ENHANCE_YOUR_CALM);
  } else if (streams_.empty() && now - idle_since_ >= limits.idle_max) {
    over("idle_max", NGHTTP2_NO_ERROR);
  }

  // The socket, or the connection's window, holds every stream back.
  std::optional<base::MonoTime> held_since = output_blocked_since;
  if (!held_since && nghttp2_session_get_remote_window_size(session_) <= 0) {
    std::optional<base::MonoTime> newest;
    for (const auto& stream : streams_) {
      if (sending(*stream)) newest = std::max(newest.value_or(data_moved_), stream->send_moved_);
    }
    held_since = newest;
  }
  if (!held_since) return;
  send_pace_.waited(passed);
  const bool stalled = now - *held_since > limits.send_stall_max;
  if (!stalled && !send_pace_.too_slow()) return;
  over(stalled ? "send_stall_max" : "send_rate_min", NGHTTP2_ENHANCE_YOUR_CALM);
  if (output_blocked_since) finish(true);  // It would not take the GOAWAY either.
}

bool Http2Session::sending(const Http2Stream& stream) const {
  return stream.responded_ && !stream.response_complete_ && !stream.deferred_;
}

void Http2Session::drain() {
  if (draining_since_ || finished_) return;
  draining_since_ = host_.loop().now();
  nghttp2_submit_shutdown_notice(session_);
  host_.want_output();
}

std::size_t Http2Session::buffered_bytes() const {
  std::size_t bytes = 0;
  for (const auto& stream : streams_) bytes += stream->body_.size();
  return bytes;
}

Http2Stream& Http2Session::open_stream(std::int32_t id) {
  auto stream = std::make_unique<Http2Stream>(*this, id, host_.limits(), host_.loop().now());
  stream->index_ = streams_.size();
  nghttp2_session_set_stream_user_data(session_, id, stream.get());
  streams_.push_back(std::move(stream));
  return *streams_.back();
}

void Http2Session::head_complete(Http2Stream& stream, bool ends_stream) {
  budget_.on_request();
  const int status =
      stream.reading_->finish(stream.head_, {.tls = host_.peer().tls, .ends_stream = ends_stream});
  const std::string_view limit = stream.reading_->limit();
  stream.expects_continue_ = !ends_stream && stream.reading_->expects_continue();
  stream.reading_.reset();
  stream.body_.complete_ = ends_stream;
  if (!limit.empty()) host_.count_limit(limit);

  const std::uint32_t requests_max = host_.limits().requests_per_connection_max;
  if (++requests_ >= requests_max && requests_max != 0) drain();
  if (status != 0) {
    answer(stream, status);
    return;
  }
  stream.responder_ = host_.handler()(stream);
  CHECK(stream.responder_ != nullptr);
  stream.responder_->start();
}

void Http2Session::answer(Http2Stream& stream, int status) {
  stream.responded_ = true;
  stream.response_.status = status;
  stream.length_ = 0;
  submit(stream);
}

void Http2Session::body_arrived(Http2Stream& stream, std::string_view bytes) {
  if (!stream.responder_) {  // Refused already; the answer is on its way.
    nghttp2_session_consume_connection(session_, bytes.size());
    return;
  }
  if (stream.body_.received_ + bytes.size() > host_.limits().request_body_max.count()) {
    host_.count_limit("request_body_max");
    nghttp2_session_consume_connection(session_, bytes.size());
    stream.body_.failed_ = true;
    reset(stream, NGHTTP2_CANCEL, Ending::kLimit);
    return;
  }
  stream.body_.append(bytes);
  stream.body_moved_ = host_.loop().now();
  stream.body_pace_.moved(bytes.size());
  if (std::exchange(stream.body_.awaited_, false)) stream.responder_->request_body_ready();
}

void Http2Session::body_complete(Http2Stream& stream) {
  stream.body_.complete_ = true;
  if (std::exchange(stream.body_.awaited_, false)) stream.responder_->request_body_ready();
}

void Http2Session::response_sent(Http2Stream& stream) {
  stream.response_complete_ = true;
  // RFC 9113 §8.1: the client may stop sending what nobody reads.
  if (!stream.body_.complete_) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, NGHTTP2_NO_ERROR);
  }
}

void Http2Session::reset(Http2Stream& stream, std::uint32_t code, Ending ending) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, code);
  own_resets_.push_back(stream.id_);
  host_.want_output();
  end(stream, ending);
}

void Http2Session::end(Http2Stream& stream, Ending ending) {
  CHECK(!stream.ended_);
  stream.ended_ = true;
  stream.ending_ = ending;
  nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
  if (stream.body_.size() > 0) {
    nghttp2_session_consume_connection(session_, stream.body_.size());
    if (nghttp2_session_want_write(session_) != 0) host_.want_output();
  }

  const std::size_t index = stream.index_;
  ended_.push_back(std::move(streams_[index]));
  if (index + 1 != streams_.size()) {
    streams_[index] = std::move(streams_.back());
    streams_[index]->index_ = index;
  }
  streams_.pop_back();

  if (streams_.empty()) idle_since_ = host_.loop().now();
  if (drain_final_) host_.want_output();  // produce() sees whether that was the last.
  if (depth_ == 0) {
    if (!reap_timer_) {
      reap_timer_ = std::make_unique<Timer>(host_.loop(), [this] { reap(); });
    }
    reap_timer_->arm(std::chrono::microseconds(0));
  }
}

void Http2Session::reap() {
  while (!ended_.empty()) {
    const std::unique_ptr<Http2Stream> stream = std::move(ended_.back());
    ended_.pop_back();
    if (!stream->responder_) continue;
    stream->responder_->finished({.ending = stream->ending_,
                                  .body_bytes_sent = stream->sent_,
                                  .body_bytes_received = stream->body_.received_});
  }
}

void Http2Session::charge(std::string_view exceeded) {
  if (!exceeded.empty()) over(exceeded, NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Session::reset_sent(std::int32_t id) {
  const auto own = std::ranges::find(own_resets_, id);
  if (own != own_resets_.end()) {
    *own = own_resets_.back();
    own_resets_.pop_back();
  } else {
    charge(budget_.on_reset(host_.loop().now()));
  }
}

void Http2Session::over(std::string_view limit, std::uint32_t code) {
  if (going_away_ || finished_) return;
  host_.count_limit(limit);
  ending_ = Ending::kLimit;
  go_away(code);
}

void Http2Session::go_away(std::uint32_t code) {
  if (std::exchange(going_away_, true)) return;
  nghttp2_session_terminate_session(session_, code);
  host_.want_output();
}

void Http2Session::finish(bool abruptly) {
  if (std::exchange(finished_, true)) return;
  host_.finish(abruptly);
}

std::unique_ptr<Session> make_http2_session(SessionHost& host) {
  return std::make_unique<Http2Session>(host);
}

}  // namespace http
