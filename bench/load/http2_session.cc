// HTTP/2 from the client's side, on nghttp2.
#include <nghttp2/nghttp2.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "bench/load/session.h"

namespace load {
namespace {

struct CallbacksDeleter {
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};
struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
struct SessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};

// nghttp2 copies names and values, and changes neither, whatever its types say.
nghttp2_nv field(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

class Http2Session final : public Session {
 public:
  Http2Session(const RequestCommon& common, const Http2Settings& settings, std::size_t streams,
               SessionEvents& events);

  [[nodiscard]] std::size_t streams_max() const override { return streams_; }
  [[nodiscard]] bool accepts() const override {
    return !broken_ && under_way_.size() < streams_ &&
           nghttp2_session_check_request_allowed(session_.get()) != 0;
  }
  [[nodiscard]] bool is_spent() const override {
    return broken_ || nghttp2_session_check_request_allowed(session_.get()) == 0;
  }
  void submit(Exchange& exchange) override;
  void abandon(Exchange& exchange) override;
  bool receive(std::span<const std::byte> bytes) override;
  void produce(std::string& output) override;
  void close() override;

 private:
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void* self);
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_length, const std::uint8_t* value, std::size_t value_length,
                       std::uint8_t flags, void* self);
  static int on_frame(nghttp2_session*, const nghttp2_frame*, void* self);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t stream,
                     const std::uint8_t* data, std::size_t length, void* self);
  static int on_stream_close(nghttp2_session*, std::int32_t stream, std::uint32_t error,
                             void* self);
  static nghttp2_session_callbacks* callbacks();

  Exchange* exchange_of(std::int32_t stream) const {
    return static_cast<Exchange*>(nghttp2_session_get_stream_user_data(session_.get(), stream));
  }
  void forget(Exchange& exchange) { std::erase(under_way_, &exchange); }

  const RequestCommon& common_;
  const std::size_t streams_;
  SessionEvents& events_;
  std::unique_ptr<nghttp2_session, SessionDeleter> session_;
  std::vector<Exchange*> under_way_;
  std::vector<nghttp2_nv> fields_;  // Reused by submit().
  std::int32_t head_stream_ = -1;   // The stream whose head is being read,
  ResponseHead head_;               // and what is known of it.
  bool broken_ = false;
};

nghttp2_session_callbacks* Http2Session::callbacks() {
  static const auto all = [] {
    nghttp2_session_callbacks* made = nullptr;
    CHECK(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
    return std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter>(made);
  }();
  return all.get();
}

Http2Session::Http2Session(const RequestCommon& common, const Http2Settings& settings,
                           std::size_t streams, SessionEvents& events)
    : common_(common), streams_(streams), events_(events) {
  nghttp2_option* made_option = nullptr;
  CHECK(nghttp2_option_new(&made_option) == 0);
  const std::unique_ptr<nghttp2_option, OptionDeleter> option(made_option);
  // nghttp2 would keep closed streams for the priority tree, which nobody here uses.
  nghttp2_option_set_no_closed_streams(option.get(), 1);
  nghttp2_session* made = nullptr;
  CHECK(nghttp2_session_client_new2(&made, callbacks(), this, option.get()) == 0);
  session_.reset(made);

  const std::array<nghttp2_settings_entry, 2> entries = {
      {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (1U << settings.stream_window_bits) - 1}}};
  CHECK(nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(
            made, NGHTTP2_FLAG_NONE, 0,
            static_cast<std::int32_t>((1U << settings.connection_window_bits) - 1)) == 0);
}

void Http2Session::submit(Exchange& exchange) {
  CHECK(accepts());
  fields_.clear();
  fields_.push_back(field(":method", common_.method));
  fields_.push_back(field(":scheme", common_.scheme));
  fields_.push_back(field(":authority", common_.authority));
  fields_.push_back(field(":path", exchange.plan().object->target));
  for (const auto& extra : common_.fields) fields_.push_back(field(extra.name, extra.value));
  std::string range;
  if (exchange.plan().range_first) {
    range = range_value(exchange.plan());
    fields_.push_back(field("range", range));
  }
  exchange.stream = nghttp2_submit_request(session_.get(), nullptr, fields_.data(), fields_.size(),
                                           nullptr, &exchange);
  CHECK(exchange.stream > 0);
  under_way_.push_back(&exchange);
}

void Http2Session::abandon(Exchange& exchange) {
  forget(exchange);
  nghttp2_session_set_stream_user_data(session_.get(), exchange.stream, nullptr);
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, exchange.stream, NGHTTP2_CANCEL);
}

bool Http2Session::receive(std::span<const std::byte> bytes) {
  const auto taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0) broken_ = true;
  return taken >= 0 && (nghttp2_session_want_read(session_.get()) != 0 ||
                        nghttp2_session_want_write(session_.get()) != 0);
}

void Http2Session::produce(std::string& output) {
  const std::uint8_t* data = nullptr;
  for (;;) {
    const auto length = nghttp2_session_mem_send(session_.get(), &data);
    if (length < 0) broken_ = true;
    if (length <= 0) return;
    output.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(length));
  }
}

void Http2Session::close() {
  const bool was_broken = std::exchange(broken_, true);
  for (Exchange* exchange : std::exchange(under_way_, {})) {
    nghttp2_session_set_stream_user_data(session_.get(), exchange->stream, nullptr);
    events_.on_end(*exchange, was_broken ? End::kProtocol : End::kClosed);
  }
}

int Http2Session::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto& session = *static_cast<Http2Session*>(self);
  session.head_stream_ = frame->hd.stream_id;
  session.head_ = {};
  return 0;
}

int Http2Session::on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                            std::size_t name_length, const std::uint8_t* value,
                            std::size_t value_length, std::uint8_t, void* self) {
  auto& session = *static_cast<Http2Session*>(self);
  if (frame->hd.stream_id != session.head_stream_) return 0;
  const std::string_view name_text(reinterpret_cast<const char*>(name), name_length);
  const std::string_view text(reinterpret_cast<const char*>(value), value_length);
  ResponseHead& head = session.head_;
  if (name_text == ":status") {
    std::from_chars(text.data(), text.data() + text.size(), head.status);
  } else if (name_text == "content-length") {
    std::uint64_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);  // nghttp2 has checked it.
    head.content_length = length;
  } else if (name_text == "content-range") {
    if (auto range = http::parse_content_range(text)) head.content_range = *range;
  }
  return 0;
}

int Http2Session::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto& session = *static_cast<Http2Session*>(self);
  if (frame->hd.type != NGHTTP2_HEADERS || session.head_.status < 200) return 0;
  // The final head; a trailer leaves head_ without a status.
  if (Exchange* exchange = session.exchange_of(frame->hd.stream_id)) {
    session.events_.on_head(*exchange, std::exchange(session.head_, {}));
  }
  return 0;
}

int Http2Session::on_data(nghttp2_session* raw, std::uint8_t, std::int32_t stream,
                          const std::uint8_t* data, std::size_t length, void* self) {
  auto& session = *static_cast<Http2Session*>(self);
  Exchange* const exchange = session.exchange_of(stream);
  if (exchange == nullptr) return 0;  // Abandoned.
  if (!session.events_.on_body(*exchange, {reinterpret_cast<const std::byte*>(data), length})) {
    session.forget(*exchange);
    nghttp2_session_set_stream_user_data(raw, stream, nullptr);
    nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    session.events_.on_end(*exchange, End::kStopped);
  }
  return 0;
}

int Http2Session::on_stream_close(nghttp2_session*, std::int32_t stream, std::uint32_t error,
                                  void* self) {
  auto& session = *static_cast<Http2Session*>(self);
  Exchange* const exchange = session.exchange_of(stream);
  if (exchange == nullptr) return 0;
  session.forget(*exchange);
  session.events_.on_end(*exchange, error == NGHTTP2_NO_ERROR         ? End::kComplete
                                    : error == NGHTTP2_REFUSED_STREAM ? End::kRefused
                                    : error == NGHTTP2_PROTOCOL_ERROR ? End::kProtocol
                                                                      : End::kReset);
  return 0;
}

}  // namespace

std::unique_ptr<Session> new_http2_session(const RequestCommon& common,
                                           const Http2Settings& settings, std::size_t streams,
                                           SessionEvents& events) {
  return std::make_unique<Http2Session>(common, settings, streams, events);
}

}  // namespace load
