// The media type of an object, by its name's extension.
#pragma once

#include <string_view>

namespace origin {

// "video/mp2t" for "v/1.ts"; "application/octet-stream" for what is not in the table.
std::string_view media_type_of(std::string_view name);

}  // namespace origin
