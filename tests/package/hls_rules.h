// Apple's HLS authoring rules, as far as a VOD in playlists can show them; its own validator runs on
// its systems only. Judges the written texts, by what a player could know, and the media's sizes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace package {

using Manifests = std::map<std::string, std::string>;  // Name → text.
using Sizes = std::map<std::string, std::uint64_t>;    // Name of a segment in the tree → bytes.

// One sentence for each broken rule.
std::vector<std::string> broken_hls_rules(const Manifests& manifests, const Sizes& sizes);

}  // namespace package
