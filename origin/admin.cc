#include "origin/admin.h"

#include <string>
#include <string_view>

#include "http/problem.h"

namespace origin {
namespace {

std::unique_ptr<http::Responder> plain(http::Exchange& exchange, int status, std::string text) {
  http::ResponseHead head{.status = status};
  head.own = {{"content-type", "text/plain; charset=utf-8"}, {"cache-control", "no-store"}};
  return http::make_fixed_responder(exchange, std::move(head), std::move(text));
}

}  // namespace

std::unique_ptr<http::Responder> make_admin_responder(http::Exchange& exchange,
                                                      const base::Metrics& metrics,
                                                      bool is_draining) {
  const http::RequestHead& request = exchange.request();
  const std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  const auto problem = [&](int status) {
    const http::Problem what{.status = status};
    http::ResponseHead head = http::head_of(what);
    if (status == 405) head.own.add("allow", "GET, HEAD");
    return http::make_fixed_responder(exchange, std::move(head), http::to_json(what));
  };
  if (path != "/metrics" && path != "/healthz" && path != "/readyz") return problem(404);
  if (request.method != "GET" && request.method != "HEAD") return problem(405);
  if (path == "/readyz" && is_draining) return plain(exchange, 503, "draining\n");
  if (path != "/metrics") return plain(exchange, 200, "ok\n");

  http::ResponseHead head;
  head.own = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"},
              {"cache-control", "no-store"}};
  return http::make_fixed_responder(exchange, std::move(head), metrics.text());
}

}  // namespace origin
