// Platform: the services behind /api, put together: uploads, catalogue, queue. docs/platform.md.
//
// Ownership  Clock and metrics outlive it; it outlives its exchanges and goes before the loops, in two
//            steps: what its threads had posted to loops uses its services.
//              1 the loops have stopped, and the exchanges are gone
//              2 close()
//              3 EventLoop::drop_tasks() on each loop
//              4 it is destroyed
// Threads    respond() on an exchange's loop. It has API threads and a thread of its own for what
//            comes round (lost leases, chunks that nobody uses).
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/exchange.h"
#include "origin/api/tokens.h"
#include "origin/config.h"
#include "origin/media_access.h"
#include "origin/media_signer.h"

namespace origin {

class Platform {
 public:
  static base::Result<std::unique_ptr<Platform>> open(const OriginConfig& config,
                                                      const base::Clock& clock,
                                                      base::Metrics& metrics);
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;
  ~Platform();

  std::unique_ptr<http::Responder> respond(http::Exchange& exchange);  // Not after close().
  // Ends the API threads, once they have done what was asked of them.
  void close();
  // Who may have which of the videos' objects. Not to be used longer than this.
  [[nodiscard]] MediaAccess media_access() const;

 private:
  struct State;
  explicit Platform(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Where the objects lie when the platform is on and media.root is not given.
std::string objects_directory(const DataConfig& data);
// The key of media tokens, for `headrace-origin media-key` too; made if there is none yet.
base::Result<MediaSigner> open_media_signer(const OriginConfig& config);
// The database of these services, for `headrace-origin token`. `connections`: as many threads can use
// it without waiting for each other.
base::Result<std::unique_ptr<Database>> open_database(const DataConfig& data,
                                                      std::uint32_t connections);

}  // namespace origin
