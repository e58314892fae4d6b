// TestDatabase: an empty database for a test, gone with it: SQLite in a temporary directory, or a
// PostgreSQL server of the test's own, on a Unix socket, started once a process.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "origin/database/database.h"

namespace origin {

enum class Engine { kSqlite, kPostgres };
std::string name_of(Engine engine);

class TestDatabase {
 public:
  TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase();

  // Whether the engine can be had here. SQLite: always.
  static bool has(Engine engine);
  std::unique_ptr<Database> make(Engine engine);  // Empty. CHECKs.
  std::unique_ptr<Database> open_again();
  [[nodiscard]] const DatabaseOptions& options() const { return options_; }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
  DatabaseOptions options_;
  std::string dropped_;  // A database of the server's, to be dropped.
};

}  // namespace origin
