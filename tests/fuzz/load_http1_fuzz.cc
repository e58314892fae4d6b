// What a load tool reads from an HTTP/1.1 server, cut at arbitrary places.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "bench/load/http1_session.h"

namespace {

class Client final : public load::SessionEvents {
 public:
  void on_head(load::Exchange&, const load::ResponseHead&) override {}
  bool on_body(load::Exchange&, std::span<const std::byte>) override { return true; }
  void on_end(load::Exchange&, load::End) override { ++ends; }
  int ends = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 64 + 1;
  auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  Client client;
  const load::RequestCommon common;
  const load::Object object{"/a", {}, 0};
  load::Http1Session session(common, client);
  load::Exchange exchange;
  load::Plan plan;
  plan.object = &object;
  exchange.begin(plan, load::Verify::kLength);
  session.submit(exchange);
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    if (!session.receive(part)) break;
  }
  session.close();
  if (client.ends != 1) std::abort();  // Exactly one end for each exchange.
  return 0;
}
