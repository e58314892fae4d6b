#include "http/http2_callbacks.h"

#include <nghttp2/nghttp2.h>

#include <string_view>

#include "base/check.h"
#include "http/http2_session.h"
#include "http/http2_stream.h"

namespace http {
namespace {

Http2Session& session_of(void* opaque) { return *static_cast<Http2Session*>(opaque); }

// Null: the stream's exchange has ended.
Http2Stream* stream_of(nghttp2_session* session, std::int32_t id) {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

std::string_view text_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

bool opens_stream(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

bool ends_stream(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

struct Http2Callbacks::Table {
  // Every frame, of unknown types too, before nghttp2 judges it: the place to count.
  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* header, void* opaque) {
    Http2Session& self = session_of(opaque);
    const base::MonoTime now = self.host_.loop().now();
    if (header->type != NGHTTP2_CONTINUATION) self.head_begun_.reset();
    switch (header->type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_CONTINUATION:
        break;
      case NGHTTP2_DATA:
        if (header->length == 0 && (header->flags & NGHTTP2_FLAG_END_STREAM) == 0) {
          self.charge(self.budget_.on_control_frame(now));
        }
        break;
      case NGHTTP2_RST_STREAM:
        self.charge(self.budget_.on_reset(now));
        break;
      case NGHTTP2_WINDOW_UPDATE:
        self.charge(self.budget_.on_window_update(now));
        break;
      default:
        self.charge(self.budget_.on_control_frame(now));
    }
    // Once we are going away nothing more is read.
    return self.going_away_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* opaque) {
    Http2Session& self = session_of(opaque);
    self.head_begun_ = self.host_.loop().now();
    if (opens_stream(*frame)) self.open_stream(frame->hd.stream_id);
    return 0;
  }

  // Trailers are skipped, so only an opening head's fields are kept.
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                       nghttp2_rcbuf* value, std::uint8_t, void*) {
    if (!opens_stream(*frame)) return 0;
    Http2Stream* stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr) stream->reading_->add(text_of(name), text_of(value));
    return 0;
  }

  static int on_invalid_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf*,
                               nghttp2_rcbuf*, std::uint8_t, void*) {
    if (!opens_stream(*frame)) return 0;
    Http2Stream* stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr) stream->reading_->mark_malformed();
    return 0;
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* opaque) {
    Http2Session& self = session_of(opaque);
    switch (frame->hd.type) {
      case NGHTTP2_SETTINGS:
        self.settled_ = true;
        break;
      case NGHTTP2_HEADERS: {
        self.head_begun_.reset();
        Http2Stream* stream = stream_of(session, frame->hd.stream_id);
        if (stream == nullptr) break;
        if (opens_stream(*frame)) {
          self.head_complete(*stream, ends_stream(*frame));
        } else if (ends_stream(*frame)) {
          self.body_complete(*stream);
        }
        break;
      }
      case NGHTTP2_DATA: {
        // Nothing but padding is as empty as empty.
        if (frame->hd.length > 0 && frame->hd.length <= frame->data.padlen &&
            !ends_stream(*frame)) {
          self.charge(self.budget_.on_control_frame(self.host_.loop().now()));
        }
        Http2Stream* stream = stream_of(session, frame->hd.stream_id);
        if (stream != nullptr && ends_stream(*frame)) self.body_complete(*stream);
        break;
      }
      default:
        break;
    }
    return 0;
  }

  static int on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                           const std::uint8_t* bytes, std::size_t size, void* opaque) {
    Http2Stream* stream = stream_of(session, id);
    if (stream != nullptr) {
      session_of(opaque).body_arrived(*stream, {reinterpret_cast<const char*>(bytes), size});
    } else {
      nghttp2_session_consume_connection(session, size);
    }
    return 0;
  }

  // Frames of types that we do not know are dropped (RFC 9113 §5.5), but only after they are
  // counted: nghttp2 would drop them in silence.
  static int on_extension_chunk(nghttp2_session*, const nghttp2_frame_hd*, const std::uint8_t*,
                                std::size_t, void*) {
    return NGHTTP2_ERR_CANCEL;
  }
  static int on_extension_end(nghttp2_session*, void**, const nghttp2_frame_hd*, void*) {
    return NGHTTP2_ERR_CANCEL;
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header, std::size_t,
                       nghttp2_data_source* source, void* opaque) {
    Http2Session& self = session_of(opaque);
    self.put_frame({reinterpret_cast<const char*>(header), 9});
    self.data_sent(*static_cast<Http2Stream*>(source->ptr));
    // PAUSE: the frame is out, and the batch is full.
    return self.output_->room() == 0 ? NGHTTP2_ERR_PAUSE : 0;
  }

  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* opaque) {
    Http2Session& self = session_of(opaque);
    switch (frame->hd.type) {
      case NGHTTP2_RST_STREAM:
        self.reset_sent(frame->hd.stream_id);
        break;
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA: {
        Http2Stream* stream = stream_of(session, frame->hd.stream_id);
        if (stream != nullptr && ends_stream(*frame)) self.response_sent(*stream);
        break;
      }
      default:
        break;
    }
    return 0;
  }

  // A head beyond nghttp2's 64 KiB for sending, such as an origin's.
  static int on_frame_not_send(nghttp2_session* session, const nghttp2_frame* frame, int,
                               void* opaque) {
    Http2Session& self = session_of(opaque);
    if (frame->hd.type != NGHTTP2_HEADERS || self.going_away_) return 0;
    Http2Stream* stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr) self.reset(*stream, NGHTTP2_INTERNAL_ERROR, Ending::kAborted);
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t,
                             void* opaque) {
    Http2Stream* stream = stream_of(session, id);
    if (stream != nullptr) {
      session_of(opaque).end(*stream,
                             stream->response_complete_ ? Ending::kComplete : stream->ending_);
    }
    return 0;
  }
};

nghttp2_session* Http2Callbacks::make_session(Http2Session& session) {
  // Read-only once made, shared by all sessions.
  static nghttp2_session_callbacks* const callbacks = [] {
    nghttp2_session_callbacks* made = nullptr;
    CHECK(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, Table::on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, Table::on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(made, Table::on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(made, Table::on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, Table::on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, Table::on_data_chunk);
    nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(made, Table::on_extension_chunk);
    nghttp2_session_callbacks_set_unpack_extension_callback(made, Table::on_extension_end);
    nghttp2_session_callbacks_set_send_data_callback(made, Table::send_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, Table::on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, Table::on_frame_not_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, Table::on_stream_close);
    return made;
  }();
  static nghttp2_option* const options = [] {
    nghttp2_option* made = nullptr;
    CHECK(nghttp2_option_new(&made) == 0);
    nghttp2_option_set_no_auto_window_update(made, 1);
    nghttp2_option_set_builtin_recv_extension_type(made, NGHTTP2_PRIORITY_UPDATE);
    for (int type = NGHTTP2_CONTINUATION + 1; type <= 0xff; ++type) {
      if (type == NGHTTP2_PRIORITY_UPDATE) continue;
      nghttp2_option_set_user_recv_extension_type(made, static_cast<std::uint8_t>(type));
    }
    // Http2Budget counts resets, with our limits and our metric; this one would come first.
    nghttp2_option_set_stream_reset_rate_limit(made, UINT64_MAX, UINT64_MAX);
    return made;
  }();
  nghttp2_session* made = nullptr;
  CHECK(nghttp2_session_server_new2(&made, callbacks, &session, options) == 0);
  return made;
}

}  // namespace http
