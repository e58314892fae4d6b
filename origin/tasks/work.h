// Work: what tasks are for: a probe becomes a plan, a plan becomes tasks, their outputs become
// renditions, and complete renditions are published. docs/platform.md, docs/worker-protocol.md.
//
// What is true follows from outputs that exist; nobody's report makes it so.
//
// Threads    All calls from any thread that may block.
// Errors     Those of Queue, Database and ObjectWriter; kInvalid: not what the task was to leave.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "origin/database/database.h"
#include "origin/object_writer.h"
#include "origin/tasks/output.h"
#include "origin/tasks/queue.h"
#include "origin/videos/plan.h"
#include "origin/videos/publisher.h"

namespace origin {

struct Output {
  std::string key;  // "720p/0/seg/3"
  std::string bytes;
};

class Work {
 public:
  Work(Database& database, Queue& queue, ObjectWriter& objects, Publisher& publisher,
       const base::Clock& clock, Ladder ladder)
      : database_(database),
        queue_(queue),
        objects_(objects),
        publisher_(publisher),
        clock_(clock),
        ladder_(std::move(ladder)) {}

  // Stores an output of the leased task. kInvalid: it is not what the task was to leave (output.h), or
  // an init segment that differs from the other units'; nothing of it is left.
  enum class Stored { kNew, kThereAlready };
  base::Result<Stored> store(const Lease& task, const Output& output);

  // The missing keys, or none: it is done, and the video is published when that completed a rendition.
  // Of a probe, kInvalid: a verdict on the file (plan.h); kProtocol: the result is none that a sound worker
  // gives (probe_result.h).
  base::Result<std::vector<std::string>> complete(const Lease& task, const nlohmann::json& result);
  base::Result<void> fail(const Lease& task, std::string_view reason, Queue::Verdict verdict);
  // kBusy: the original is gone (originals.h).
  base::Result<void> retry(std::int64_t task);
  // Tasks whose leases have expired wait again, or are parked.
  base::Result<void> take_back_lost();

 private:
  base::Result<std::string> describe(const Lease& task, const PlannedOutput& planned,
                                     std::string_view bytes);
  base::Result<void> remove_if_gone(const std::string& video);
  // But for a task that the video can do without (images): it is parked, and that is all.
  [[nodiscard]] Queue::AndThen video_fails() const;

  Database& database_;
  Queue& queue_;
  ObjectWriter& objects_;
  Publisher& publisher_;
  const base::Clock& clock_;
  const Ladder ladder_;
  // From an init segment's object to its row: one that is refused is removed, and no other store() is
  // to count on it meanwhile.
  base::Mutex storing_init_;
};

}  // namespace origin
