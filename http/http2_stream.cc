#include "http/http2_stream.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/http2_session.h"

namespace http {

Http2Stream::Http2Stream(Http2Session& session, std::int32_t id, const Limits& limits,
                         base::MonoTime now)
    : session_(session),
      id_(id),
      started_(now),
      reading_(std::make_unique<Http2Head>(limits)),
      body_(*this),
      body_moved_(now),
      send_moved_(now),
      body_pace_(limits.body_rate_min, limits.rate_grace),
      send_pace_(limits.send_rate_min, limits.rate_grace) {}

Http2Stream::~Http2Stream() = default;

const Peer& Http2Stream::peer() const { return session_.host_.peer(); }

EventLoop& Http2Stream::loop() { return session_.host_.loop(); }

void Http2Stream::respond(ResponseHead head, std::optional<std::uint64_t> length) {
  CHECK(!responded_);
  responded_ = true;
  response_ = std::move(head);
  length_ = length;
  if (!ended_) session_.submit(*this);
}

void Http2Stream::wake() {
  if (ended_ || !responded_) return;
  if (deferred_) send_moved_ = loop().now();  // Waiting for the application is no stall.
  deferred_ = false;
  if (nghttp2_session_resume_data(session_.session_, id_) == 0) session_.host_.want_output();
}

void Http2Stream::abort() {
  if (!ended_) session_.reset(*this, NGHTTP2_INTERNAL_ERROR, Ending::kAborted);
}

Pulled Http2Stream::RequestBody::pull(std::size_t max) {
  if (stream_.expects_continue_) {
    stream_.expects_continue_ = false;
    if (received_ == 0 && !stream_.responded_ && !stream_.ended_) {
      stream_.session_.send_continue(stream_);
    }
  }
  if (size_ > 0) {
    base::Slice& front = pieces_[first_];
    const std::size_t count = std::min(max, front.size());
    base::Slice piece = front.sub(0, count);
    front.remove_prefix(count);
    if (front.empty() && ++first_ == pieces_.size()) {
      pieces_.clear();
      first_ = 0;
    }
    size_ -= count;
    if (!stream_.ended_) {
      nghttp2_session_consume(stream_.session_.session_, stream_.id_, count);
      stream_.session_.host_.want_output();
    }
    return Pulled::some(std::move(piece));
  }
  if (complete_) return Pulled::end();
  if (failed_ || stream_.ended_) return Pulled::failed();
  if (!awaited_) stream_.body_moved_ = stream_.loop().now();
  awaited_ = true;
  return Pulled::pending();
}

void Http2Stream::RequestBody::append(std::string_view bytes) {
  received_ += bytes.size();
  size_ += bytes.size();
  pieces_.push_back(base::Slice::of(std::string(bytes)));
}

}  // namespace http
