// What a sound worker tells of a file, each field of docs/worker-protocol.md, "Probe result".
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace origin {

inline nlohmann::json told_video(int width, int height) {
  return {
      {"stream", 0},        {"codec", "h264"}, {"width", width},      {"height", height},
      {"sar", {1, 1}},      {"rotation", 0},   {"interlaced", false}, {"hdr", false},
      {"color", {1, 1, 1}}, {"rate", {30, 1}}, {"pictures", 60},      {"timed_by_decoding", false},
      {"variable", false},  {"keyframes", 1},  {"first_us", 0},       {"start_us", 0}};
}

inline nlohmann::json told_audio() {
  return {{"stream", 1},   {"codec", "aac"}, {"channels", 2},
          {"rate", 48000}, {"first_us", 0},  {"start_us", 0}};
}

// Without tracks.
inline nlohmann::json told_probe(std::int64_t duration_us) {
  return {{"container", "mov"}, {"duration_us", duration_us}};
}

}  // namespace origin
