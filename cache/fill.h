// Fill: one origin request, from the moment it is sent until its last byte is stored or passed on.
//
// It belongs to the FillTable, not to a client: callers queue in it, leave it, and it goes on.
//
//   state      what it is                          who waits in it, and what they are told
//   1 kAsking  request sent, no head yet           openings (callers of open()) and wants (callers
//                                                  of chunk()). Nobody is told anything before the
//                                                  head proves storable.
//   2 kCutting judged storable: the bytes become   wants, for chunks that this flow will reach;
//              chunks (chunk_cutter.h)             each is told when its chunk comes into being
//   3 kPassing not storable: the bytes go to the   nobody: the first opening got the pipe, the
//              one who got the pipe (body_pipe.h)  others were sent to fetch for themselves
//   4 kOver    nothing happens any more            the table destroys it from a task of its own
//
//   1 → 2 storable head · 1 → 3 unstorable head · 1 → 4 a 304, an error, nobody left to pass to
//   2 → 4 complete, enough, or failed · 3 → 4 ended, or its reader left
//
// Threads    The fill thread's. Callers are told through their Reply, on their own executors.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fields.h"
#include "base/ref.h"
#include "base/result.h"
#include "cache/admission.h"
#include "cache/answer.h"
#include "cache/body_pipe.h"
#include "cache/chunk_cutter.h"
#include "cache/fill_context.h"
#include "cache/origin.h"
#include "cache/reply.h"
#include "cache/store.h"

namespace cache {

class FillTable;

// A caller of Store::open().
struct Opening {
  Ask ask;
  base::Ref<const Object> stale;                 // What he holds, if anything.
  base::Ref<Reply<base::Result<Opened>>> reply;  // Null: a revalidation in the background.
  int attempts = 0;                              // How often he was sent to ask again.
  bool waited = false;                           // Behind a request that another caller began.

  [[nodiscard]] bool wanted() const { return reply && reply->wanted(); }
};

// A caller of Store::chunk().
struct ChunkWant {
  ChunkAsk ask;
  base::Ref<Reply<base::Result<ChunkOpened>>> reply;
  int attempts = 0;
  bool waited = false;
};

class Fill final : public OriginEvents {
 public:
  enum class State : std::uint8_t { kAsking, kCutting, kPassing, kOver };

  // What a fill is for. `known`: the object that is revalidated or that lacks chunks; null for an
  // unknown one.
  struct Purpose {
    Question question;
    Key key;           // Under which openings join while it asks.
    std::string text;  // Of that key.
    base::Ref<const OriginTarget> target;
    base::Fields request;
    std::shared_ptr<const CachePolicy> policy;
    std::string key_text;  // Without a variant.
    base::Ref<VaryRule> rule;
    base::Ref<const Object> known;
    std::uint64_t purge_sequence = 0;  // Drawn before `known` was checked against the purges.
  };

  Fill(FillTable& table, const FillContext& context, std::uint64_t id, Purpose purpose);
  Fill(const Fill&) = delete;
  Fill& operator=(const Fill&) = delete;
  ~Fill() override;

  void start();
  void cancel();  // The store closes: everyone is told kAborted.

  // kOverloaded: too many wait already.
  base::Result<void> join(Opening opening);
  base::Result<void> join(ChunkWant want);

  // Whether the chunk will come into being in this flow, soon enough to wait for it.
  [[nodiscard]] bool will_bring(std::uint32_t index) const;
  // A chunk that this fill keeps until its body is complete; null: none such.
  [[nodiscard]] base::Ref<Chunk> held(std::uint32_t index) const;

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Key& key() const { return purpose_.key; }
  [[nodiscard]] const std::string& key_text() const { return purpose_.key_text; }
  [[nodiscard]] std::uint64_t purge_sequence() const { return purpose_.purge_sequence; }
  // The versions whose chunks it brings or was to bring: two when the object turned out changed.
  [[nodiscard]] std::vector<Version> versions() const;
  // Its object is only this one response: it can be neither asked for again in part nor revalidated
  // before it ends.
  [[nodiscard]] bool must_complete() const { return cutter_ && cutter_->must_complete(); }

  void pull();  // Tries again to place the bytes that found no room.
  void pipe_has_room();
  void pipe_left();

 private:
  void on_head(int status, base::Fields fields) override;
  bool on_body(std::string_view bytes) override;
  void on_end(base::Result<void> outcome) override;

  // One for each meaning of a head.
  void on_whole(int status, const base::Fields& fields, std::optional<std::uint64_t> size);
  void on_part(const base::Fields& fields, const Answer& answer);
  void on_not_modified(const base::Fields& fields);
  void on_changed();
  void on_useless(const Admission& admission);
  [[nodiscard]] bool is_newly_guarded(const base::Fields& fields) const;

  void admit_object(int status, const base::Fields& fields, std::optional<std::uint64_t> size,
                    const ChunkCutter::Flow& flow);
  void publish(const Admission& admission);
  void cut(base::Ref<Object> object, const ChunkCutter::Flow& flow,
           base::ByteBudget::Share held = {});
  void pass(int status, const base::Fields& fields, const Admission& admission);
  void refuse_stale(int status, const base::Fields& fields);
  void give_pipe(Opening& opening, int status, const base::Fields& fields, StoreVerdict verdict);
  void release_openings(int status, StoreVerdict verdict);
  void mark_as_passed(const Key& key, const std::string& text);
  void keep(const base::Ref<Object>& object);

  void place(std::string_view bytes);
  void wait_for_room(ChunkCutter::Taken why);
  void body_ended();
  void give_chunk(const base::Ref<Chunk>& chunk);
  void complete(base::Counter& result);
  void fail(const base::Error& error);
  void end();
  void recount();
  [[nodiscard]] Arrival arrival(int status, const base::Fields& fields,
                                std::optional<std::uint64_t> size) const;
  [[nodiscard]] bool crowded() const;
  [[nodiscard]] Opened opened_as(Opened::Kind kind, const Opening& opening, int status) const;

  FillTable& table_;
  const FillContext& context_;
  const std::uint64_t id_;
  Purpose purpose_;
  State state_ = State::kAsking;

  std::unique_ptr<OriginFetch> fetch_;
  base::WallTime sent_;
  base::WallTime received_;
  int origin_status_ = 0;  // As it answered: 206 for a part of an object.
  bool asked_again_ = false;

  std::vector<Opening> openings_;  // Oldest first.
  std::vector<ChunkWant> wants_;
  std::uint64_t counted_ = 0;  // Of both, as the counters know it.

  std::unique_ptr<ChunkCutter> cutter_;
  std::unique_ptr<PrivateBody> body_;

  // Bytes that the cutter found no room for. While `blocked_`, the fetch is paused at its next
  // piece, and its end waits too.
  bool blocked_ = false;
  bool paused_ = false;
  int tries_ = 0;
  std::string unplaced_;
  std::optional<base::Result<void>> outcome_;
};

// A failure that is the origin's.
base::Error origin_error(base::ErrorCode code, std::string context);

}  // namespace cache
