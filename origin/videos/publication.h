// Publication: the manifests of a video, and its poster, from the outputs and captions that exist.
//
// A video's revision counts the changes of what its manifests are written from; `written` is the one
// that they were written from. Where the two differ, they are behind: after a crash, too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "origin/database/database.h"
#include "package/presentation.h"

namespace origin {

struct Publication {
  // Without tracks: there is nothing to play yet.
  package::Presentation presentation;
  std::string poster;                 // The object; empty: none yet.
  std::vector<std::string> complete;  // Renditions in it, images included.
  std::int64_t revision = 0;

  [[nodiscard]] bool can_be_played() const {
    return !presentation.video.empty() || !presentation.audio.empty();
  }
};

// With every rendition of which all units are there; a video is not shown without its sound in AAC.
// kNotFound: no such video; kCorrupt: an output's description is not what was stored.
base::Result<Publication> read_publication(Database& database, const std::string& video);

// Inside a transaction that changes an output or captions of the video.
void note_change(soci::session& sql, const std::string& video);
// Inside a transaction. kNotFound: the video was removed meanwhile.
base::Result<void> note_written(soci::session& sql, const std::string& video,
                                const Publication& publication);
base::Result<std::vector<std::string>> videos_behind(Database& database);

}  // namespace origin
