#include "origin/litter.h"

#include <sys/stat.h>

#include <system_error>

namespace origin {

namespace fs = std::filesystem;

bool is_older_than(const fs::path& path, std::int64_t before_us) {
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) return false;
  return facts.st_mtim.tv_sec * std::int64_t{1'000'000} + facts.st_mtim.tv_nsec / 1'000 < before_us;
}

std::vector<std::string> names_older_than(const fs::path& directory, std::int64_t before_us) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_older_than(entry->path(), before_us)) {
      names.push_back(entry->path().filename().native());
    }
  }
  return names;
}

base::Result<std::vector<std::string>> ids_without_row(Database& database, const std::string& table,
                                                       const std::vector<std::string>& ids) {
  return database.read([&](soci::session& sql) -> base::Result<std::vector<std::string>> {
    std::vector<std::string> unknown;
    std::string id;
    std::int64_t owner = 0;
    soci::statement select = (sql.prepare << "SELECT owner FROM " + table + " WHERE id = :id",
                              soci::use(id), soci::into(owner));
    for (const std::string& one : ids) {
      id = one;
      if (!select.execute(true)) unknown.push_back(one);
    }
    return unknown;
  });
}

}  // namespace origin
