// Captions' routes: send them in a language, list them, remove them. docs/platform.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "origin/api/router.h"
#include "origin/videos/captions.h"
#include "origin/videos/catalogue.h"

namespace origin {

struct CaptionsServices {
  Captions& captions;
  Catalogue& catalogue;
};

// The services outlive the router.
void add_captions_routes(Router& router, const CaptionsServices& services);

// `media_root`: see video_api.h; without one, no URLs are told.
nlohmann::json to_json(const std::vector<CaptionsView>& captions, std::string_view media_root);

}  // namespace origin
