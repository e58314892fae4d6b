// Originals: which uploaded files are kept once their videos are ready, by the operator's policy.
// docs/platform.md, "Originals".
//
// With kUntilReady the source of a video is let go when nothing can need it any more: every rendition is
// published, and no task of the video waits, is leased or is parked, but for parked images, which
// a video does without. That is one transaction: whatever happens, a video that is not ready has its
// source. Chunks that somebody else needs stay (Ledger).
//
// Threads    All calls from any thread that may block.
// Errors     Those of Database.
#pragma once

#include <string>

#include "base/result.h"
#include "origin/database/database.h"
#include "origin/uploads/ledger.h"

namespace origin {

enum class KeepOriginals { kAlways, kUntilReady };

class Originals {
 public:
  Originals(Database& database, const Ledger& ledger, KeepOriginals keep)
      : database_(database), ledger_(ledger), keep_(keep) {}

  // Of videos that are ready, as the policy has it: how many. Their chunks are the collector's now.
  base::Result<int> let_go();

 private:
  Database& database_;
  const Ledger& ledger_;
  const KeepOriginals keep_;
};

// Inside a transaction that wants work done anew. kBusy, with a sentence: the original is gone.
base::Result<void> check_original(soci::session& sql, const std::string& video);

}  // namespace origin
