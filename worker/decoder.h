// The decoder: what runs in the sandbox for one task. It reads the source, and makes products
// (media/product.h), of which each becomes one output: a head in JSON, behind its length of 4 bytes,
// little-endian, then the bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace worker {

// This process is the child that sandbox::run_in_child() has started. Does not return.
[[noreturn]] void run_decoder();

// The output's head and bytes, as views into it. kProtocol: it is malformed; any bytes may come.
struct ProductParts {
  std::string_view head, bytes;
};
base::Result<ProductParts> split_product(std::string_view output);

}  // namespace worker
