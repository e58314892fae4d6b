#include "tests/origin/test_database.h"

#include <soci/postgresql/soci-postgresql.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "base/check.h"

namespace origin {
namespace {

namespace fs = std::filesystem;

fs::path make_directory() {
  std::string name = (fs::temp_directory_path() / "headrace-test-XXXXXX").native();
  CHECK(::mkdtemp(name.data()) != nullptr);
  return name;
}

bool run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// A server of our own. It refuses to run as root, so that as root it is given away to "postgres".
class Server {
 public:
  static Server& instance() {
    static Server server;
    return server;
  }
  [[nodiscard]] bool runs() const { return runs_; }
  [[nodiscard]] std::string parameters(const std::string& name) const {
    return "host=" + directory_.native() + " user=" + user_ + " dbname=" + name;
  }

 private:
  Server() {
    std::string programs;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored_)) {
      programs = (entry.path() / "bin").native();
    }
    if (programs.empty()) return;
    directory_ = make_directory();
    std::string as;
    if (::geteuid() == 0) {
      user_ = "postgres";
      as = "runuser -u postgres -- ";
      if (!run("chown postgres " + directory_.native())) return;
    } else {
      user_ = "test";
    }
    const std::string data = (directory_ / "data").native();
    stop_ = as + programs + "/pg_ctl -D " + data + " -m immediate stop";
    runs_ = run(as + programs + "/initdb -N -U " + user_ + " -A trust -D " + data) &&
            run(as + programs + "/pg_ctl -w -D " + data + " -l " + data +
                "/log -o \"-c listen_addresses='' -k " + directory_.native() +
                " -c max_connections=200\" start");
  }
  ~Server() {
    if (runs_) run(stop_);
    if (!directory_.empty()) fs::remove_all(directory_, ignored_);
  }

  std::error_code ignored_;
  fs::path directory_;
  std::string user_, stop_;
  bool runs_ = false;
};

void on_server(const std::string& statement) {
  soci::session sql(soci::postgresql, Server::instance().parameters("postgres"));
  sql << statement;
}

}  // namespace

std::string name_of(Engine engine) { return engine == Engine::kSqlite ? "Sqlite" : "Postgres"; }

TestDatabase::TestDatabase() : directory_(make_directory()) {}

TestDatabase::~TestDatabase() {
  if (!dropped_.empty()) on_server("DROP DATABASE " + dropped_ + " WITH (FORCE)");
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

bool TestDatabase::has(Engine engine) {
  return engine == Engine::kSqlite || Server::instance().runs();
}

std::unique_ptr<Database> TestDatabase::make(Engine engine) {
  if (engine == Engine::kSqlite) {
    options_.url = "sqlite:" + (directory_ / "origin.db").native();
  } else {
    static std::atomic<int> made{0};
    dropped_ = "test_" + std::to_string(++made);
    on_server("CREATE DATABASE " + dropped_);
    options_.url = "postgresql:" + Server::instance().parameters(dropped_);
  }
  options_.connections = 4;
  return open_again();
}

std::unique_ptr<Database> TestDatabase::open_again() {
  auto opened = Database::open(options_);
  if (!opened) std::fprintf(stderr, "%s\n", opened.error().context.c_str());
  CHECK(opened.has_value());
  return std::move(*opened);
}

}  // namespace origin
