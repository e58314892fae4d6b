// Captions' routes: send them in a language, list them, remove them. docs/platform.md.
#pragma once

#include <nlohmann/json.hpp>
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

nlohmann::json to_json(const std::vector<CaptionsView>& captions);

}  // namespace origin
