// Router: which handler a method and a path lead to.
//
//   router.add({"POST", "/api/v1/videos/{id}/retry", Access::kOwner, 4096, handler});
//
// {name} stands for one segment, percent-decoded; it never holds "/" or control characters.
// Threads    add() before the first find(); then any.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/exchange.h"
#include "origin/api/body_taker.h"
#include "origin/api/call.h"

namespace origin {

enum class Access {
  kAnyone,
  kOwner,     // With an API token.
  kOperator,  // With an API token that may also run the platform.
  kWorker,    // With a worker's.
};

struct Route {
  // The whole body in memory, at most `body_max`.
  using Handle = std::function<base::Result<ApiAnswer>(const ApiCall& call, std::string body)>;
  // The body piece by piece.
  using Take = std::function<base::Result<std::unique_ptr<BodyTaker>>(const ApiCall& call)>;
  // Answers by itself, over time. Called on the exchange's loop.
  using Stream =
      std::function<std::unique_ptr<http::Responder>(http::Exchange& exchange, ApiCall call)>;

  std::string method;
  std::string pattern;
  Access access = Access::kOwner;
  std::size_t body_max = 0;  // For `handle`.
  Handle handle = nullptr;   // One of the three.
  Take take = nullptr;
  Stream stream = nullptr;
};

class Router {
 public:
  void add(Route route);

  struct Found {
    const Route* route = nullptr;    // Null: none for this method.
    std::vector<std::string> names;  // What stood for {…}.
    std::string allow;               // The methods there are; empty: no such path.
  };
  // HEAD leads to GET. `path` without query.
  [[nodiscard]] Found find(std::string_view method, std::string_view path) const;

  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

// Percent-decodes; none when it is malformed, no UTF-8, or holds a control character.
std::optional<std::string> percent_decode(std::string_view text);
// "a=1&b=x%20y" as pairs; malformed ones are left out.
std::map<std::string, std::string> parse_query(std::string_view query);

}  // namespace origin
