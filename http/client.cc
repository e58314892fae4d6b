// The glue between libcurl's multi interface and the event loop.
//
// libcurl is entered from four places: a socket is ready, its timer fired, a paused transfer goes
// on, a fetch is cancelled. While it runs (`inside`), its callbacks hand events to the application,
// which may start, resume or cancel fetches, and libcurl refuses to be entered again. Such calls
// are only noted then, and settle() carries them out once libcurl has returned.
#include "http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/origin_places.h"
#include "http/transfer.h"

namespace http {
namespace {

// Transfers kept for reuse: making one costs a curl easy handle and its first allocations.
constexpr std::size_t kIdleTransfersMax = 256;

void start_libcurl_once() {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); });
}

}  // namespace

struct Client::State {
  // What the application holds. Outlived by its transfer when destroyed inside an event, outlives
  // it when the transfer has ended.
  class Handle;
  struct Live {
    std::unique_ptr<Transfer> transfer;
    Handle* handle = nullptr;
  };

  State(EventLoop& event_loop, const ClientOptions& client_options);
  ~State();

  std::unique_ptr<Fetch> start(FetchRequest request, FetchEvents& events);
  void cancel(Transfer& transfer);
  void unpause_soon(Transfer& transfer);

  void socket_ready(curl_socket_t fd, int events);
  void run_noted();
  void settle();
  void drop(Transfer& transfer);
  void finish(Transfer& transfer, CURLcode code);
  void admit(const std::string& origin);
  void size_pool();

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* io);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);

  EventLoop& loop;
  const ClientOptions options;
  OriginSockets sockets;  // Outlives the connections, which `multi` keeps.
  CURLM* const multi;
  Timer curl_timer;
  Timer soon;  // Armed with no delay: run_noted() from the loop.

  std::unordered_map<Transfer*, Live> live;
  OriginPlaces places;
  std::vector<std::unique_ptr<Transfer>> idle;

  bool inside = false;  // libcurl is on the stack.
  std::vector<Transfer*> to_add;
  std::vector<Transfer*> to_fail;  // Can't be sent, or past a deadline.
  std::vector<Transfer*> to_drop;
  std::vector<Transfer*> to_unpause;
};

class Client::State::Handle final : public Fetch {
 public:
  Handle(State& state, Transfer& transfer) : state_(state), transfer_(&transfer) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() override {
    if (transfer_ != nullptr) state_.cancel(*transfer_);
  }

  void resume() override {
    if (transfer_ == nullptr) return;
    transfer_->resume_wanted = true;
    state_.unpause_soon(*transfer_);
  }
  void wake_body() override {
    if (transfer_ == nullptr) return;
    transfer_->wake_wanted = true;
    state_.unpause_soon(*transfer_);
  }
  [[nodiscard]] bool ends_with_connection() const override {
    return transfer_ != nullptr && transfer_->ends_with_connection();
  }
  void over() { transfer_ = nullptr; }

 private:
  State& state_;
  Transfer* transfer_;  // Null once it has ended.
};

Client::State::State(EventLoop& event_loop, const ClientOptions& client_options)
    : loop(event_loop),
      options(client_options),
      multi((start_libcurl_once(), curl_multi_init())),
      curl_timer(loop, [this] { socket_ready(CURL_SOCKET_TIMEOUT, 0); }),
      soon(loop, [this] { run_noted(); }) {
  CHECK(multi != nullptr);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &State::on_socket);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &State::on_timer);
  size_pool();
}

Client::State::~State() {
  CHECK(!inside);
  while (!to_drop.empty()) drop(*to_drop.back());
  CHECK(live.empty());
  idle.clear();
  // Closes the kept connections, and through on_socket() their Io objects.
  CHECK(curl_multi_cleanup(multi) == CURLM_OK);
}

std::unique_ptr<Fetch> Client::State::start(FetchRequest request, FetchEvents& events) {
  std::unique_ptr<Transfer> transfer;
  if (idle.empty()) {
    transfer = std::make_unique<Transfer>(loop, sockets, [this](Transfer& late) {
      to_fail.push_back(&late);
      soon.arm(std::chrono::microseconds(0));
    });
  } else {
    transfer = std::move(idle.back());
    idle.pop_back();
  }
  Transfer& started = *transfer;
  auto handle = std::make_unique<Handle>(*this, started);
  live.emplace(&started, Live{std::move(transfer), handle.get()});

  const std::uint32_t connections_max =
      request.connections_max != 0 ? request.connections_max : options.connections_per_origin_max;
  if (!started.prepare(std::move(request), events, options)) {
    to_fail.push_back(&started);
  } else {
    switch (places.ask(started, started.origin(), connections_max, options.line_max)) {
      case OriginPlaces::Answer::kTaken:
        started.take_place(options);
        to_add.push_back(&started);
        break;
      case OriginPlaces::Answer::kWaits:
        started.wait_in_line();
        admit(started.origin());
        break;
      case OriginPlaces::Answer::kFull:
        started.refuse_place();
        to_fail.push_back(&started);
        break;
    }
  }
  size_pool();
  soon.arm(std::chrono::microseconds(0));
  return handle;
}

// Those in line whose turn it is.
void Client::State::admit(const std::string& origin) {
  while (Transfer* next = places.next(origin)) {
    next->take_place(options);
    to_add.push_back(next);
    soon.arm(std::chrono::microseconds(0));
  }
}

void Client::State::cancel(Transfer& transfer) {
  transfer.forget();
  live.at(&transfer).handle = nullptr;
  if (inside) {
    to_drop.push_back(&transfer);
  } else {
    drop(transfer);
  }
}

void Client::State::unpause_soon(Transfer& transfer) {
  if (std::find(to_unpause.begin(), to_unpause.end(), &transfer) == to_unpause.end()) {
    to_unpause.push_back(&transfer);
  }
  soon.arm(std::chrono::microseconds(0));
}

void Client::State::socket_ready(curl_socket_t fd, int events) {
  int running = 0;
  inside = true;
  CHECK(curl_multi_socket_action(multi, fd, events, &running) == CURLM_OK);
  inside = false;
  settle();
}

// What waits for the loop: new, failed and resumed fetches.
void Client::State::run_noted() {
  for (Transfer* transfer : std::exchange(to_add, {})) {
    CHECK(curl_multi_add_handle(multi, transfer->easy()) == CURLM_OK);
    transfer->added = true;
  }
  // Entries are taken one by one, because an event may cancel the transfer that is next.
  for (std::size_t turns = to_unpause.size(); turns > 0 && !to_unpause.empty(); --turns) {
    Transfer& transfer = *to_unpause.front();
    to_unpause.erase(to_unpause.begin());
    if (!transfer.added) continue;
    inside = true;
    const CURLcode code = transfer.unpause();
    inside = false;
    if (code != CURLE_OK) finish(transfer, code);
  }
  settle();
}

void Client::State::settle() {
  for (;;) {
    int left = 0;
    if (CURLMsg* message = curl_multi_info_read(multi, &left); message != nullptr) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* transfer = nullptr;
      CHECK(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) == CURLE_OK);
      finish(*transfer, code);
    } else if (!to_drop.empty()) {
      drop(*to_drop.back());
    } else if (!to_fail.empty()) {
      finish(*to_fail.front(), CURLE_ABORTED_BY_CALLBACK);
    } else {
      return;
    }
  }
}

// Takes the transfer out of libcurl (which closes its connection if it was not complete) and out of
// every list.
void Client::State::drop(Transfer& transfer) {
  transfer.forget();
  if (transfer.added) CHECK(curl_multi_remove_handle(multi, transfer.easy()) == CURLM_OK);
  for (auto* list : {&to_add, &to_fail, &to_drop, &to_unpause}) std::erase(*list, &transfer);
  places.leave(transfer);
  admit(transfer.origin());
  auto entry = live.extract(&transfer);
  CHECK(!entry.empty());
  if (entry.mapped().handle != nullptr) entry.mapped().handle->over();
  // libcurl 7.88 keeps the buffer of a transfer that was removed before it had a connection, even
  // through a reset, and then refuses to set its size: such a handle is not used again.
  const bool is_reusable = transfer.was_sent();
  transfer.recycle();
  if (is_reusable && idle.size() < kIdleTransfersMax)
    idle.push_back(std::move(entry.mapped().transfer));
  size_pool();
}

void Client::State::finish(Transfer& transfer, CURLcode code) {
  if (transfer.wants_own_connection() && transfer.events() != nullptr) {
    CHECK(curl_multi_remove_handle(multi, transfer.easy()) == CURLM_OK);
    transfer.added = false;
    transfer.use_own_connection();
    to_add.push_back(&transfer);
    soon.arm(std::chrono::microseconds(0));
    return;
  }
  FetchEvents* events = transfer.events();
  base::Result<void> outcome = transfer.outcome(code);
  drop(transfer);
  if (events != nullptr) events->on_end(std::move(outcome));
}

// libcurl looks at its limit when a transfer ends, and counts the connections in use: those of the
// others that have a place then. 0 would mean no limit; see FORBID_REUSE for that case.
void Client::State::size_pool() {
  const std::size_t with_place = live.size() - places.waiting();
  const std::size_t others = with_place == 0 ? 0 : with_place - 1;
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                    std::max(1L, static_cast<long>(options.idle_connections_max + others)));
}

int Client::State::on_socket(CURL*, curl_socket_t fd, int what, void* self, void* io) {
  auto* state = static_cast<State*>(self);
  auto* watch = static_cast<Io*>(io);
  if (what == CURL_POLL_REMOVE) {
    delete watch;
    curl_multi_assign(state->multi, fd, nullptr);
    return 0;
  }
  if (watch == nullptr) {
    watch = new Io(state->loop, fd, [state, fd](bool readable, bool writable) {
      state->socket_ready(fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
    });
    curl_multi_assign(state->multi, fd, watch);
  }
  watch->want((what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
  return 0;
}

int Client::State::on_timer(CURLM*, long timeout_ms, void* self) {
  auto* state = static_cast<State*>(self);
  if (timeout_ms < 0) {
    state->curl_timer.disarm();
  } else {
    state->curl_timer.arm(std::chrono::milliseconds(timeout_ms));
  }
  return 0;
}

Client::Client(EventLoop& loop, const ClientOptions& options)
    : state_(std::make_unique<State>(loop, options)) {}

Client::~Client() = default;

std::unique_ptr<Fetch> Client::start(FetchRequest request, FetchEvents& events) {
  return state_->start(std::move(request), events);
}

std::size_t Client::in_flight() const { return state_->live.size(); }

}  // namespace http
