// What a task is: docs/worker-protocol.md, "Kinds". Workers and rows know it by a word.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace origin {

enum class TaskKind : std::uint8_t { kProbe, kAudio, kTranscode, kImages };

inline constexpr std::array kTaskKinds{
    std::pair{std::string_view("probe"), TaskKind::kProbe},
    std::pair{std::string_view("audio"), TaskKind::kAudio},
    std::pair{std::string_view("transcode"), TaskKind::kTranscode},
    std::pair{std::string_view("images"), TaskKind::kImages},
};

constexpr std::string_view name_of(TaskKind kind) {
  for (const auto& [word, one] : kTaskKinds) {
    if (one == kind) return word;
  }
  return "unknown";
}

constexpr std::optional<TaskKind> task_kind_of(std::string_view name) {
  for (const auto& [word, one] : kTaskKinds) {
    if (word == name) return one;
  }
  return std::nullopt;
}

}  // namespace origin
