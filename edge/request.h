// Request: one client's request on its way through the edge. It chooses; what to keep is decided in
// cache/, how it travels in http/.
//
//   state        what it waits for                     goes to
//   kStarting    nothing: start() routes it            any
//   kLookingUp   the disk tier's answer                kPreparing, kOpening, kPassing
//   kOpening     the origin's head (fill, revalidate)  kPreparing, kSending, kPassing, kRefused
//   kPreparing   the first chunk of a stored body      kSending, kRefused
//   kPassing     the origin's head (pass-through)      kSending, kRefused
//   kSending     the client taking the body            (the session ends it)
//   kRefused     the same, of an error's document      (the session ends it)
//
// An answer that is not for everyone (cache::Access, or the field itself where nothing is stored) is
// given to nobody who has not shown a media token: found() asks before anything is done for him,
// serve(), serve_private() and passed() before anything is given (request_access.cc).
//
// A hit in memory goes kStarting → kPreparing → kSending inside start().
//
// Threads    All on the worker's loop. Ownership: http/exchange.h; every pending operation is a
//            member, so destroying the Request cancels them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cache/store.h"
#include "edge/cache_status.h"
#include "edge/object_body.h"
#include "edge/pass.h"
#include "edge/response_head.h"
#include "edge/selection.h"
#include "edge/worker.h"
#include "http/exchange.h"
#include "http/media_token.h"
#include "http/multipart.h"

namespace edge {

class Request final : public http::Responder {
 public:
  Request(Worker& worker, http::Exchange& exchange);

  void start() override;
  http::Pulled pull(std::size_t max) override;
  void request_body_ready() override;
  void finished(const http::Outcome& outcome) override;

 private:
  enum class State : std::uint8_t {
    kStarting,
    kLookingUp,
    kOpening,
    kPreparing,
    kPassing,
    kSending,
    kRefused,
  };

  // kStarting
  bool route();       // False: answered already.
  bool take_token();  // The same.
  void answer_preflight();
  void look_up();
  // kLookingUp
  void found(cache::Lookup lookup);
  // kOpening
  void open(base::Ref<const cache::Object> stale);
  void opened(base::Result<cache::Opened> result);
  void serve_private(cache::Opened opened);
  bool serve_stale_on_error(std::optional<int> origin_status);
  // kPreparing
  void serve(base::Ref<const cache::Object> object, ObjectBody::Opened opened);
  void prepare_body();
  void send_stored();
  // kPassing
  void pass(Forward why);
  void passed(int status, base::Fields fields);
  void send_passed(int status, base::Fields fields);
  void invalidate_then_send(int status, base::Fields fields);

  // Any state. False: refused already.
  bool admits(cache::Access access);
  void refuse_access(std::optional<http::TokenFault> fault);  // None: there was no token.

  void respond(http::ResponseHead head, std::optional<std::uint64_t> length);
  void refuse(int status, std::string_view detail, const base::Fields& more = {});
  void refuse(const base::Error& error);
  void wake();

  [[nodiscard]] HeadContext head_context() const;
  [[nodiscard]] std::string request_id() const;
  [[nodiscard]] base::Ref<const Target> target(Forwarding forwarding);
  [[nodiscard]] cache::Ask ask();
  // Without a token; as the site's query rules leave it.
  [[nodiscard]] std::string_view asked() const;
  [[nodiscard]] std::string_view normalised() const;
  [[nodiscard]] bool is_head() const { return exchange_.request().method == "HEAD"; }

  Worker& worker_;
  http::Exchange& exchange_;
  const std::shared_ptr<const Revision> revision_;
  State state_ = State::kStarting;
  std::uint64_t serial_;

  std::shared_ptr<const Site> site_;
  RequestFacts facts_;
  bool has_token_ = false;  // One that was found good for this path.
  std::string asked_;       // What asked() is, when that is not the request's own target.
  std::string target_;      // What normalised() is, when that is not asked().
  base::Ref<const Target> fill_target_;
  CacheStatus status_;

  base::Ref<const cache::Object> object_;  // Being served.
  base::Ref<const cache::Object> stale_;   // To fall back on.
  bool soft_purged_ = false;               // `object_` as it was found.
  bool may_serve_stale_on_error_ = false;
  int lookups_ = 0;
  Selection selection_;
  std::optional<http::Multipart> parts_;  // With several ranges.

  std::unique_ptr<cache::Store::Pending> pending_;
  ObjectBody* object_body_ = nullptr;  // `body_`, while it is one that needs preparing.
  Pass* pass_ = nullptr;               // `body_`, while passing.
  std::unique_ptr<http::BodySource> body_;
  std::unique_ptr<http::BodySource> failed_body_;  // Replaced by a refusal, perhaps still on the
                                                   // stack.

  // Invalidations under way call back only while this lives.
  std::shared_ptr<int> alive_;

  int response_status_ = 0;
  std::string error_;  // Of a refusal, with what only the operator may see.
  base::MonoTime responded_{};
};

}  // namespace edge
