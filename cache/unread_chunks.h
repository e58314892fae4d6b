// UnreadChunks: chunks of bodies that came faster than they are read, for who reads them now.
//
// A body without a strong validator can't be asked for in part. When its fill has ended its chunks
// may leave memory, and the disk may have had no room for them: its reader, who was promised all of
// it, would be cut. So what the foremost reader has not left behind yet is held here, in the budget
// that bounds all such bodies, until he has, or nobody reads it any more. A fill that passes its
// bytes on instead of keeping them is what others get meanwhile.
//
// Threads    The fill thread's.
#pragma once

#include <list>
#include <vector>

#include "base/byte_budget.h"
#include "base/ref.h"
#include "cache/chunk.h"
#include "cache/fill_context.h"
#include "cache/record.h"

namespace cache {

struct UnreadBody {
  base::Ref<Object> object;  // Set once the fill has ended: before, its reference is the only one.
  std::vector<base::Ref<Chunk>> chunks;  // Null: left behind.
  base::ByteBudget::Share share;

  // Lets go of what the foremost reader has left behind. True: something is left.
  bool trim(const Object& of);
};

class UnreadChunks {
 public:
  explicit UnreadChunks(const FillContext& context) : context_(context) {}
  UnreadChunks(const UnreadChunks&) = delete;
  UnreadChunks& operator=(const UnreadChunks&) = delete;

  void add(UnreadBody body);
  // Of the bodies held here; it may have left the memory tier's table. Null: none such.
  [[nodiscard]] base::Ref<Chunk> find(const ChunkKey& key) const;

 private:
  void look_again();
  [[nodiscard]] bool has_readers(const Object& object) const;

  const FillContext& context_;
  std::list<UnreadBody> bodies_;
  bool will_look_ = false;
};

}  // namespace cache
