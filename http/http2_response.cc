// The sending half of Http2Session: heads without copies, bodies without a buffer.

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "http/date.h"
#include "http/http2_session.h"
#include "http/http2_stream.h"

namespace http {
namespace {

// One frame with its header fills one TLS record of 16,384 bytes exactly. With nghttp2's 16,384 of
// payload the last 9 bytes spill into a second record, which costs a fifth more.
constexpr std::size_t kRecord = 16'384;
constexpr std::size_t kFrameHeader = 9;
constexpr std::size_t kPayloadMax = kRecord - kFrameHeader;
// What a frame is not made smaller than for the sake of the record.
constexpr std::size_t kPayloadMin = 1'024;

constexpr std::uint8_t kNoCopy = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;

nghttp2_nv nv_of(std::string_view name, std::string_view value, std::uint8_t flags = kNoCopy) {
  // nghttp2 only reads, its types are older than that thought.
  auto* name_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  auto* value_bytes = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  return {name_bytes, value_bytes, name.size(), value.size(), flags};
}

bool has_no_body(const RequestHead& request, int status) {
  return request.method == "HEAD" || status == 204 || status == 304;
}

}  // namespace

void Http2Session::submit(Http2Stream& stream) {
  const ResponseHead& head = stream.response_;
  CHECK(head.status >= 200 && head.status <= 999);
  Http2Stream::Framing& framing = stream.framing_;
  std::to_chars(framing.status, framing.status + sizeof framing.status, head.status);

  // nghttp2 copies this array now and reads the texts when it packs the frame. They live in the
  // stream, which outlives its frames; only Date's would not.
  thread_local std::vector<nghttp2_nv> fields;
  fields.clear();
  fields.push_back(nv_of(":status", {framing.status, sizeof framing.status}));
  bool has_date = false;
  const auto add = [&](const base::Fields& list) {
    for (const base::Field field : list) {
      if (field.name == "date") has_date = true;
      fields.push_back(nv_of(field.name, field.value));
    }
  };
  if (head.shared) add(head.shared->fields);
  add(head.own);
  if (!has_date) {
    fields.push_back(nv_of("date", current_date(), NGHTTP2_NV_FLAG_NO_COPY_NAME));
  }
  if (stream.length_ && head.status != 204) {
    const auto end =
        std::to_chars(framing.length, framing.length + sizeof framing.length, *stream.length_);
    framing.length_size = static_cast<std::size_t>(end.ptr - framing.length);
    fields.push_back(nv_of("content-length", {framing.length, framing.length_size}));
  }

  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t max,
                              std::uint32_t* flags, nghttp2_data_source* source, void* session) {
    auto& self = *static_cast<Http2Session*>(session);
    return static_cast<ssize_t>(self.gather(*static_cast<Http2Stream*>(source->ptr), max, *flags));
  };
  const bool empty = has_no_body(stream.head_, head.status) || stream.length_ == 0U;
  CHECK(nghttp2_submit_response(session_, stream.id_, fields.data(), fields.size(),
                                empty ? nullptr : &provider) == 0);
  stream.send_moved_ = host_.loop().now();
  host_.want_output();
}

void Http2Session::send_continue(Http2Stream& stream) {
  const nghttp2_nv status = nv_of(":status", "100");
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, &status, 1, nullptr);
  host_.want_output();
}

// Collects the payload of the next DATA frame. `max` is what the windows allow.
long Http2Session::gather(Http2Stream& stream, std::size_t max, std::uint32_t& flags) {
  frame_.clear();
  frame_bytes_ = 0;
  frame_max_ = max;
  if (stream.deferred_) return NGHTTP2_ERR_DEFERRED;

  std::size_t wanted = std::min(max, kPayloadMax);
  // Behind a head the first frame is shorter, so that it ends with the record and the next ones
  // fill theirs.
  const std::size_t left_in_record = kRecord - produced_ % kRecord;
  if (left_in_record >= kPayloadMin + kFrameHeader) {
    wanted = std::min(wanted, left_in_record - kFrameHeader);
  }

  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  bool complete = false;
  while (frame_bytes_ < wanted) {
    std::size_t ask = wanted - frame_bytes_;
    if (stream.length_) {
      const std::uint64_t rest = *stream.length_ - stream.sent_ - frame_bytes_;
      complete = rest == 0;
      if (complete) break;
      ask = static_cast<std::size_t>(std::min<std::uint64_t>(ask, rest));
    }
    Pulled pulled = stream.responder_->pull(ask);
    if (pulled.state == Pulled::State::kPiece) {
      CHECK(!pulled.piece.empty() && pulled.piece.size() <= ask);
      frame_bytes_ += pulled.piece.size();
      frame_.push_back(std::move(pulled.piece));
      continue;
    }
    if (pulled.state == Pulled::State::kPending) {
      stream.deferred_ = true;
      if (frame_bytes_ == 0) return NGHTTP2_ERR_DEFERRED;
      break;
    }
    complete = pulled.state == Pulled::State::kEnd && !stream.length_;
    if (complete) break;
    // Failed, or shorter than promised: nghttp2 sends RST_STREAM INTERNAL_ERROR.
    frame_.clear();
    stream.ending_ = Ending::kAborted;
    own_resets_.push_back(stream.id_);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  if (stream.length_ && stream.sent_ + frame_bytes_ == *stream.length_) complete = true;
  if (complete) flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<long>(frame_bytes_);
}

void Http2Session::put_frame(std::string_view header) {
  output_->copy(header);
  for (base::Slice& piece : frame_) output_->share(std::move(piece));
  frame_.clear();
  produced_ += header.size() + frame_bytes_;
}

void Http2Session::data_sent(Http2Stream& stream) {
  stream.sent_ += frame_bytes_;
  budget_.on_data_sent(frame_bytes_, frame_max_);
  if (frame_bytes_ > 0) {
    stream.send_moved_ = data_moved_ = host_.loop().now();
    stream.send_pace_.moved(frame_bytes_);
    send_pace_.moved(frame_bytes_);
  }
}

}  // namespace http
