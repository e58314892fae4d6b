// MediaEndpoint: answers requests for media objects from an ObjectStore.
//
//   loop         start(): method
//   reader       name and access (media_access.h), open the object, plan the answer (media_plan.h), read the first piece
//   loop         respond(), and give pieces as they are pulled
//   reader       read the next piece while the last one is on its way out
//
// At most two pieces of an exchange are held, so a client that stops reading stops the disk. An
// object that changes or is cut while it is served ends the exchange short, so that the client can
// tell: it never gets a mixture.
//
// Ownership  The store, the clock and the metrics outlive the endpoint, which outlives its
//            exchanges and goes when the loops have stopped: its readers are joined with it.
// Threads    respond() and the responders on their exchange's loop.
#pragma once

#include <cstddef>
#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/worker_pool.h"
#include "http/exchange.h"
#include "origin/media_access.h"
#include "origin/media_plan.h"
#include "origin/object_store.h"
#include "origin/piece_pool.h"

namespace origin {

class MediaEndpoint {
 public:
  MediaEndpoint(const ObjectStore& store, std::size_t reader_threads, MediaRules rules,
                const base::Clock& clock, base::Metrics& metrics,
                MediaAccess access = MediaAccess());
  MediaEndpoint(const MediaEndpoint&) = delete;
  MediaEndpoint& operator=(const MediaEndpoint&) = delete;

  std::unique_ptr<http::Responder> respond(http::Exchange& exchange);  // An http::Handler.

 private:
  class Answer;

  void count(int status);
  // On a reader thread. `range` fits a piece.
  base::Result<base::Slice> read(StoredObject& object, http::ByteRange range);

  const ObjectStore& store_;
  const MediaRules rules_;
  const base::Clock& clock_;
  const MediaAccess access_;
  PiecePool pieces_;

  base::Counter& requests_2xx_;
  base::Counter& requests_304_;
  base::Counter& requests_4xx_;
  base::Counter& requests_5xx_;
  base::Counter& bytes_sent_;
  base::Counter& cut_;
  base::Histogram& read_seconds_;

  base::WorkerPool readers_;  // Last: its jobs use the rest.
};

}  // namespace origin
