// Tokens: who may ask. A token is 256 random bits behind a prefix that tells its kind ("hr_…" an
// owner's, "hrw_…" a worker's); only its SHA-256 is kept, which is enough against guessing because
// nothing about it can be guessed.
//
// Threads    All calls from any thread that may block.
// Errors     Those of Database; kNotFound, kBusy (the name is taken).
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

class Tokens {
 public:
  Tokens(Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  // A new token for the owner of this name, who is made if there is none. It is told this once.
  base::Result<std::string> create(std::string_view name, TokenKind kind);
  // All tokens of the name are good for nothing from now on. How many there were.
  base::Result<int> revoke(std::string_view name);

  // None: no such token, or revoked.
  [[nodiscard]] base::Result<std::optional<Caller>> find(std::string_view token,
                                                         TokenKind kind) const;

 private:
  Database& database_;
  const base::Clock& clock_;
};

}  // namespace origin
