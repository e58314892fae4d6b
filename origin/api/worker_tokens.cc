#include "origin/api/worker_tokens.h"

#include <algorithm>
#include <string>

#include "base/random.h"

namespace origin {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr const char* kAll = "/api/v1/worker-tokens";
constexpr std::size_t kSmallBody = 4u << 10;
constexpr std::size_t kRandomLength = 6;

// A name tells tokens apart for who revokes one, by a path that ends in it.
base::Result<std::string> name_in(const json& request) {
  const auto name = request.find("name");
  if (name == request.end()) return "worker-" + base::random_name(kRandomLength);
  const auto unfit = [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20; };
  if (name->is_string() && std::ranges::none_of(name->get_ref<const std::string&>(), unfit)) {
    return name->get<std::string>();
  }
  return base::fail(ErrorCode::kInvalid,
                    "\"name\" must be a string without slashes and control characters",
                    base::Blame::kClient);
}

base::Result<ApiAnswer> create(Tokens& tokens, const std::string& body) {
  const auto request = parse_object(body);
  if (!request) return std::unexpected(request.error());
  const auto name = name_in(*request);
  if (!name) return std::unexpected(name.error());
  const auto token = tokens.create_worker(*name);
  if (!token) return std::unexpected(token.error());
  return ApiAnswer::json({{"name", *name}, {"token", *token}}, 201);
}

base::Result<ApiAnswer> list(const Tokens& tokens) {
  const auto good = tokens.workers();
  if (!good) return std::unexpected(good.error());
  json data = json::array();
  for (const WorkerToken& token : *good) {
    data.push_back({{"name", token.name}, {"created_us", token.created_us}});
  }
  return ApiAnswer::json({{"data", data}});
}

base::Result<ApiAnswer> revoke(Tokens& tokens, const std::string& name) {
  const auto revoked = tokens.revoke_workers(name);
  if (!revoked) return std::unexpected(revoked.error());
  if (*revoked == 0) {
    return base::fail(ErrorCode::kNotFound, "no worker's token has this name",
                      base::Blame::kClient);
  }
  return ApiAnswer::json({{"revoked", *revoked}});
}

}  // namespace

void add_worker_token_routes(Router& router, Tokens& tokens) {
  router.add({.method = "POST",
              .pattern = kAll,
              .access = Access::kOperator,
              .body_max = kSmallBody,
              .handle = [&tokens](const ApiCall&, const std::string& body) {
                return create(tokens, body);
              }});
  router.add({.method = "GET",
              .pattern = kAll,
              .access = Access::kOperator,
              .handle = [&tokens](const ApiCall&, const std::string&) { return list(tokens); }});
  router.add({.method = "DELETE",
              .pattern = std::string(kAll) + "/{name}",
              .access = Access::kOperator,
              .handle = [&tokens](const ApiCall& call, const std::string&) {
                return revoke(tokens, call.names[0]);
              }});
}

}  // namespace origin
