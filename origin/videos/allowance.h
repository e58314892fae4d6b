// Allowance: how much an owner may have made into videos, which what his chunks take of the disk does
// not bound: a video may list one chunk many times, and many videos the same.
//
// Asked before a video is made. What is made in one moment is not counted against each other.
//
// Ownership  Database and ledger outlive it.
// Threads    Any that may block.
// Errors     By the client, in a sentence: kNoSpace, kOverloaded. Those of Database.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "origin/database/database.h"
#include "origin/uploads/ledger.h"

namespace origin {

class Allowance {
 public:
  // `under_way_max`: videos of an owner that workers still have tasks of.
  Allowance(Database& database, const Ledger& ledger, std::uint32_t under_way_max)
      : database_(database), ledger_(ledger), under_way_max_(under_way_max) {}

  // kNoSpace: with so many bytes more his videos are longer than his quota. Those whose originals were
  // let go don't count.
  base::Result<void> check_bytes(std::int64_t owner, std::uint64_t bytes);
  // kOverloaded: the workers have enough of his to do.
  base::Result<void> check_under_way(std::int64_t owner);

 private:
  Database& database_;
  const Ledger& ledger_;
  const std::uint32_t under_way_max_;
};

}  // namespace origin
