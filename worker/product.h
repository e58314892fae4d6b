// A product (media/product.h) as one output of the sandbox: its key, a line feed, its bytes.
//
// The decoder writes it, and whoever takes the decoder over writes what he likes. The key goes into a
// request that carries the worker's token, so it is held to the alphabet of planned keys here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace worker {

inline constexpr std::size_t kProductKeyMax = 128;

std::string product_head(std::string_view key);

// Views into the output.
struct ProductParts {
  std::string_view key;  // [A-Za-z0-9._/-], 1 … kProductKeyMax characters.
  std::string_view bytes;
};
// kProtocol: no such key, or one that goes on; any bytes may come.
base::Result<ProductParts> split_product(std::string_view output);

}  // namespace worker
