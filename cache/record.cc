#include "cache/record.h"

#include <algorithm>

#include "base/check.h"

namespace cache {
namespace {

// What the allocator and a string's or vector's own members take besides the text, about.
constexpr std::size_t kPieceBytes = 48;

}  // namespace

Object::Object(ObjectHead head)
    : Record(Kind::kObject, head.key, std::move(head.key_text)),
      head_(std::move(head)),
      length_(head_.length ? static_cast<std::int64_t>(*head_.length) : -1) {
  CHECK(head_.chunk_size > 0);
  fields_ = base::make_ref<const base::SharedFields>(std::exchange(head_.fields, {}));
  head_.length.reset();
}

std::optional<std::uint64_t> Object::length() const {
  const std::int64_t length = length_.load(std::memory_order_acquire);
  if (length < 0) return std::nullopt;
  return static_cast<std::uint64_t>(length);
}

void Object::set_length(std::uint64_t length) {
  const std::int64_t before =
      length_.exchange(static_cast<std::int64_t>(length), std::memory_order_acq_rel);
  CHECK(before == -1);
}

std::uint32_t Object::chunk_length(std::uint32_t index) const {
  const auto whole = length();
  if (!whole) return head_.chunk_size;
  const std::uint64_t start = std::uint64_t{index} * head_.chunk_size;
  if (start >= *whole) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(head_.chunk_size, *whole - start));
}

std::uint32_t Object::chunk_count() const {
  const auto whole = length();
  CHECK(whole.has_value());
  return static_cast<std::uint32_t>((*whole + head_.chunk_size - 1) / head_.chunk_size);
}

std::size_t Object::memory_bytes() const {
  const base::Fields& kept = fields_->fields;
  return sizeof(Object) + sizeof(base::SharedFields) + key_text.size() + head_.etag.size() +
         kept.text_bytes() + kept.size() * 12 + head_.tags.size() * 8 + 4 * kPieceBytes;
}

VaryRule::VaryRule(const Key& rule_key, std::string text, std::vector<std::string> vary_names,
                   std::uint64_t sequence)
    : Record(Kind::kVaryRule, rule_key, std::move(text)),
      names(std::move(vary_names)),
      purge_sequence(sequence) {}

std::size_t VaryRule::memory_bytes() const {
  std::size_t bytes = sizeof(VaryRule) + key_text.size() + kPieceBytes;
  for (const std::string& name : names) bytes += name.size() + kPieceBytes;
  return bytes;
}

PassMark::PassMark(const Key& mark_key, std::string text, base::MonoTime ends)
    : Record(Kind::kPassMark, mark_key, std::move(text)), until(ends) {}

std::size_t PassMark::memory_bytes() const {
  return sizeof(PassMark) + key_text.size() + kPieceBytes;
}

}  // namespace cache
