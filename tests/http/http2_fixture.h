// A client of Http2Session without sockets: nghttp2's client side speaks, the host and the output
// are fakes, the clock is moved by hand, and a scripted application answers.
#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/event_loop.h"
#include "http/session.h"
#include "tests/http/http2_app.h"

namespace http::testing {

using Header = std::pair<std::string, std::string>;
using Headers = std::vector<Header>;

inline Headers request(std::string path = "/", std::string method = "GET") {
  return {{":method", std::move(method)},
          {":scheme", "https"},
          {":authority", "video.example"},
          {":path", std::move(path)}};
}
inline Headers with(Headers headers, Headers more) {
  for (Header& header : more) headers.push_back(std::move(header));
  return headers;
}

// One client's connection. After each step all that both sides have to say is exchanged, as long as
// the socket is not blocked.
class Http2Client final : private SessionHost {
 public:
  struct Response {
    int status = 0;
    bool continued = false;  // 100 came.
    Headers fields;
    std::string body;
    std::vector<std::size_t> frames;  // DATA payload sizes.
    bool complete = false;
    std::optional<std::uint32_t> reset;
    [[nodiscard]] std::string field(std::string_view name) const {
      for (const Header& header : fields) {
        if (header.first == name) return header.second;
      }
      return {};
    }
  };
  enum class Windows { kAutomatic, kByHand };

  explicit Http2Client(Limits limits = {}, Windows windows = Windows::kAutomatic)
      : limits_(std::move(limits)), loop_(clock_) {
    peer_.address = "192.0.2.7";
    peer_.tls = true;
    handler_ = [this](Exchange& exchange) { return app.handle(exchange); };
    session_ = make_http2_session(*this);
    make_client(windows);
  }
  ~Http2Client() override {
    session_.reset();
    nghttp2_session_del(client_);
    nghttp2_hd_inflate_del(inflater_);
    EXPECT_EQ(app.alive(), 0U);
    for (const App::Request& request : app.requests) EXPECT_TRUE(request.outcome.has_value());
  }

  // The client's steps.
  Http2Client& connect(std::vector<nghttp2_settings_entry> settings = {}) {
    nghttp2_submit_settings(client_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    return settle();
  }
  // From here on nghttp2's client keeps out of it: only frames that the test writes.
  Http2Client& raw() {
    raw_ = true;
    return *this;
  }
  // Preface and SETTINGS; the server's SETTINGS stay without acknowledgement.
  Http2Client& connect_raw() {
    return raw().bytes_in("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").frame(NGHTTP2_SETTINGS, 0, 0, "");
  }
  std::int32_t send(const Headers& headers) { return submit(headers, nullptr); }
  std::int32_t get(std::string path = "/") { return send(request(std::move(path))); }
  // The body goes out as far as the server's windows allow; `trailers` behind it.
  std::int32_t send_with_body(const Headers& headers, std::string body, Headers trailers = {}) {
    upload_ = std::move(body);
    upload_sent_ = 0;
    upload_trailers_ = std::move(trailers);
    upload_ends_ = true;
    return start_upload(headers);
  }
  std::int32_t send_open_body(const Headers& headers, std::string first_part) {
    upload_ = std::move(first_part);
    upload_sent_ = 0;
    upload_trailers_.clear();
    upload_ends_ = false;
    return start_upload(headers);
  }
  Http2Client& continue_body(std::int32_t id, std::string part, bool ends) {
    upload_ += part;
    upload_ends_ = ends;
    nghttp2_session_resume_data(client_, id);
    return settle();
  }
  Http2Client& cancel(std::int32_t id) {
    nghttp2_submit_rst_stream(client_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    return settle();
  }
  Http2Client& open_window(std::int32_t id, std::int32_t bytes) {
    nghttp2_submit_window_update(client_, NGHTTP2_FLAG_NONE, id, bytes);
    return settle();
  }
  // A frame that nghttp2's client would not send.
  Http2Client& frame(std::uint8_t type, std::uint8_t flags, std::int32_t id,
                     std::string_view payload) {
    raw_ = raw_ || type == NGHTTP2_HEADERS || type == NGHTTP2_SETTINGS;
    std::string bytes;
    bytes += static_cast<char>(payload.size() >> 16);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size());
    bytes += static_cast<char>(type);
    bytes += static_cast<char>(flags);
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(id >> shift);
    bytes += payload;
    return bytes_in(bytes);
  }
  Http2Client& bytes_in(std::string_view bytes) {
    if (!finished) session_->receive(bytes);
    return settle();
  }
  Http2Client& close_socket() {
    if (!finished) session_->client_closed();
    return settle();
  }

  // Time passes in ticks of a second.
  Http2Client& pass(std::chrono::milliseconds time) {
    for (; time.count() > 0; time -= std::chrono::seconds(1)) {
      clock_.advance(std::min<std::chrono::milliseconds>(time, std::chrono::seconds(1)));
      if (!finished) session_->tick(clock_.mono(), blocked_since_);
      settle();
    }
    return *this;
  }
  Http2Client& stop_reading() {
    blocked_since_ = clock_.mono();
    return *this;
  }
  Http2Client& read_again() {
    blocked_since_.reset();
    output_wanted_ = true;
    return settle();
  }
  // The blocked socket takes one batch.
  Http2Client& take_batch() {
    blocked_since_ = clock_.mono();
    if (!finished) produce();
    return *this;
  }
  Http2Client& drain() {
    session_->drain();
    return settle();
  }

  Http2Client& settle() {
    bool moved = true;
    while (moved && !finished) {
      moved = false;
      const std::uint8_t* bytes = nullptr;
      for (ssize_t size = 0; !raw_ && (size = nghttp2_session_mem_send(client_, &bytes)) > 0;) {
        moved = true;
        if (!finished) {
          session_->receive({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
        }
      }
      while (output_wanted_ && !finished && !blocked_since_) {
        moved = true;
        produce();
      }
    }
    return *this;
  }

  Response& response(std::int32_t id) { return responses_[id]; }
  Session& session() { return *session_; }
  base::ManualClock& clock() { return clock_; }
  EventLoop& event_loop() { return loop_; }
  [[nodiscard]] std::uint32_t server_setting(nghttp2_settings_id id) const {
    return nghttp2_session_get_remote_settings(client_, id);
  }

  App app;
  std::size_t room = 64 << 10;
  std::vector<std::size_t> batches;     // Bytes of each produce() that gave any.
  std::optional<std::uint32_t> goaway;  // The last one's error.
  std::size_t goaways = 0;
  bool finished = false;
  bool abruptly = false;
  std::vector<std::string> limits_passed;

 private:
  class Collected final : public Output {
   public:
    explicit Collected(std::size_t room) : left_(room) {}
    std::size_t room() const override { return left_; }
    void copy(std::string_view more) override { add(more); }
    void share(base::Slice piece) override { add(piece.view()); }
    std::string bytes;

   private:
    void add(std::string_view more) {
      bytes += more;
      left_ -= std::min(left_, more.size());
    }
    std::size_t left_;
  };

  EventLoop& loop() override { return loop_; }
  const Peer& peer() const override { return peer_; }
  const Limits& limits() const override { return limits_; }
  const Handler& handler() const override { return handler_; }
  void want_output() override { output_wanted_ = true; }
  void want_input(bool) override {}
  void finish(bool is_abrupt) override {
    EXPECT_FALSE(finished) << "finished twice";
    finished = true;
    abruptly = is_abrupt;
  }
  void count_limit(std::string_view limit) override { limits_passed.emplace_back(limit); }

  void produce() {
    output_wanted_ = false;
    Collected output(room);
    session_->produce(output);
    if (output.room() == 0) output_wanted_ = true;
    if (output.bytes.empty()) return;
    batches.push_back(output.bytes.size());
    read_frames(output.bytes);
    if (raw_) return;
    const ssize_t taken = nghttp2_session_mem_recv(
        client_, reinterpret_cast<const std::uint8_t*>(output.bytes.data()), output.bytes.size());
    EXPECT_EQ(taken, static_cast<ssize_t>(output.bytes.size()));
  }

  std::int32_t start_upload(const Headers& headers) {
    nghttp2_data_provider provider{};
    provider.read_callback = [](nghttp2_session* session, std::int32_t id, std::uint8_t* to,
                                std::size_t max, std::uint32_t* flags, nghttp2_data_source*,
                                void* opaque) -> ssize_t {
      auto& self = *static_cast<Http2Client*>(opaque);
      const std::size_t count = std::min(max, self.upload_.size() - self.upload_sent_);
      std::copy_n(self.upload_.data() + self.upload_sent_, count, to);
      self.upload_sent_ += count;
      if (self.upload_sent_ < self.upload_.size()) return static_cast<ssize_t>(count);
      if (!self.upload_ends_) {
        return count > 0 ? static_cast<ssize_t>(count) : ssize_t{NGHTTP2_ERR_DEFERRED};
      }
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!self.upload_trailers_.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const std::vector<nghttp2_nv> fields = nvs(self.upload_trailers_);
        nghttp2_submit_trailer(session, id, fields.data(), fields.size());
      }
      return static_cast<ssize_t>(count);
    };
    return submit(headers, &provider);
  }

  std::int32_t submit(const Headers& headers, const nghttp2_data_provider* provider) {
    const std::vector<nghttp2_nv> fields = nvs(headers);
    const std::int32_t id =
        nghttp2_submit_request(client_, nullptr, fields.data(), fields.size(), provider, nullptr);
    EXPECT_GT(id, 0);
    settle();
    return id;
  }

  static std::vector<nghttp2_nv> nvs(const Headers& headers) {
    std::vector<nghttp2_nv> made;
    for (const Header& header : headers) {
      made.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.first.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(header.second.data())),
                      header.first.size(), header.second.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return made;
  }

  // Reads the server's frames. nghttp2's client reads them too, for its windows and settings, as
  // long as the test did not open streams behind its back.
  void read_frames(std::string_view bytes) {
    unread_ += bytes;
    while (unread_.size() >= 9) {
      const auto byte = [this](std::size_t at) { return static_cast<std::uint8_t>(unread_[at]); };
      const auto word = [&](std::size_t at) {
        return std::uint32_t{byte(at)} << 24 | std::uint32_t{byte(at + 1)} << 16 |
               std::uint32_t{byte(at + 2)} << 8 | std::uint32_t{byte(at + 3)};
      };
      const std::size_t size = word(0) >> 8;
      if (unread_.size() < 9 + size) return;
      Response& response = responses_[static_cast<std::int32_t>(word(5))];
      const std::uint8_t type = byte(3);
      if (type == NGHTTP2_DATA) {
        response.frames.push_back(size);
        response.body.append(unread_, 9, size);
      } else if (type == NGHTTP2_HEADERS) {
        EXPECT_NE(byte(4) & NGHTTP2_FLAG_END_HEADERS, 0);
        read_head(response, std::string_view(unread_).substr(9, size));
      } else if (type == NGHTTP2_RST_STREAM) {
        response.reset = word(9);
      } else if (type == NGHTTP2_GOAWAY) {
        goaway = word(13);
        ++goaways;
      }
      if (type <= NGHTTP2_HEADERS && (byte(4) & NGHTTP2_FLAG_END_STREAM) != 0) {
        response.complete = true;
      }
      unread_.erase(0, 9 + size);
    }
  }

  void read_head(Response& response, std::string_view block) {
    while (true) {
      nghttp2_nv field;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(
          inflater_, &field, &flags, reinterpret_cast<const std::uint8_t*>(block.data()),
          block.size(), 1);
      ASSERT_GE(used, 0);
      block.remove_prefix(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        std::string name(reinterpret_cast<const char*>(field.name), field.namelen);
        std::string value(reinterpret_cast<const char*>(field.value), field.valuelen);
        if (name == ":status" && value == "100") {
          response.continued = true;
        } else if (name == ":status") {
          response.status = std::stoi(value);
        } else {
          response.fields.emplace_back(std::move(name), std::move(value));
        }
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  void make_client(Windows windows) {
    nghttp2_hd_inflate_new(&inflater_);
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, windows == Windows::kByHand ? 1 : 0);
    nghttp2_option_set_no_http_messaging(options, 1);  // So that it may send what is malformed.
    nghttp2_session_client_new2(&client_, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
  }

  Limits limits_;
  base::ManualClock clock_;
  EventLoop loop_;
  Peer peer_;
  Handler handler_;
  bool output_wanted_ = false;
  std::optional<base::MonoTime> blocked_since_;
  std::map<std::int32_t, Response> responses_;
  std::string upload_;
  std::size_t upload_sent_ = 0;
  bool upload_ends_ = true;
  Headers upload_trailers_;
  nghttp2_session* client_ = nullptr;
  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string unread_;
  bool raw_ = false;
  std::unique_ptr<Session> session_;
};

}  // namespace http::testing
