#include "origin/database/database.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string_view>
#include <thread>

#include "base/durable_file.h"
#include "base/log.h"
#include "base/mutex.h"
#include "origin/database/schema.h"

namespace origin {
namespace {

constexpr int kConflictTriesMax = 20;
constexpr std::chrono::milliseconds kConflictPause{5};
constexpr int kConnectionWaitMs = 10'000;
constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kPostgres = "postgresql:";

// PostgreSQL: serialization failure, deadlock.
bool is_conflict(const soci::soci_error& error) {
  if (const auto* pg = dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
    return pg->sqlstate() == "40001" || pg->sqlstate() == "40P01";
  }
  if (const auto* lite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
    return (lite->result() & 0xff) == SQLITE_BUSY;
  }
  return false;
}

base::Error error_of(const soci::soci_error& error) {
  base::ErrorCode code = base::ErrorCode::kIo;
  if (const auto* lite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
    if ((lite->result() & 0xff) == SQLITE_FULL) code = base::ErrorCode::kNoSpace;
    if ((lite->result() & 0xff) == SQLITE_CORRUPT) code = base::ErrorCode::kCorrupt;
  }
  if (const auto* pg = dynamic_cast<const soci::postgresql_soci_error*>(&error)) {
    if (pg->sqlstate() == "53100") code = base::ErrorCode::kNoSpace;
  }
  // Not what(): that has the values, which are others' business.
  return {code, "database: " + error.get_error_message()};
}

}  // namespace

struct Database::State {
  State(const DatabaseOptions& options, bool sqlite)
      : is_sqlite(sqlite), pool(options.connections) {}

  void begin(soci::session& sql, Mode mode) const {
    if (is_sqlite) {
      // A transaction that becomes a writer half-way could be refused then.
      sql << (mode == Mode::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
    } else {
      sql << (mode == Mode::kWrite ? "BEGIN ISOLATION LEVEL SERIALIZABLE"
                                   : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    }
  }

  const bool is_sqlite;
  soci::connection_pool pool;
  base::Mutex writing;  // SQLite's one writer: waiting here costs less than its busy loop.
};

namespace {

void connect(soci::session& sql, bool is_sqlite, const std::string& where) {
  if (!is_sqlite) {
    sql.open(soci::postgresql, where);
    sql << "SET client_min_messages TO warning";
    return;
  }
  sql.open(soci::sqlite3, "db=" + where + " timeout=10");
  // The first asks for a lock, and waits for it only from here on.
  std::string mode;
  sql << "PRAGMA journal_mode=WAL", soci::into(mode);
  sql << "PRAGMA synchronous=FULL";
  sql << "PRAGMA foreign_keys=ON";
}

// The version that the tables have; 0: none are there.
int version_of(soci::session& sql) {
  sql << "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)";
  int version = 0;
  soci::indicator there = soci::i_null;
  sql << "SELECT MAX(version) FROM schema_version", soci::into(version, there);
  return there == soci::i_ok ? version : 0;
}

void run_statements(soci::session& sql, std::string_view statements) {
  while (true) {
    const auto end = statements.find(';');
    if (end == std::string_view::npos) return;
    sql << std::string(statements.substr(0, end));
    statements.remove_prefix(end + 1);
  }
}

void run_steps(soci::session& sql, int version) {
  for (const char* step : schema_steps().subspan(static_cast<std::size_t>(version))) {
    run_statements(sql, step);
    ++version;
    sql << "INSERT INTO schema_version (version) VALUES (:version)", soci::use(version);
  }
}

void copy_to(soci::session& sql, const std::string& file) {
  std::filesystem::remove(file);
  sql << "VACUUM INTO :file", soci::use(file);
}

base::Result<void> put_in_place(const std::string& unfinished, const std::filesystem::path& file) {
  std::filesystem::rename(unfinished, file);
  return base::sync_directory(std::filesystem::absolute(file).parent_path());
}

}  // namespace

base::Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  const std::string_view url = options.url;
  const bool is_sqlite = url.starts_with(kSqlite);
  if (!is_sqlite && !url.starts_with(kPostgres)) {
    return base::fail(
        base::ErrorCode::kInvalid,
        "expected sqlite:FILE or postgresql:PARAMETERS, and got \"" + options.url + "\"");
  }
  const std::string where(url.substr((is_sqlite ? kSqlite : kPostgres).size()));
  try {
    auto state = std::make_unique<State>(options, is_sqlite);
    for (std::size_t i = 0; i < options.connections; ++i) {
      connect(state->pool.at(i), is_sqlite, where);
    }
    const std::span<const char* const> steps = schema_steps();
    const auto newest = static_cast<int>(steps.size());
    soci::session& sql = state->pool.at(0);
    state->begin(sql, Mode::kWrite);
    const int version = version_of(sql);
    sql << "COMMIT";
    if (version > newest) {
      return base::fail(base::ErrorCode::kUnsupported,
                        "its tables are of version " + std::to_string(version) +
                            ", made by a newer Headrace; this one knows " + std::to_string(newest));
    }
    if (version < newest) {
      const bool is_to_be_kept = version > 0 && is_sqlite;
      const std::string copy = where + ".before-" + std::to_string(newest);
      if (is_to_be_kept) copy_to(sql, copy + ".new");
      // All steps or none, so that what a copy is made of was never migrated half-way.
      state->begin(sql, Mode::kWrite);
      if (version_of(sql) == version) {  // Else another process was quicker.
        if (is_to_be_kept) {
          if (auto kept = put_in_place(copy + ".new", copy); !kept) {
            return std::unexpected(kept.error());
          }
        }
        run_steps(sql, version);
      }
      sql << "COMMIT";
      if (is_to_be_kept) std::filesystem::remove(copy + ".new");
    }
    return std::unique_ptr<Database>(new Database(std::move(state)));
  } catch (const soci::soci_error& error) {
    return std::unexpected(error_of(error));
  } catch (const std::filesystem::filesystem_error& error) {
    return base::fail(base::ErrorCode::kIo, error.what());
  }
}

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

base::Result<void> Database::transact(Mode mode, const std::function<bool(soci::session&)>& work) {
  std::size_t place = 0;
  if (!state_->pool.try_lease(place, kConnectionWaitMs)) {
    return base::fail(base::ErrorCode::kOverloaded, "database: no connection became free");
  }
  struct Lease {
    soci::connection_pool& pool;
    const std::size_t place;
    ~Lease() { pool.give_back(place); }
  } const lease{state_->pool, place};
  soci::session& sql = state_->pool.at(place);

  for (int tries = 1;; ++tries) {
    std::optional<base::MutexLock> one_writer;
    if (mode == Mode::kWrite && state_->is_sqlite) one_writer.emplace(state_->writing);
    bool began = false;
    const auto roll_back = [&] {
      if (!began) return;
      try {
        sql << "ROLLBACK";
      } catch (const soci::soci_error&) {  // The engine has done it already, or is gone.
      }
    };
    try {
      state_->begin(sql, mode);
      began = true;
      const bool commits = work(sql);
      if (commits) {
        sql << "COMMIT";
      } else {
        roll_back();
      }
      return {};
    } catch (const soci::soci_error& error) {
      roll_back();
      if (!is_conflict(error)) {
        const base::Error told = error_of(error);
        base::log_error("database.failed", {{"reason", told.context}});
        try {
          if (!state_->is_sqlite && !sql.is_connected()) sql.reconnect();
        } catch (const soci::soci_error&) {  // The next user of it finds out.
        }
        return std::unexpected(told);
      }
    } catch (...) {
      roll_back();
      throw;
    }
    if (tries == kConflictTriesMax) {
      return base::fail(base::ErrorCode::kOverloaded, "database: too many conflicts");
    }
    one_writer.reset();
    std::this_thread::sleep_for(kConflictPause * tries);
  }
}

}  // namespace origin
