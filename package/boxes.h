// The boxes of ISO base media (ISO/IEC 14496-12 §4.2), over bytes that may be anything: an init
// segment, a media segment, the payload of a box.
//
// Nothing is copied, nothing recurses: who wants the boxes in a box asks again with its payload.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace package {

struct Box {
  std::string_view type;     // Four bytes: "moof".
  std::string_view payload;  // Behind size and type.
  std::uint64_t offset = 0;  // Of the box in what was read.
  std::uint64_t size = 0;    // Whole.
};

inline constexpr std::size_t kBoxesMax = 4'096;

// One after the other, to the end of `bytes`. kCorrupt: a box is cut off, or claims to be smaller
// than its own head; kTooLarge: more than kBoxesMax.
base::Result<std::vector<Box>> read_boxes(std::string_view bytes);

// The first of that type; null: none.
const Box* find_box(const std::vector<Box>& boxes, std::string_view type);

// The payload of the first box at a path of types, such as {"moov", "trak", "mdia"}; kCorrupt names
// the one that is not there.
base::Result<std::string_view> box_at(std::string_view bytes,
                                      std::initializer_list<std::string_view> path);

// A type as text: bytes that can't be printed become '?'.
std::string printable_type(std::string_view type);

}  // namespace package
