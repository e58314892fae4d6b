// Tokens: who may ask. A token is 256 random bits behind a prefix that tells its kind ("hr_…" an
// owner's, "hrw_…" a worker's); only its SHA-256 is kept, which is enough against guessing because
// nothing about it can be guessed.
//
// Threads    All calls from any thread that may block.
// Errors     Those of Database; kInvalid: the name; kBusy: too many workers' tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "origin/api/call.h"
#include "origin/database/database.h"

namespace origin {

enum class TokenKind { kApi, kWorker };
// What an owner may do beyond his own videos: kOperator: let workers in.
enum class Right { kNone, kOperator };

struct WorkerToken {
  std::string name;
  std::int64_t created_us = 0;
};

class Tokens {
 public:
  static constexpr int kWorkersMax = 1'000;  // Workers' tokens that are good.

  Tokens(Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  // A new token, told this once: for the owner of this name, who is made if there is none.
  base::Result<std::string> create_api(std::string_view name, Right right);
  // The same for a worker.
  base::Result<std::string> create_worker(std::string_view name);
  // Those that are good, newest first.
  [[nodiscard]] base::Result<std::vector<WorkerToken>> workers() const;
  // All tokens of the name, of owners and workers, are good for nothing from now on. How many.
  base::Result<int> revoke(std::string_view name);
  base::Result<int> revoke_workers(std::string_view name);

  // None: no such token, or revoked.
  [[nodiscard]] base::Result<std::optional<Caller>> find(std::string_view token,
                                                         TokenKind kind) const;

 private:
  base::Result<std::string> create(std::string_view name, TokenKind kind, Right right);

  Database& database_;
  const base::Clock& clock_;
};

}  // namespace origin
