// A JPEG file as bytes that may be anything: what is taken has a size, begins and ends as one, and
// still does when a comment is put into it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "package/jpeg.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto head = package::read_jpeg_head(bytes);
  if (!head) return 0;
  CHECK(head->width > 0 && head->width <= 65'535);
  CHECK(head->height > 0 && head->height <= 65'535);
  CHECK(static_cast<unsigned char>(bytes.front()) == 0xff);
  CHECK(static_cast<unsigned char>(bytes.back()) == 0xd9);
  std::string commented(bytes);
  commented.insert(2, std::string_view("\xff\xfe\x00\x04hi", 6));
  const auto again = package::read_jpeg_head(commented);
  CHECK(!again || (again->width == head->width && again->height == head->height));
  return 0;
}
