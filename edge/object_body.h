// ObjectBody: a byte range of a cached object as a pulled body: from memory where it is, else from
// disk, else by a range fill, with read-ahead for sequential readers.
//
//   pull() ─► the chunk at the position ─► memory: a slice of one of its blocks
//                                        ─► growing: wait for its fill's next bytes
//                                        ─► not there: Store::chunk() (disk, then origin)
//
// Pins       A stalled client must not keep chunks from being evicted, so a body that has not been
//            pulled between two sweeps (the worker's timer, every second) lets go of its chunk and
//            finds it again later. What its connection holds is one batch.
// Read-ahead Once a reader goes from one chunk to the next, chunks ahead are asked for before it
//            needs them, `read_ahead_chunks` at a time, from disk or from the origin.
// Failure    A chunk that fails is asked for again kChunkTriesMax times; then pull() says kFailed.
// Threads    All on the worker's loop. `wake` runs from the loop, never inside a call.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "cache/store.h"
#include "edge/target.h"
#include "edge/worker.h"
#include "http/body.h"

namespace edge {

inline constexpr int kChunkTriesMax = 3;

class ObjectBody final : public http::BodySource {
 public:
  // The bytes from `first` up to and with `last`; none: to the object's end. kFetchedNow: the
  // object was opened at the origin for this request, so bytes found in memory came from there.
  enum class Opened : std::uint8_t { kFound, kFetchedNow };
  ObjectBody(Worker& worker, base::Ref<const cache::Object> object, base::Ref<const Target> target,
             std::uint64_t first, std::optional<std::uint64_t> last, Opened opened,
             std::function<void()> wake);
  ObjectBody(const ObjectBody&) = delete;
  ObjectBody& operator=(const ObjectBody&) = delete;
  ~ObjectBody() override;

  // Finds the first chunk, so that the head can say where it came from, and so that an origin that
  // is down can still be answered with a status. True: ready (source() tells). False: `wake` runs
  // when to call again; failure() tells when there is nothing to wait for.
  bool prepare();
  [[nodiscard]] const std::optional<base::Error>& failure() const { return failure_; }
  [[nodiscard]] cache::Source first_source() const { return first_source_; }
  [[nodiscard]] bool first_collapsed() const { return first_collapsed_; }

  http::Pulled pull(std::size_t max) override;

  // Let go of the chunk if nothing was pulled since the last sweep.
  void sweep();

 private:
  [[nodiscard]] bool at_end() const;
  // Makes chunk_ the one that holds the position, readable there. False: pending, or failed
  // (failure_).
  bool find_chunk();
  void ask(std::uint32_t index);
  void arrived(std::uint32_t index, base::Result<cache::ChunkOpened> result);
  void read_ahead(std::uint32_t index);
  [[nodiscard]] cache::ChunkAsk ask_for(std::uint32_t index, std::uint32_t offset,
                                        std::uint32_t length, std::uint32_t ahead) const;

  Worker& worker_;
  const base::Ref<const cache::Object> object_;
  const base::Ref<const Target> target_;
  std::uint64_t position_;
  std::optional<std::uint64_t> last_;
  const Opened opened_;
  std::function<void()> wake_;

  base::Ref<cache::Chunk> chunk_;
  std::uint32_t chunk_index_ = 0;
  cache::Source chunk_source_ = cache::Source::kMemory;
  std::unique_ptr<cache::Store::Pending> asking_;
  std::unique_ptr<cache::Chunk::Wait> waiting_;
  int failures_ = 0;
  std::optional<base::Error> failure_;

  cache::Source first_source_ = cache::Source::kMemory;
  bool first_collapsed_ = false;
  bool is_first_ = true;

  std::uint32_t chunks_begun_ = 0;
  std::uint32_t ahead_until_ = 0;  // Chunks before this index have been asked for.
  std::unique_ptr<cache::Store::Pending> reading_ahead_;

  bool pulled_since_sweep_ = true;
  std::list<ObjectBody*>::iterator registered_;
};

}  // namespace edge
