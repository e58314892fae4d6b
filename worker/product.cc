#include "worker/product.h"

#include <algorithm>

namespace worker {
namespace {

bool is_of_a_key(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
         c == '_' || c == '/' || c == '-';
}

}  // namespace

std::string product_head(std::string_view key) { return std::string(key) + '\n'; }

base::Result<ProductParts> split_product(std::string_view output) {
  const auto end = output.substr(0, kProductKeyMax + 1).find('\n');
  if (end == 0 || end == std::string_view::npos) {
    return base::fail(base::ErrorCode::kProtocol, "a product without a key");
  }
  const ProductParts parts{.key = output.substr(0, end), .bytes = output.substr(end + 1)};
  if (!std::ranges::all_of(parts.key, is_of_a_key)) {
    return base::fail(base::ErrorCode::kProtocol, "a product whose key makes no sense");
  }
  return parts;
}

}  // namespace worker
