// A caption file as somebody uploads it. What is read from it is written so that it reads the same
// again: nothing in a text can end its cue, open a tag that is not of the safe set or begin a block.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "package/captions.h"
#include "package/text.h"

namespace {

// Every '<' opens or closes one of the tags that are kept.
void check_tags(std::string_view text) {
  constexpr std::string_view kOpenings[] = {"b>", "i>", "u>", "c>", "c.", "v ", "lang "};
  constexpr std::string_view kClosings[] = {"/b>", "/i>", "/u>", "/c>", "/v>", "/lang>"};
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const std::string_view tag = text.substr(at + 1);
    const auto starts = [tag](std::string_view known) { return tag.starts_with(known); };
    CHECK(std::ranges::any_of(kOpenings, starts) || std::ranges::any_of(kClosings, starts));
    CHECK(tag.find('>') < tag.find('<'));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const package::CaptionLimits limits{.cues_max = 100, .text_max = base::Bytes(1'000)};
  const auto cues = package::read_captions(file, limits);
  if (!cues) {
    CHECK(cues.error().blame == base::Blame::kClient);
    CHECK(package::find_invalid_utf8(cues.error().context) == std::string_view::npos);
    CHECK(!cues.error().context.contains('\n'));
    return 0;
  }
  CHECK(!cues->empty() && cues->size() <= 100);
  for (const package::Cue& cue : *cues) {
    CHECK(cue.start < cue.end && !cue.text.empty());
    CHECK(!cue.text.contains("-->") && !cue.text.contains("\n\n") && !cue.text.ends_with('\n'));
    check_tags(cue.text);
  }
  const std::string written = package::write_captions(*cues);
  const auto again = package::read_captions(written);
  CHECK(again && *again == *cues);
  return 0;
}
