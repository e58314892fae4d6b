#include "origin/media_endpoint.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "http/event_loop.h"

namespace origin {
namespace {

constexpr const char* kRequestsHelp =
    "Requests for media objects by status. 4xx in numbers means links to what is gone, 5xx a disk "
    "in trouble.";

// For the log.
std::string path_of(std::string_view target) {
  return http::hide_media_tokens(target.substr(0, target.find('?')));
}

// What of a body is still to come, front first.
class Remaining {
 public:
  Remaining() = default;
  explicit Remaining(std::vector<MediaPart> parts)
      : parts_(std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end())) {}

  [[nodiscard]] bool empty() const { return parts_.empty(); }
  // The next part is to be read.
  [[nodiscard]] bool reads_next() const { return !parts_.empty() && parts_.front().range; }
  [[nodiscard]] bool reads_more() const {
    return std::ranges::any_of(parts_,
                               [](const MediaPart& part) { return part.range.has_value(); });
  }
  // Moves the texts in front of the next range.
  void take_texts(std::deque<base::Slice>& to) {
    while (!parts_.empty() && !parts_.front().range) {
      to.push_back(base::Slice::of(std::move(parts_.front().text)));
      parts_.pop_front();
    }
  }
  http::ByteRange take_piece() {
    CHECK(reads_next());
    http::ByteRange& range = *parts_.front().range;
    const std::uint64_t size = std::min<std::uint64_t>(range.length(), PiecePool::kPieceSize);
    const http::ByteRange piece{range.first, range.first + size - 1};
    if (size == range.length()) {
      parts_.pop_front();
    } else {
      range.first += size;
    }
    return piece;
  }

 private:
  std::deque<MediaPart> parts_;
};

// What a reader brings back.
struct Piece {
  base::Result<base::Slice> bytes;
  std::unique_ptr<StoredObject> object;  // Null when nothing more is to be read.
};

struct Opened {
  http::ResponseHead head;
  std::optional<std::uint64_t> length;
  Remaining remaining;
  std::deque<base::Slice> ready;
  std::optional<Piece> first;
};

}  // namespace

// One exchange. `link_` tells readers' messages whether it is still there; only the loop looks
// through it, readers just see that it is gone and spare themselves the work.
class MediaEndpoint::Answer final : public http::Responder {
 public:
  Answer(MediaEndpoint& endpoint, http::Exchange& exchange)
      : endpoint_(endpoint), exchange_(exchange), link_(std::make_shared<Answer*>(this)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() override {
    // Closing a file can wait for a disk as opening it can.
    if (object_ != nullptr) endpoint_.readers_.post([object = std::move(object_)] {});
  }

  void start() override {
    const http::RequestHead& request = exchange_.request();
    const MediaRules& rules = endpoint_.rules_;
    if (!is_media_method(request.method)) {
      return respond_without_reading(
          plan_problem(request, 405, "media objects can only be read", rules));
    }
    if (request.method == "OPTIONS") return respond_without_reading(plan_preflight(rules));
    run_on_reader([&endpoint = endpoint_, request,
                   address = exchange_.peer().address] { return open(endpoint, request, address); },
                  &Answer::on_opened);
  }

  http::Pulled pull(std::size_t max) override {
    if (ready_.empty()) advance();
    if (ready_.empty()) {
      if (failed_) return http::Pulled::failed();
      if (!reading_) return http::Pulled::end();
      waiting_ = true;
      return http::Pulled::pending();
    }
    base::Slice& front = ready_.front();
    base::Slice piece = front.sub(0, std::min(max, front.size()));
    front.remove_prefix(piece.size());
    if (front.empty()) {
      ready_.pop_front();
      advance();
    }
    return http::Pulled::some(std::move(piece));
  }

  void finished(const http::Outcome& outcome) override {
    endpoint_.bytes_sent_.add(outcome.body_bytes_sent);
    link_.reset();
  }

 private:
  // One on its way to the socket, one read ahead.
  static constexpr std::size_t kPiecesMax = 2;

  template <class Work, class Result>
  void run_on_reader(Work work, void (Answer::*deliver)(Result)) {
    reading_ = true;
    endpoint_.readers_.post([&endpoint = endpoint_, link = std::weak_ptr(link_),
                             &loop = exchange_.loop(), work = std::move(work), deliver]() mutable {
      if (link.expired()) return;
      loop.post([&endpoint, link, result = work(), deliver]() mutable {
        const auto answer = link.lock();
        // The client left meanwhile, and the file is not to be closed here.
        if (answer == nullptr) return endpoint.readers_.post([result = std::move(result)] {});
        (*answer)->reading_ = false;
        ((*answer)->*deliver)(std::move(result));
      });
    });
  }

  // On a reader: all of a request that waits for the disk, in one visit.
  static Opened open(MediaEndpoint& endpoint, const http::RequestHead& request,
                     const std::string& address) {
    const auto grant = endpoint.access_.grant(request, address, endpoint.clock_.wall());
    auto object = grant ? endpoint.store_.open(grant->name) : std::unexpected(grant.error());
    if (!object && object.error().blame != base::Blame::kClient &&
        object.error().code != base::ErrorCode::kNotFound) {
      base::log_error("origin.open_failed",
                      {{"object", path_of(request.target)}, {"reason", object.error().context}});
    }
    MediaPlan plan = object ? plan_object(request, grant->name, (*object)->info(), endpoint.rules_,
                                          endpoint.clock_.wall())
                            : plan_error(request, object.error(), endpoint.rules_);
    if (grant) apply_terms(*grant, plan.head.own);
    Opened opened{std::move(plan.head), plan.length, Remaining(std::move(plan.parts)), {}, {}};
    opened.remaining.take_texts(opened.ready);
    if (opened.remaining.reads_next()) {
      const http::ByteRange range = opened.remaining.take_piece();
      opened.first = read_piece(endpoint, std::move(*object), range, opened.remaining.reads_more());
    }
    return opened;
  }

  static Piece read_piece(MediaEndpoint& endpoint, std::unique_ptr<StoredObject> object,
                          http::ByteRange range, bool more_follows) {
    auto bytes = endpoint.read(*object, range);
    if (!bytes || !more_follows) object.reset();  // Here rather than on the loop.
    return {std::move(bytes), std::move(object)};
  }

  void respond_without_reading(MediaPlan plan) {
    remaining_ = Remaining(std::move(plan.parts));
    respond(std::move(plan.head), plan.length);
  }

  void respond(http::ResponseHead head, std::optional<std::uint64_t> length) {
    endpoint_.count(head.status);
    exchange_.respond(std::move(head), length);
  }

  void on_opened(Opened opened) {
    remaining_ = std::move(opened.remaining);
    ready_ = std::move(opened.ready);
    if (opened.first) take(std::move(*opened.first));
    if (std::exchange(failed_, false)) {
      // Not a byte is out: an honest error instead of a cut body.
      ready_.clear();
      const base::Error error{base::ErrorCode::kIo, "the object can't be read"};
      return respond_without_reading(plan_error(exchange_.request(), error, endpoint_.rules_));
    }
    advance();
    respond(std::move(opened.head), opened.length);
  }

  void on_piece(Piece piece) {
    take(std::move(piece));
    advance();
    if (std::exchange(waiting_, false)) exchange_.wake();
  }

  void take(Piece piece) {
    object_ = std::move(piece.object);
    if (piece.bytes) {
      ready_.push_back(std::move(*piece.bytes));
      return;
    }
    failed_ = true;
    endpoint_.cut_.add();
    base::log_warning("origin.object_cut", {{"path", path_of(exchange_.request().target)},
                                            {"reason", piece.bytes.error().context}});
  }

  // Takes what needs no reading, and reads ahead.
  void advance() {
    if (reading_ || failed_) return;
    remaining_.take_texts(ready_);
    if (!remaining_.reads_next() || ready_.size() >= kPiecesMax) return;
    const http::ByteRange range = remaining_.take_piece();
    run_on_reader(
        [&endpoint = endpoint_, object = std::move(object_), range,
         more_follows = remaining_.reads_more()]() mutable {
          return read_piece(endpoint, std::move(object), range, more_follows);
        },
        &Answer::on_piece);
  }

  MediaEndpoint& endpoint_;
  http::Exchange& exchange_;
  std::shared_ptr<Answer*> link_;  // Null once the exchange has ended.

  Remaining remaining_;
  std::deque<base::Slice> ready_;
  std::unique_ptr<StoredObject> object_;  // Null while a reader has it.
  bool reading_ = false;
  bool failed_ = false;   // After what is ready.
  bool waiting_ = false;  // The session was told kPending.
};

MediaEndpoint::MediaEndpoint(const ObjectStore& store, std::size_t reader_threads, MediaRules rules,
                             const base::Clock& clock, base::Metrics& metrics, MediaAccess access)
    : store_(store),
      rules_(std::move(rules)),
      clock_(clock),
      access_(std::move(access)),
      requests_2xx_(
          metrics.counter("headrace_origin_requests_total", kRequestsHelp, {{"status", "2xx"}})),
      requests_304_(
          metrics.counter("headrace_origin_requests_total", kRequestsHelp, {{"status", "304"}})),
      requests_4xx_(
          metrics.counter("headrace_origin_requests_total", kRequestsHelp, {{"status", "4xx"}})),
      requests_5xx_(
          metrics.counter("headrace_origin_requests_total", kRequestsHelp, {{"status", "5xx"}})),
      bytes_sent_(metrics.counter("headrace_origin_body_bytes_sent_total",
                                  "Bytes of bodies sent. Much more than the edges store means that "
                                  "they fetch the same things again.")),
      cut_(metrics.counter("headrace_origin_objects_cut_total",
                           "Exchanges ended short because the object could not be read to its "
                           "end. Any means a failing disk or files rewritten in place.")),
      read_seconds_(metrics.histogram("headrace_origin_read_seconds",
                                      "Time to read one piece. A growing tail means that the disk "
                                      "does not keep up.",
                                      {0.0001, 0.001, 0.01, 0.05, 0.1, 0.5, 1, 5})),
      readers_("reader", reader_threads) {}

std::unique_ptr<http::Responder> MediaEndpoint::respond(http::Exchange& exchange) {
  return std::make_unique<Answer>(*this, exchange);
}

void MediaEndpoint::count(int status) {
  base::Counter& counter = status == 304  ? requests_304_
                           : status < 400 ? requests_2xx_
                           : status < 500 ? requests_4xx_
                                          : requests_5xx_;
  counter.add();
}

base::Result<base::Slice> MediaEndpoint::read(StoredObject& object, http::ByteRange range) {
  const auto size = static_cast<std::size_t>(range.length());
  CHECK(size <= PiecePool::kPieceSize);
  const base::Ref<PiecePool::Piece> piece = pieces_.take();
  const base::MonoTime before = clock_.mono();
  const auto done = object.read(range.first, std::span(piece->data(), size));
  read_seconds_.observe(std::chrono::duration<double>(clock_.mono() - before).count());
  if (!done) return std::unexpected(done.error());
  return base::Slice(piece->data(), size, piece);
}

}  // namespace origin
