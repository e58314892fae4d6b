#include "origin/uploads/chunk_api.h"

#include <string>
#include <utility>
#include <vector>

namespace origin {
namespace {

// 70 bytes a hash: files of 800 GB in chunks of 4 MiB.
constexpr std::size_t kListBytesMax = 16u << 20;

class ChunkTaker final : public BodyTaker {
 public:
  ChunkTaker(Ledger& ledger, std::int64_t owner, std::string hash, ChunkStore::Writer writer)
      : ledger_(ledger), owner_(owner), hash_(std::move(hash)), writer_(std::move(writer)) {}

  base::Result<void> take(std::string_view bytes) override { return writer_.append(bytes); }

  base::Result<ApiAnswer> finish() override {
    if (writer_.size() == 0) {
      return base::fail(base::ErrorCode::kInvalid, "a chunk has at least one byte");
    }
    if (auto fits = ledger_.check_quota(owner_, writer_.size()); !fits) {
      return std::unexpected(fits.error());
    }
    const auto kept = ledger_.keep(owner_, std::move(writer_), hash_);
    if (!kept) return std::unexpected(kept.error());
    return ApiAnswer::json({{"hash", kept->hash}, {"size", kept->size}}, 201);
  }

 private:
  Ledger& ledger_;
  const std::int64_t owner_;
  const std::string hash_;
  ChunkStore::Writer writer_;
};

base::Result<ApiAnswer> tell_missing(Ledger& ledger, std::size_t count_max, const ApiCall& call,
                                     const std::string& body) {
  const auto request = parse_object(body);
  if (!request) return std::unexpected(request.error());
  std::vector<std::string> hashes;
  const auto list = request->find("hashes");
  if (list == request->end() || !list->is_array()) {
    return base::fail(base::ErrorCode::kInvalid, "expected \"hashes\", a list");
  }
  if (list->size() > count_max) {
    return base::fail(base::ErrorCode::kTooLarge,
                      "\"hashes\" may have " + std::to_string(count_max) +
                          ", those of the largest file that is taken; ask for them in parts",
                      base::Blame::kClient);
  }
  for (const auto& hash : *list) {
    if (!hash.is_string() || !base::is_sha256_hex(hash.get_ref<const std::string&>())) {
      return base::fail(base::ErrorCode::kInvalid,
                        "each of \"hashes\" must be a SHA-256 in 64 lower-case hex digits");
    }
    hashes.push_back(hash.get<std::string>());
  }
  const auto missing = ledger.missing(call.caller->owner, hashes);
  if (!missing) return std::unexpected(missing.error());
  return ApiAnswer::json({{"missing", *missing}});
}

base::Result<std::unique_ptr<BodyTaker>> take_chunk(Ledger& ledger, const ApiCall& call) {
  const std::string& hash = call.names[0];
  if (!base::is_sha256_hex(hash)) {
    return base::fail(base::ErrorCode::kInvalid,
                      "the path must end in a SHA-256 in 64 lower-case hex digits");
  }
  const std::uint64_t length = call.head.body_length.value_or(0);
  if (length > ChunkStore::kChunkMax.count()) {
    return base::fail(base::ErrorCode::kTooLarge,
                      "a chunk may have " + base::to_string(ChunkStore::kChunkMax));
  }
  auto writer = ledger.chunks().begin(length);
  if (!writer) return std::unexpected(writer.error());
  return std::make_unique<ChunkTaker>(ledger, call.caller->owner, hash, std::move(*writer));
}

}  // namespace

void add_chunk_routes(Router& router, Ledger& ledger, base::Bytes file_max) {
  const auto count_max =
      static_cast<std::size_t>(file_max.count() / ChunkStore::kChunkMin.count()) + 1;
  router.add({.method = "POST",
              .pattern = "/api/v1/chunks/missing",
              .body_max = kListBytesMax,
              .handle = [&ledger, count_max](const ApiCall& call, const std::string& body) {
                return tell_missing(ledger, count_max, call, body);
              }});
  router.add({.method = "PUT",
              .pattern = "/api/v1/chunks/{sha256}",
              .take = [&ledger](const ApiCall& call) { return take_chunk(ledger, call); }});
}

}  // namespace origin
