// FillTable: at most one origin request for an object's head, and one for each of its chunks,
// however many ask. It finds the fill that a caller can join, or begins one.
//
// One table per fill thread; the keys are sharded over them, so that all that concerns one object
// happens on one thread, in order, without locks. The event loops talk to it by message.
//
// Collapsing  By key while a fill asks (nobody knows the object yet); by version and chunk number
//             once there is an object. A caller who was sent to ask again (his variant is another
//             one, the flow ended before his chunk) does so at most kAttemptsMax times.
// Errors      kOverloaded at StoreOptions::fills_max and followers_max.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cache/fill.h"
#include "cache/fill_context.h"
#include "cache/selection.h"
#include "cache/unread_chunks.h"

namespace cache {

class FillTable {
 public:
  explicit FillTable(const FillContext& context);
  FillTable(const FillTable&) = delete;
  FillTable& operator=(const FillTable&) = delete;
  ~FillTable();

  void open(Opening opening);
  void want(ChunkWant want);
  void close();  // Everyone is told kAborted, now and from now on.

  // Whether a fill that has found nothing out yet asks for the key text, in whatever variant.
  [[nodiscard]] bool is_asking(std::string_view key_text) const;

  // For the fills.
  void open_again(Opening opening);
  void want_again(ChunkWant want);
  void stopped_asking(const Fill& fill);
  void stopped_bringing(Fill& fill);
  void began_cutting(Fill& fill, const Version& version);
  void ended(Fill& fill);
  Fill* find(std::uint64_t id);
  void keep_unread(UnreadBody body) { unread_.add(std::move(body)); }
  void run_later(std::chrono::milliseconds delay, std::uint64_t fill_id);

  // Under this key lies the mark that ranges of `text` are not worth asking for: see on_useless().
  [[nodiscard]] std::string range_mark_text(std::string_view text) const;

 private:
  void begin_opening(Opening opening, const Selection& at, base::Ref<const Object> stale,
                     std::uint64_t purge_sequence);
  void begin_chunks(ChunkWant want);
  base::Result<Fill*> begin(Fill::Purpose purpose);
  [[nodiscard]] bool serves(const Lookup& lookup, const Opening& opening) const;
  [[nodiscard]] Fill* bringing(const Version& version, std::uint32_t index) const;
  [[nodiscard]] base::Ref<Chunk> chunk_here(const Object& object, std::uint32_t index,
                                            std::uint32_t offset) const;
  [[nodiscard]] bool outdated(const Object& object) const;
  void answer(const Opening& opening, const Lookup& lookup);

  const FillContext& context_;
  bool closed_ = false;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<Fill>> fills_;
  std::unordered_map<Key, Fill*> asking_;           // Openings join here.
  std::map<Version, std::vector<Fill*>> bringing_;  // Chunks of known objects.
  UnreadChunks unread_{context_};
};

}  // namespace cache
