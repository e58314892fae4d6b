#include "http/blocking_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>

#include "base/check.h"
#include "http/outgoing.h"

namespace http {
namespace {

using base::ErrorCode;

constexpr std::size_t kFieldBytesMax = 64 * 1024;

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kTimeout;
    case CURLE_URL_MALFORMAT:
      return ErrorCode::kInvalid;
    case CURLE_UNSUPPORTED_PROTOCOL:  // The answer's, such as HTTP/0.9: the URL's was checked.
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_WEIRD_SERVER_REPLY:
      return ErrorCode::kProtocol;
    default:
      return ErrorCode::kUnreachable;
  }
}

}  // namespace

struct BlockingClient::State {
  CURL* easy = nullptr;
  std::atomic<bool> stopped{false};

  // Of the fetch under way.
  const BlockingRequest* request = nullptr;
  BlockingAnswer answer;
  std::size_t field_bytes = 0;
  std::size_t body_sent = 0;
  bool too_large = false, enough = false, late = false;
  bool body_began = false;
  std::chrono::steady_clock::time_point body_due;

  std::size_t on_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // Of this answer; what came before was interim.
      answer.fields.clear();
      return line.size();
    }
    field_bytes += line.size();
    if (field_bytes > kFieldBytesMax) {
      too_large = true;
      return 0;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    std::string_view value = line.substr(colon + 1);
    while (value.ends_with('\r') || value.ends_with('\n')) value.remove_suffix(1);
    answer.fields.add(base::to_lower(line.substr(0, colon)), base::trim(value));
    return line.size();
  }

  std::size_t on_body(std::string_view bytes) {
    body_began = true;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (request->on_body && status / 100 == 2) {
      if (request->on_body(bytes)) return bytes.size();
      enough = true;
      return 0;
    }
    if (bytes.size() > request->answer_max - answer.body.size()) {
      too_large = true;
      return 0;
    }
    answer.body += bytes;
    return bytes.size();
  }

  // Non-zero: ends it. Called at least once a second.
  int on_progress() {
    late = !body_began && request->body_timeout.count() > 0 &&
           std::chrono::steady_clock::now() > body_due;
    return stopped || late ? 1 : 0;
  }

  std::size_t on_body_wanted(char* to, std::size_t room) {
    const std::string_view left = request->body->substr(body_sent);
    const std::size_t count = std::min(room, left.size());
    std::copy_n(left.begin(), count, to);
    body_sent += count;
    if (request->on_sent) request->on_sent(body_sent);
    return count;
  }

  int on_seek(curl_off_t offset) {
    if (offset < 0 || static_cast<std::size_t>(offset) > request->body->size()) {
      return CURL_SEEKFUNC_FAIL;
    }
    body_sent = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
};

BlockingClient::BlockingClient() : state_(std::make_unique<State>()) {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
  state_->easy = curl_easy_init();
  CHECK(state_->easy != nullptr);
}

BlockingClient::~BlockingClient() { curl_easy_cleanup(state_->easy); }

void BlockingClient::stop() { state_->stopped = true; }

base::Result<BlockingAnswer> BlockingClient::fetch(const BlockingRequest& request) {
  if (auto checked = check_outgoing(request.method, request.url, request.fields); !checked) {
    return std::unexpected(checked.error());
  }
  State& state = *state_;
  CURL* const easy = state.easy;
  curl_easy_reset(easy);  // Connections stay.
  state.request = &request;
  state.answer = {};
  state.field_bytes = state.body_sent = 0;
  state.too_large = state.enough = state.late = state.body_began = false;
  state.body_due = std::chrono::steady_clock::now() + request.body_timeout;

  std::array<char, CURL_ERROR_SIZE> message{};
  set(easy, CURLOPT_ERRORBUFFER, message.data());
  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOPROXY, "*");
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(easy, CURLOPT_LOW_SPEED_TIME,
      std::max(1L, static_cast<long>(request.stall_timeout.count() / 1'000)));
  set(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
  set(easy, CURLOPT_BUFFERSIZE, 256L * 1024);
  if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else {
    if (request.body) {
      set(easy, CURLOPT_UPLOAD, 1L);
      set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
    }
    set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  set(easy, CURLOPT_READDATA, &state);
  set(
      easy, CURLOPT_READFUNCTION, +[](char* to, std::size_t unit, std::size_t count, void* self) {
        return static_cast<State*>(self)->on_body_wanted(to, unit * count);
      });
  set(easy, CURLOPT_SEEKDATA, &state);
  set(
      easy, CURLOPT_SEEKFUNCTION, +[](void* self, curl_off_t offset, int) {
        return static_cast<State*>(self)->on_seek(offset);
      });
  set(easy, CURLOPT_HEADERDATA, &state);
  set(
      easy, CURLOPT_HEADERFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<State*>(self)->on_header({data, size});
      });
  set(easy, CURLOPT_WRITEDATA, &state);
  set(
      easy, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        return static_cast<State*>(self)->on_body({data, size});
      });
  set(easy, CURLOPT_NOPROGRESS, 0L);
  set(easy, CURLOPT_XFERINFODATA, &state);
  set(
      easy, CURLOPT_XFERINFOFUNCTION,
      +[](void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        return static_cast<State*>(self)->on_progress();
      });

  curl_slist* lines = curl_slist_append(nullptr, "Expect:");
  for (const base::Field field : request.fields) {
    // libcurl takes "Name:" for "without that field" and "Name;" for an empty one.
    const std::string value = field.value.empty() ? ";" : ": " + std::string(field.value);
    lines = curl_slist_append(lines, (std::string(field.name) + value).c_str());
  }
  set(easy, CURLOPT_HTTPHEADER, lines);
  const CURLcode code = state.stopped ? CURLE_ABORTED_BY_CALLBACK : curl_easy_perform(easy);
  curl_slist_free_all(lines);

  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  state.answer.status = static_cast<int>(status);
  if (code == CURLE_OK || state.enough) return std::move(state.answer);
  if (state.stopped) return base::fail(ErrorCode::kAborted, "stopped");
  if (state.late) {
    return base::fail(ErrorCode::kTimeout,
                      request.url + ": the answer's body did not begin in time");
  }
  if (state.too_large) {
    return base::fail(ErrorCode::kTooLarge, request.url + ": the answer is too large");
  }
  // An answer that came before the whole body was sent (413, 507) is an answer.
  if (status >= 400 && (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR)) {
    return std::move(state.answer);
  }
  return base::fail(
      code_of(code),
      request.url + ": " + (message[0] != 0 ? message.data() : curl_easy_strerror(code)));
}

}  // namespace http
