// An origin's head, as the fills read it: status, then lines of "name: value". What is believed
// must be consistent with what was asked.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cache/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 2) return 0;
  const auto kind = static_cast<cache::Question::Kind>(input[0] & 3);
  const int status = 150 + static_cast<unsigned char>(input[1]) * 2;
  input.remove_prefix(2);
  base::Fields fields;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    const std::size_t colon = std::min(line.find(':'), line.size());
    fields.add(base::to_lower(line.substr(0, colon)),
               base::trim(line.substr(std::min(line.size(), colon + 1))));
  }
  const cache::Question question{
      .kind = kind, .first = 65'536, .last = 131'071, .size = 200'000, .etag = "\"a\""};
  const cache::Answer answer = cache::read_answer(question, status, fields);
  if (answer.kind == cache::Answer::Kind::kPart) {
    CHECK(answer.first == question.first && answer.last <= question.last);
    CHECK(answer.size && answer.last < *answer.size);
  }
  return 0;
}
