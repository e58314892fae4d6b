#include "cache/selection.h"

#include <utility>

#include "cache/freshness.h"

namespace cache {
namespace {

// The hash names a record; only the text proves it (key.h).
base::Ref<Record> find_exactly(MemoryTier& memory, const Key& key, std::string_view text) {
  base::Ref<Record> record = memory.find(key);
  if (record && record->key_text != text) return nullptr;
  return record;
}

}  // namespace

Selection select(MemoryTier& memory, Seed seed, std::string_view key_text,
                 const base::Fields& request) {
  Selection selection;
  selection.key = key_of(key_text, seed);
  selection.record = find_exactly(memory, selection.key, key_text);
  if (!selection.record || selection.record->kind != Record::Kind::kVaryRule) return selection;

  selection.rule = base::Ref<VaryRule>(static_cast<VaryRule*>(selection.record.get()));
  selection.variant = variant_text(key_text, selection.rule->names, request);
  selection.key = key_of(selection.variant, seed);
  selection.record = find_exactly(memory, selection.key, selection.variant);
  // Rules don't chain.
  if (selection.record && selection.record->kind == Record::Kind::kVaryRule) {
    selection.record = nullptr;
  }
  return selection;
}

Lookup look_up(const Selection& selection, const PurgeTable& purges, const base::Clock& clock) {
  Lookup lookup;
  lookup.varies = static_cast<bool>(selection.rule);
  if (!selection.record) return lookup;
  if (selection.record->kind == Record::Kind::kPassMark) {
    const auto& mark = static_cast<const PassMark&>(*selection.record);
    if (clock.mono() < mark.until) lookup.state = Lookup::State::kPass;
    return lookup;
  }
  base::Ref<Object> object = selection.object();
  const PurgeVerdict verdict = purges.check(*object);
  if (verdict == PurgeVerdict::kHard) return lookup;
  lookup.state = Lookup::State::kFound;
  lookup.soft_purged = verdict == PurgeVerdict::kSoft;
  lookup.object = std::move(object);
  return lookup;
}

std::string_view primary_text(std::string_view key_text) {
  const std::size_t site_end = key_text.find('\n');
  if (site_end == std::string_view::npos) return key_text;
  return key_text.substr(0, key_text.find('\n', site_end + 1));
}

std::string_view site_of(std::string_view key_text) {
  return key_text.substr(0, key_text.find('\n'));
}

}  // namespace cache
