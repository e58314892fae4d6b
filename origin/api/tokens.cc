#include "origin/api/tokens.h"

#include "base/random.h"
#include "base/sha256.h"
#include "base/text_encoding.h"

namespace origin {
namespace {

constexpr std::size_t kNameBytesMax = 100;

std::string_view prefix_of(TokenKind kind) { return kind == TokenKind::kApi ? "hr_" : "hrw_"; }
std::string word_of(TokenKind kind) { return kind == TokenKind::kApi ? "api" : "worker"; }

// Of the owner with this name; made if there is none.
std::int64_t owner_named(soci::session& sql, const std::string& name, std::int64_t now) {
  std::int64_t owner = 0;
  soci::indicator there = soci::i_null;
  sql << "SELECT id FROM owners WHERE name = :name", soci::use(name), soci::into(owner, there);
  if (sql.got_data()) return owner;
  sql << "SELECT MAX(id) FROM owners", soci::into(owner, there);
  owner = there == soci::i_ok ? owner + 1 : 1;
  sql << "INSERT INTO owners (id, name, quota_bytes, created) VALUES (:id, :name, 0, :now)",
      soci::use(owner), soci::use(name), soci::use(now);
  return owner;
}

int good_workers(soci::session& sql) {
  int count = 0;
  sql << "SELECT CAST(COUNT(*) AS INTEGER) FROM tokens WHERE kind = 'worker' AND revoked = 0",
      soci::into(count);
  return count;
}

base::Result<int> revoke_where(Database& database, std::string_view name, const char* condition) {
  const std::string named(name);
  return database.write([&](soci::session& sql) -> base::Result<int> {
    soci::statement update =
        (sql.prepare << std::string("UPDATE tokens SET revoked = 1 "
                                    "WHERE name = :name AND revoked = 0 AND ") +
                            condition,
         soci::use(named));
    update.execute(true);
    return static_cast<int>(update.get_affected_rows());
  });
}

}  // namespace

base::Result<std::string> Tokens::create_api(std::string_view name, Right right) {
  return create(name, TokenKind::kApi, right);
}

base::Result<std::string> Tokens::create_worker(std::string_view name) {
  return create(name, TokenKind::kWorker, Right::kNone);
}

base::Result<std::string> Tokens::create(std::string_view name, TokenKind kind, Right right) {
  if (name.empty() || name.size() > kNameBytesMax) {
    return base::fail(base::ErrorCode::kInvalid, "a name has 1 to 100 bytes", base::Blame::kClient);
  }
  std::string token = std::string(prefix_of(kind)) + base::to_base64url(base::random_bytes(32));
  const std::string hash = base::Sha256::hex_of(token);
  const std::string word = word_of(kind);
  const std::string named(name);
  const std::int64_t is_operator = right == Right::kOperator ? 1 : 0;
  const std::int64_t now = base::wall_us(clock_);
  const auto made = database_.write([&](soci::session& sql) -> base::Result<void> {
    if (kind == TokenKind::kWorker && good_workers(sql) >= kWorkersMax) {
      return base::fail(base::ErrorCode::kBusy,
                        "there are 1,000 workers' tokens; revoke some that nobody uses",
                        base::Blame::kClient);
    }
    const std::int64_t owner = kind == TokenKind::kApi ? owner_named(sql, named, now) : 0;
    sql << "INSERT INTO tokens (hash, kind, owner, name, created, revoked, is_operator) "
           "VALUES (:hash, :kind, :owner, :name, :now, 0, :operator)",
        soci::use(hash), soci::use(word), soci::use(owner), soci::use(named), soci::use(now),
        soci::use(is_operator);
    return {};
  });
  if (!made) return std::unexpected(made.error());
  return token;
}

base::Result<std::vector<WorkerToken>> Tokens::workers() const {
  return database_.read([](soci::session& sql) -> base::Result<std::vector<WorkerToken>> {
    std::vector<WorkerToken> tokens;
    WorkerToken row;
    soci::statement select =
        (sql.prepare << "SELECT name, created FROM tokens WHERE kind = 'worker' AND revoked = 0 "
                        "ORDER BY created DESC, name",
         soci::into(row.name), soci::into(row.created_us));
    select.execute();
    while (select.fetch()) tokens.push_back(row);
    return tokens;
  });
}

base::Result<int> Tokens::revoke(std::string_view name) {
  return revoke_where(database_, name, "kind IN ('api', 'worker')");
}

base::Result<int> Tokens::revoke_workers(std::string_view name) {
  return revoke_where(database_, name, "kind = 'worker'");
}

base::Result<std::optional<Caller>> Tokens::find(std::string_view token, TokenKind kind) const {
  if (!token.starts_with(prefix_of(kind))) return std::optional<Caller>();
  const std::string hash = base::Sha256::hex_of(token);
  const std::string word = word_of(kind);
  return database_.read([&](soci::session& sql) -> base::Result<std::optional<Caller>> {
    Caller caller;
    std::int64_t is_operator = 0;
    sql << "SELECT owner, name, is_operator FROM tokens "
           "WHERE hash = :hash AND kind = :kind AND revoked = 0",
        soci::use(hash), soci::use(word), soci::into(caller.owner), soci::into(caller.name),
        soci::into(is_operator);
    caller.is_operator = is_operator != 0;
    return sql.got_data() ? std::optional(caller) : std::nullopt;
  });
}

}  // namespace origin
