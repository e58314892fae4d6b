#include "package/boxes.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "package/byte_reader.h"

namespace package {
namespace {

using base::ErrorCode;
using base::fail;

}  // namespace

base::Result<std::vector<Box>> read_boxes(std::string_view bytes) {
  std::vector<Box> boxes;
  std::uint64_t offset = 0;
  while (offset < bytes.size()) {
    const std::string_view rest = bytes.substr(offset);
    ByteReader reader(rest);
    std::uint64_t size = reader.u32();
    const std::string_view type = reader.take(4);
    if (size == 1) size = reader.u64();
    if (size == 0) size = rest.size();  // To the end (§4.2.2).
    if (type == "uuid") reader.skip(16);
    const std::size_t head = rest.size() - reader.rest().size();
    if (!reader.ok() || size < head || size > rest.size()) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("the box at byte {} is cut off, or not a box", offset));
    }
    if (boxes.size() == kBoxesMax) {
      return fail(ErrorCode::kTooLarge, fmt::format("there are more than {} boxes", kBoxesMax));
    }
    boxes.push_back(
        {.type = type, .payload = rest.substr(head, size - head), .offset = offset, .size = size});
    offset += size;
  }
  return boxes;
}

const Box* find_box(const std::vector<Box>& boxes, std::string_view type) {
  const auto found = std::ranges::find(boxes, type, &Box::type);
  return found == boxes.end() ? nullptr : &*found;
}

base::Result<std::string_view> box_at(std::string_view bytes,
                                      std::initializer_list<std::string_view> path) {
  for (const std::string_view type : path) {
    const auto boxes = read_boxes(bytes);
    if (!boxes) return std::unexpected(boxes.error());
    const Box* box = find_box(*boxes, type);
    if (box == nullptr) return fail(ErrorCode::kCorrupt, fmt::format("there is no '{}' box", type));
    bytes = box->payload;
  }
  return bytes;
}

std::string printable_type(std::string_view type) {
  std::string text(type);
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~' || c == '\''; }, '?');
  return text;
}

}  // namespace package
