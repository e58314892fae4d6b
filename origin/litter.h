// Litter: what a crash leaves that no row speaks of. A file comes before its row (docs/platform.md),
// so one that is young may only be waiting for it; one that is old is nobody's.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "origin/database/database.h"

namespace origin {

inline constexpr std::chrono::microseconds kLitterAge = std::chrono::hours(24);

// The names in `directory`, of files and directories, that were last changed before `before_us`
// (microseconds since 1970). What can't be looked at, as it just went, is left out.
std::vector<std::string> names_older_than(const std::filesystem::path& directory,
                                          std::int64_t before_us);
// The same of one path. False: it is younger, or not there.
bool is_older_than(const std::filesystem::path& path, std::int64_t before_us);

// Of these, the ids that no row of the table has.
base::Result<std::vector<std::string>> ids_without_row(Database& database, const std::string& table,
                                                       const std::vector<std::string>& ids);

}  // namespace origin
