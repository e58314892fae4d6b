// Database: transactions on SQLite or PostgreSQL, one SQL for both.
//
// SQL for both engines: BIGINT and TEXT alone, no BOOLEAN, CAST instead of "::", no upserts beyond
// ON CONFLICT DO NOTHING. Values are always bound, never pasted.
//
// Durability Committed is on disk: SQLite in WAL mode with synchronous=FULL; PostgreSQL as its
//            server is set, which by default means the same.
// Isolation  Serializable. SQLite has one writer at a time; PostgreSQL may refuse a transaction
//            that ran beside another: write() runs it again, so its work must have no effect
//            outside.
// Threads    All calls from any thread that may block.
// Errors     The work's own; kIo, kNoSpace (disk full) and kOverloaded (no connection became free,
//            or too many conflicts) of the engine. Whatever goes wrong, nothing of it is done.
#pragma once

#include <soci/soci.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

namespace origin {

struct DatabaseOptions {
  // "sqlite:/path/of/file.db" or "postgresql:host=… dbname=…" (libpq's words).
  std::string url;
  std::uint32_t connections = 8;
};

class Database {
 public:
  // Makes and migrates what is there, wholly or not at all. kUnsupported: made by a newer Headrace.
  // Before a migration of an existing SQLite file, a copy is left beside it ("origin.db.before-3").
  static base::Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // `work` is called with a soci::session& inside a transaction, and returns a base::Result.
  template <class Work>
  auto write(Work work) -> std::invoke_result_t<Work, soci::session&> {
    return run<Work>(Mode::kWrite, work);
  }
  // The same, for work that changes nothing.
  template <class Work>
  auto read(Work work) -> std::invoke_result_t<Work, soci::session&> {
    return run<Work>(Mode::kRead, work);
  }

 private:
  enum class Mode { kRead, kWrite };
  struct State;
  explicit Database(std::unique_ptr<State> state);

  template <class Work>
  auto run(Mode mode, Work& work) -> std::invoke_result_t<Work, soci::session&> {
    std::invoke_result_t<Work, soci::session&> result = base::fail(base::ErrorCode::kIo, "not run");
    const base::Result<void> done = transact(mode, [&](soci::session& sql) {
      result = work(sql);
      return result.has_value();
    });
    if (!done) return std::unexpected(done.error());
    return result;
  }
  // Commits if `work` says true. Exceptions of SOCI end here.
  base::Result<void> transact(Mode mode, const std::function<bool(soci::session&)>& work);

  std::unique_ptr<State> state_;
};

}  // namespace origin
