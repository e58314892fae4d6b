// The catalogue's routes: make a video of chunks, look at it, let others see it, remove it, its tasks.
#pragma once

#include "origin/api/router.h"
#include "origin/disk_reserve.h"
#include "origin/media_signer.h"
#include "origin/tasks/queue.h"
#include "origin/tasks/work.h"
#include "origin/uploads/ledger.h"
#include "origin/videos/allowance.h"
#include "origin/videos/catalogue.h"

namespace origin {

struct VideoServices {
  Catalogue& catalogue;
  Ledger& ledger;
  Allowance& allowance;
  Queue& queue;
  Work& work;
  ObjectWriter& objects;
  DiskReserve& reserve;
  const base::Clock& clock;
  const MediaSigner& signer;
  base::Bytes size_max;  // Of a file.
};

// The services outlive the router.
void add_video_routes(Router& router, const VideoServices& services);

// What kind of file it is, by its first chunk's content. kUnsupported: none that is taken.
base::Result<std::string> container_of(Ledger& ledger, const ChunkRef& first);

// "public" or "private".
bool is_access(std::string_view word);
// What URLs of a video's media begin with. Empty: it is private, and they need a token, which is asked
// for; without one none is told.
std::string media_root_of(std::string_view access);
// A private video is there for its owner alone; who else asks is told that there is none.
bool may_see(const Caller& caller, const VideoView& video);

nlohmann::json to_json(const VideoView& video);

}  // namespace origin
