// An origin's response head, as libcurl hands it over: lines. Whatever it is, a head that is
// accepted has clean fields and one framing.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/message.h"
#include "http/origin_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  http::OriginHead head(32, 4096);
  while (!rest.empty()) {
    const auto newline = rest.find('\n');
    const std::string_view line =
        rest.substr(0, newline == std::string_view::npos ? rest.size() : newline + 1);
    rest.remove_prefix(line.size());
    const auto complete = head.add_line(line);
    if (!complete) return 0;
    if (!*complete) continue;
    CHECK(head.status() >= 200 && head.status() <= 599);
    const base::Fields fields = head.take_fields();
    CHECK(fields.size() <= 32 && fields.text_bytes() <= 4096);
    CHECK(fields.count("content-length") <= 1);
    CHECK(!fields.contains("transfer-encoding") && !fields.contains("connection"));
    for (const base::Field field : fields) {
      CHECK(http::is_token(field.name) && http::is_field_value(field.value));
    }
  }
  return 0;
}
