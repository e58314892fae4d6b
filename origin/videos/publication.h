// Publication: the manifests of a video, from the outputs that exist.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "origin/database/database.h"
#include "package/presentation.h"

namespace origin {

struct Publication {
  package::Presentation presentation;
  std::vector<std::string> complete;  // Renditions in it.
};

// With every rendition of which all units are there; a video is not shown without its sound.
// kCorrupt: an output's description is not what was stored.
base::Result<Publication> read_publication(Database& database, const std::string& video);

}  // namespace origin
