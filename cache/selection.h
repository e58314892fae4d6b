// Selection: which record a request means: the one under its key text, or, when a VaryRule lies
// there, the variant that the request's own fields select.
#pragma once

#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/ref.h"
#include "cache/key.h"
#include "cache/memory_tier.h"
#include "cache/purge.h"
#include "cache/record.h"
#include "cache/store.h"

namespace cache {

struct Selection {
  Key key;                   // Of the variant, when a rule applies.
  std::string variant;       // Its text; empty: the key text itself.
  base::Ref<VaryRule> rule;  // The rule that applied; null: none known.
  base::Ref<Record> record;  // An Object or a PassMark; null: not in memory.

  // `key_text` as it was given to select().
  [[nodiscard]] std::string_view text(std::string_view key_text) const {
    return variant.empty() ? key_text : std::string_view(variant);
  }
  [[nodiscard]] base::Ref<Object> object() const {
    if (!record || record->kind != Record::Kind::kObject) return nullptr;
    return base::Ref<Object>(static_cast<Object*>(record.get()));
  }
};

// In memory only: one or two short locks; allocates only when a VaryRule applies.
Selection select(MemoryTier& memory, Seed seed, std::string_view key_text,
                 const base::Fields& request);

// What the selected record means now: a PassMark may have run out, an object may be purged.
// kAbsent: not (validly) in memory; says nothing about the disk.
Lookup look_up(const Selection& selection, const PurgeTable& purges, const base::Clock& clock);

// The key text without a variant: "SITE\nPATH?QUERY".
std::string_view primary_text(std::string_view key_text);
// "SITE".
std::string_view site_of(std::string_view key_text);

}  // namespace cache
