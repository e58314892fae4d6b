#include "http/transfer.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "http/message.h"
#include "http/outgoing.h"

namespace http {
namespace {

using base::Blame;
using base::ErrorCode;

// The deadlines are checked against the clock that fires the timers, not the loop's.
base::MonoTime clock_now() { return std::chrono::steady_clock::now(); }

// What one piece of a body has room in, as libcurl hands it over.
constexpr std::size_t kReceiveBufferMin = 16 * 1024;

// What the client decides itself; see FetchRequest::fields.
constexpr std::array<std::string_view, 9> kOwnFields{"connection", "content-length",    "expect",
                                                     "keep-alive", "proxy-connection",  "te",
                                                     "trailer",    "transfer-encoding", "upgrade"};

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
      return ErrorCode::kUnreachable;
    case CURLE_OPERATION_TIMEDOUT:  // Only its connect timeout is set.
      return ErrorCode::kTimeout;
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return ErrorCode::kInvalid;
    default:
      return ErrorCode::kProtocol;
  }
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

}  // namespace

Transfer::Transfer(EventLoop& loop, OriginSockets& sockets,
                   std::function<void(Transfer&)> on_deadline)
    : easy_(curl_easy_init()),
      sockets_(sockets),
      timer_(loop, [this] { on_timer(); }),
      on_deadline_(std::move(on_deadline)) {
  CHECK(easy_ != nullptr);
}

Transfer::~Transfer() { curl_easy_cleanup(easy_); }

base::Result<void> Transfer::prepare(FetchRequest request, FetchEvents& events,
                                     const ClientOptions& options) {
  CHECK(phase_ == Phase::kIdle);
  request_ = std::move(request);
  if (request_.method == "HEAD") request_.body = nullptr;
  events_ = &events;
  head_.emplace(options.head_fields_max, options.head_bytes_max);

  if (auto valid = check_request(); !valid) {
    error_ = valid.error();
    return std::unexpected(valid.error());
  }
  set_common_options(options);
  set_method_and_body();
  set_request_fields();
  set_url_and_tls();
  started_ = clock_now();
  return {};
}

void Transfer::take_place(const ClientOptions& options) {
  set(easy_, CURLOPT_BUFFERSIZE, static_cast<long>(take_buffer(options)));
  enter(Phase::kWaiting);
}

void Transfer::recycle() {
  timer_.disarm();
  curl_easy_reset(easy_);
  request_ = {};
  buffer_ = {};
  events_ = nullptr;
  fields_.reset();
  connect_to_.reset();
  curl_message_.fill(0);
  phase_ = Phase::kIdle;
  response_paused_ = body_paused_ = wants_own_connection_ = false;
  sends_ = 0;
  body_sent_ = 0;
  head_.reset();
  error_.reset();
  added = resume_wanted = wake_wanted = false;
}

void Transfer::set_common_options(const ClientOptions& options) {
  set(easy_, CURLOPT_PRIVATE, this);
  sockets_.watch(easy_);
  set(easy_, CURLOPT_ERRORBUFFER, curl_message_.data());
  set(easy_, CURLOPT_NOSIGNAL, 1L);
  // Names are resolved on a thread of libcurl's. Without this, giving a fetch up while its name is
  // being resolved would wait for that thread, and hold up the loop for as long as DNS is slow.
  set(easy_, CURLOPT_QUICK_EXIT, 1L);
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy_, CURLOPT_HTTP09_ALLOWED, 0L);
  set(easy_, CURLOPT_PATH_AS_IS, 1L);
  set(easy_, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy_, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(easy_, CURLOPT_PROXY, "");  // Not even the environment's.
  set(easy_, CURLOPT_NOPROXY, "*");
  set(easy_, CURLOPT_TCP_NODELAY, 1L);
  set(easy_, CURLOPT_MAXAGE_CONN, static_cast<long>(options.idle_max.count()));
  // An origin that does not read the body of a GET would take it for the next request.
  const bool may_be_left_unread = request_.body != nullptr && is_safe(request_.method);
  set(easy_, CURLOPT_FORBID_REUSE,
      options.idle_connections_max == 0 || may_be_left_unread ? 1L : 0L);
  // libcurl divides it among the addresses of a name; our own timer names it.
  set(easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.timeouts.connect.count()));

  set(easy_, CURLOPT_PREREQDATA, this);
  set(
      easy_, CURLOPT_PREREQFUNCTION,
      +[](void* self, char* origin, char* local, int origin_port, int local_port) {
        return static_cast<Transfer*>(self)->on_connected({.local_address = local,
                                                           .origin_address = origin,
                                                           .local_port = local_port,
                                                           .origin_port = origin_port});
      });
  set(easy_, CURLOPT_HEADERDATA, this);
  set(
      easy_, CURLOPT_HEADERFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<Transfer*>(self)->on_header_line({data, size});
      });
  set(easy_, CURLOPT_WRITEDATA, this);
  set(
      easy_, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<Transfer*>(self)->on_body_bytes({data, size});
      });
  set(easy_, CURLOPT_READDATA, this);
  set(
      easy_, CURLOPT_READFUNCTION,
      +[](char* data, std::size_t unit, std::size_t count, void* self) {
        return static_cast<Transfer*>(self)->on_body_wanted(data, unit * count);
      });
}

// The buffer counts twice: while the response is paused libcurl keeps what it holds once more.
std::size_t Transfer::take_buffer(const ClientOptions& options) {
  buffer_ = base::ByteBudget::Share(options.buffers);
  std::size_t size = options.receive_buffer_bytes;
  while (size > kReceiveBufferMin && !buffer_.try_hold(2 * size)) {
    size = std::max(size / 4, kReceiveBufferMin);
  }
  buffer_.hold(2 * size);
  return size;
}

void Transfer::set_method_and_body() {
  if (request_.method == "HEAD") {
    set(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.body != nullptr) {
    // UPLOAD is libcurl's PUT: the body as it comes, no Content-Type of its own.
    set(easy_, CURLOPT_UPLOAD, 1L);
    set(easy_, CURLOPT_INFILESIZE_LARGE,
        request_.body_length ? static_cast<curl_off_t>(*request_.body_length) : curl_off_t{-1});
  }
  set(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

base::Result<void> Transfer::check_request() {
  auto url = check_outgoing(request_.method, request_.url, request_.fields);
  if (!url) return std::unexpected(url.error());
  url_ = std::move(*url);
  origin_ = url_.scheme + "://" + url_.authority();
  return {};
}

void Transfer::set_request_fields() {
  const auto append = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(fields_.get(), line.c_str());
    CHECK(longer != nullptr);
    (void)fields_.release();  // NOLINT(bugprone-unused-return-value): `longer` has it.
    fields_.reset(longer);
  };
  std::string line;
  for (const base::Field field : request_.fields) {
    if (std::ranges::find(kOwnFields, field.name) != kOwnFields.end()) continue;
    line.assign(field.name);
    // libcurl takes "Name:" for "without that field" and "Name;" for an empty one.
    if (field.value.empty()) {
      line += ';';
    } else {
      line.append(": ").append(field.value);
    }
    append(line);
  }
  if (!request_.fields.contains("host")) append("Host: " + url_.authority());
  if (!request_.fields.contains("accept")) append("Accept:");
  if (!request_.fields.contains("user-agent")) append("User-Agent:");
  append("Expect:");
  // RFC 9110 §8.6: methods that expect a body say that there is none.
  if (request_.body == nullptr &&
      (request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH")) {
    append("Content-Length: 0");
  }
  set(easy_, CURLOPT_HTTPHEADER, fields_.get());
}

void Transfer::set_url_and_tls() {
  const OriginTls& tls = request_.tls;
  if (tls.server_name.empty() || url_.scheme != "https") {
    set(easy_, CURLOPT_URL, request_.url.c_str());
  } else {
    // SNI and the verified name are the URL's host for libcurl: put the name there, and connect to
    // where the URL pointed. Host is set apart, so the origin sees no difference.
    const std::string port = ":" + std::to_string(url_.port);
    connect_to_.reset(curl_slist_append(nullptr, ("::" + url_.host + port).c_str()));
    set(easy_, CURLOPT_CONNECT_TO, connect_to_.get());
    set(easy_, CURLOPT_URL, ("https://" + tls.server_name + port + url_.target).c_str());
  }
  if (url_.scheme != "https") return;
  set(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy_, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  set(easy_, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  if (!tls.ca_file.empty()) {
    set(easy_, CURLOPT_CAINFO, tls.ca_file.c_str());
    set(easy_, CURLOPT_CAPATH, nullptr);  // That file alone, not the system's directory as well.
  }
  if (!tls.client_certificate.empty()) {
    set(easy_, CURLOPT_SSLCERT, tls.client_certificate.c_str());
    set(easy_, CURLOPT_SSLKEY, tls.client_key.c_str());
  }
}

// libcurl calls it each time it is about to put the request on a connection.
int Transfer::on_connected(const OriginSockets::Ends& ends) {
  if (events_ == nullptr) return CURL_PREREQFUNC_ABORT;
  if (is_spoilt(ends)) {
    wants_own_connection_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (++sends_ > 1 && !safe_to_repeat()) {
    set_error(ErrorCode::kProtocol, "closed a kept connection instead of answering",
              Blame::kOrigin);
    return CURL_PREREQFUNC_ABORT;
  }
  enter(request_.body != nullptr && request_.body_length != 0U ? Phase::kSending
                                                               : Phase::kAwaiting);
  return CURL_PREREQFUNC_OK;
}

// A kept connection that is not as silent as it must be. On TLS, records that came after the last
// answer: there is no telling what is in them.
bool Transfer::is_spoilt(const OriginSockets::Ends& ends) const {
  long made = 0;
  CHECK(curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &made) == CURLE_OK);
  if (made > 0) return false;
  if (sockets_.is_readable(ends)) return true;
  curl_tlssessioninfo* tls = nullptr;
  if (curl_easy_getinfo(easy_, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || tls == nullptr ||
      tls->backend != CURLSSLBACKEND_OPENSSL || tls->internals == nullptr) {
    return false;
  }
  return SSL_pending(static_cast<const SSL*>(tls->internals)) > 0;
}

void Transfer::use_own_connection() {
  CHECK(std::exchange(wants_own_connection_, false));
  set(easy_, CURLOPT_FRESH_CONNECT, 1L);
  enter(Phase::kWaiting);
}

bool Transfer::safe_to_repeat() const {
  return request_.body == nullptr && is_safe(request_.method);
}

std::size_t Transfer::on_header_line(std::string_view line) {
  constexpr std::size_t kGiveUp = 0;
  if (events_ == nullptr || error_) return kGiveUp;
  const auto complete = head_->add_line(line);
  if (!complete) {
    set_error(complete.error().code, complete.error().context, Blame::kOrigin);
    return kGiveUp;
  }
  if (*complete) {
    enter(Phase::kReceiving);
    events_->on_head(head_->status(), head_->take_fields());
    if (events_ == nullptr) return kGiveUp;
  }
  return line.size();
}

std::size_t Transfer::on_body_bytes(std::string_view bytes) {
  if (events_ == nullptr || error_) return 0;
  progress_ = clock_now();
  if (events_->on_body(bytes)) return events_ == nullptr ? 0 : bytes.size();
  if (events_ == nullptr) return 0;
  response_paused_ = true;
  return CURL_WRITEFUNC_PAUSE;
}

std::size_t Transfer::on_body_wanted(char* buffer, std::size_t room) {
  if (events_ == nullptr || error_ || request_.body == nullptr) return CURL_READFUNC_ABORT;
  progress_ = clock_now();
  const Pulled pulled = request_.body->pull(room);
  const auto give_up = [this](std::string what) {
    set_error(ErrorCode::kAborted, std::move(what), Blame::kClient);
    return std::size_t{CURL_READFUNC_ABORT};
  };
  switch (pulled.state) {
    case Pulled::State::kPending:
      body_paused_ = true;
      return CURL_READFUNC_PAUSE;
    case Pulled::State::kFailed:
      return give_up("the request's body failed");
    case Pulled::State::kEnd:
      if (request_.body_length && body_sent_ != *request_.body_length) {
        return give_up("the request's body is shorter than its length");
      }
      if (phase_ == Phase::kSending) enter(Phase::kAwaiting);
      return 0;
    case Pulled::State::kPiece:
      break;
  }
  const base::Slice& piece = pulled.piece;
  CHECK(!piece.empty() && piece.size() <= room);
  body_sent_ += piece.size();
  if (request_.body_length && body_sent_ > *request_.body_length) {
    return give_up("the request's body is longer than its length");
  }
  std::memcpy(buffer, piece.data(), piece.size());
  if (body_sent_ == request_.body_length && phase_ == Phase::kSending) enter(Phase::kAwaiting);
  return piece.size();
}

CURLcode Transfer::unpause() {
  const bool response = std::exchange(resume_wanted, false);
  const bool request_body = std::exchange(wake_wanted, false);
  const bool goes_on = (response && response_paused_) || (request_body && body_paused_);
  if (!goes_on) return CURLE_OK;
  if (response) response_paused_ = false;
  if (request_body) body_paused_ = false;
  progress_ = clock_now();
  arm();
  return curl_easy_pause(
      easy_, (response_paused_ ? CURLPAUSE_RECV : 0) | (body_paused_ ? CURLPAUSE_SEND : 0));
}

base::Result<void> Transfer::outcome(CURLcode code) const {
  if (error_) return std::unexpected(*error_);
  if (code == CURLE_OK && head_->complete()) return {};
  const ErrorCode kind = code_of(code);
  const std::string why = kind == ErrorCode::kTimeout ? timeout_text()
                          : curl_message_[0] != 0     ? curl_message_.data()
                                                      : curl_easy_strerror(code);
  return base::fail(kind, origin_ + ": " + why,
                    kind == ErrorCode::kInvalid ? Blame::kUs : Blame::kOrigin);
}

void Transfer::set_error(ErrorCode code, std::string what, Blame blame) {
  if (!error_) error_ = base::Error{code, origin_ + ": " + std::move(what), blame};
}

void Transfer::refuse_place() {
  set_error(ErrorCode::kOverloaded, "all connections to it are in use", Blame::kUs);
}

void Transfer::enter(Phase phase) {
  phase_ = phase;
  progress_ = clock_now();
  arm();
}

std::chrono::milliseconds Transfer::phase_timeout() const {
  constexpr std::chrono::milliseconds kNone{0};
  switch (phase_) {
    case Phase::kIdle:
      return kNone;
    case Phase::kInLine:
      return request_.timeouts.place;
    case Phase::kWaiting:
      return request_.timeouts.connect;
    case Phase::kSending:
      return body_paused_ ? kNone : request_.timeouts.stall;
    case Phase::kAwaiting:
      return request_.timeouts.first_byte;
    case Phase::kReceiving:
      return response_paused_ || body_paused_ ? kNone : request_.timeouts.stall;
  }
  return kNone;
}

std::string Transfer::timeout_text() const {
  const std::string_view name = phase_ == Phase::kWaiting    ? "connect"
                                : phase_ == Phase::kAwaiting ? "first byte"
                                                             : "stall";
  return std::string(name) + " timeout of " + std::to_string(phase_timeout().count()) + " ms";
}

// Moving on only moves `progress_`; the timer finds out when it fires, so that a body costs no
// timer call per piece. What can bring the deadline nearer (a new phase, an unpause) arms it anew.
void Transfer::arm() {
  std::optional<base::MonoTime> due;
  if (const auto limit = phase_timeout(); limit.count() != 0) due = progress_ + limit;
  if (const auto total = request_.timeouts.total; total.count() != 0) {
    due = due ? std::min(*due, started_ + total) : started_ + total;
  }
  if (!due) {
    timer_.disarm();
    return;
  }
  timer_.arm(std::chrono::ceil<std::chrono::microseconds>(*due - clock_now()));
}

void Transfer::on_timer() {
  const base::MonoTime now = clock_now();
  const auto total = request_.timeouts.total;
  const auto limit = phase_timeout();
  // libevent's clock may be a millisecond behind.
  constexpr std::chrono::milliseconds kSlack{1};
  const bool total_is_over = total.count() != 0 && now + kSlack >= started_ + total;
  const bool phase_is_over = limit.count() != 0 && now + kSlack >= progress_ + limit;
  if (phase_ == Phase::kInLine && (total_is_over || phase_is_over)) {
    refuse_place();  // It has not come to the origin yet.
  } else if (total_is_over) {
    set_error(ErrorCode::kTimeout, "total timeout of " + std::to_string(total.count()) + " ms",
              Blame::kOrigin);
  } else if (phase_is_over) {
    set_error(ErrorCode::kTimeout, timeout_text(), Blame::kOrigin);
  } else {
    arm();
    return;
  }
  on_deadline_(*this);
}

}  // namespace http
