// RecordFinder: brings records from the disk tier into memory, once, however many wait.
//
// It works on the fill thread of its keys, so that a record read from disk never replaces a newer
// one that a fill has put into memory meanwhile. A VaryRule found on disk leads to a second look,
// under the variant's key. An object that a purge concerns is erased and counts as not there.
//
// Threads    The fill thread's.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/fields.h"
#include "base/ref.h"
#include "cache/fill_context.h"
#include "cache/reply.h"
#include "cache/selection.h"
#include "cache/store.h"

namespace cache {

class RecordFinder {
 public:
  struct Search {
    std::string key_text;
    base::Fields request;
    base::Ref<Reply<Lookup>> reply;
    int looks = 0;
  };

  explicit RecordFinder(const FillContext& context) : context_(context) {}  // With a disk tier.
  RecordFinder(const RecordFinder&) = delete;
  RecordFinder& operator=(const RecordFinder&) = delete;

  void find(Search search);

 private:
  void found(const Key& key, base::Ref<Record> record);
  void keep(const base::Ref<Record>& record);

  const FillContext& context_;
  std::unordered_map<Key, std::vector<Search>> searches_;
};

}  // namespace cache
