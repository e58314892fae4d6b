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

}  // namespace

base::Result<std::string> Tokens::create(std::string_view name, TokenKind kind) {
  if (name.empty() || name.size() > kNameBytesMax) {
    return base::fail(base::ErrorCode::kInvalid, "a name has 1 to 100 bytes");
  }
  std::string token = std::string(prefix_of(kind)) + base::to_base64url(base::random_bytes(32));
  const std::string hash = base::Sha256::hex_of(token);
  const std::string word = word_of(kind);
  const std::string named(name);
  const std::int64_t now = clock_.wall().time_since_epoch().count();
  const auto made = database_.write([&](soci::session& sql) -> base::Result<void> {
    const std::int64_t owner = kind == TokenKind::kApi ? owner_named(sql, named, now) : 0;
    sql << "INSERT INTO tokens (hash, kind, owner, name, created, revoked) "
           "VALUES (:hash, :kind, :owner, :name, :now, 0)",
        soci::use(hash), soci::use(word), soci::use(owner), soci::use(named), soci::use(now);
    return {};
  });
  if (!made) return std::unexpected(made.error());
  return token;
}

base::Result<int> Tokens::revoke(std::string_view name) {
  const std::string named(name);
  return database_.write([&](soci::session& sql) -> base::Result<int> {
    soci::statement update =
        (sql.prepare << "UPDATE tokens SET revoked = 1 WHERE name = :name AND revoked = 0",
         soci::use(named));
    update.execute(true);
    return static_cast<int>(update.get_affected_rows());
  });
}

base::Result<std::optional<Caller>> Tokens::find(std::string_view token, TokenKind kind) const {
  if (!token.starts_with(prefix_of(kind))) return std::optional<Caller>();
  const std::string hash = base::Sha256::hex_of(token);
  const std::string word = word_of(kind);
  return database_.read([&](soci::session& sql) -> base::Result<std::optional<Caller>> {
    Caller caller;
    sql << "SELECT owner, name FROM tokens WHERE hash = :hash AND kind = :kind AND revoked = 0",
        soci::use(hash), soci::use(word), soci::into(caller.owner), soci::into(caller.name);
    return sql.got_data() ? std::optional(caller) : std::nullopt;
  });
}

}  // namespace origin
