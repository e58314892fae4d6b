#include "cache/record_finder.h"

#include <utility>

namespace cache {
namespace {

constexpr int kLooksMax = 3;  // The rule, its variant, and once more if the rule has just changed.

}  // namespace

void RecordFinder::find(Search search) {
  if (!search.reply->wanted()) return;
  const Selection at = select(context_.memory, context_.seed, search.key_text, search.request);
  Lookup lookup = look_up(at, context_.purges, context_.clock);
  if (lookup.state != Lookup::State::kAbsent || search.looks >= kLooksMax) {
    if (search.looks > 0) lookup.source = Source::kDisk;
    return search.reply->answer(std::move(lookup));
  }
  ++search.looks;
  std::string text(at.text(search.key_text));
  std::vector<Search>& searches = searches_[at.key];
  searches.push_back(std::move(search));
  if (searches.size() > 1) return;
  context_.disk->find(
      at.key, std::move(text), [this, key = at.key](base::Result<base::Ref<Record>> record) {
        context_.thread.executor.post(
            [this, key, record = std::move(record)] { found(key, record.value_or(nullptr)); });
      });
}

void RecordFinder::found(const Key& key, base::Ref<Record> record) {
  std::vector<Search> searches = std::move(searches_.extract(key).mapped());
  if (record) keep(record);
  const bool is_rule = record && record->kind == Record::Kind::kVaryRule;
  for (Search& search : searches) {
    if (is_rule) {
      find(std::move(search));
      continue;
    }
    // From memory first, where a fill may have put something newer by now.
    const Selection at = select(context_.memory, context_.seed, search.key_text, search.request);
    Lookup lookup = look_up(at, context_.purges, context_.clock);
    lookup.source = Source::kDisk;
    search.reply->answer(std::move(lookup));
  }
}

void RecordFinder::keep(const base::Ref<Record>& record) {
  if (record->kind == Record::Kind::kObject) {
    const auto& object = static_cast<const Object&>(*record);
    if (context_.forgotten.has(object.version()) ||
        context_.purges.check(object) == PurgeVerdict::kHard) {
      context_.disk->erase(object.key, object.version());
      return;
    }
  }
  // What is in memory is newer than what is on disk, unless it says nothing any more.
  if (const base::Ref<Record> now = context_.memory.peek(record->key)) {
    bool void_now = now->kind == Record::Kind::kPassMark;
    if (now->kind == Record::Kind::kObject) {
      void_now = context_.purges.check(static_cast<const Object&>(*now)) == PurgeVerdict::kHard;
    }
    if (!void_now) return;
  }
  context_.memory.insert(record);
}

}  // namespace cache
