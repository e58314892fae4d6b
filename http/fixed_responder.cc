#include <algorithm>
#include <string>
#include <utility>

#include "http/exchange.h"

namespace http {
namespace {

class FixedResponder final : public Responder {
 public:
  FixedResponder(Exchange& exchange, ResponseHead head, std::string body)
      : exchange_(exchange), head_(std::move(head)), body_(base::Slice::of(std::move(body))) {}

  void start() override { exchange_.respond(std::move(head_), body_.size()); }

  Pulled pull(std::size_t max) override {
    if (body_.empty()) return Pulled::end();
    const std::size_t size = std::min(max, body_.size());
    base::Slice piece = body_.sub(0, size);
    body_.remove_prefix(size);
    return Pulled::some(std::move(piece));
  }

 private:
  Exchange& exchange_;
  ResponseHead head_;
  base::Slice body_;
};

}  // namespace

std::unique_ptr<Responder> make_fixed_responder(Exchange& exchange, ResponseHead head,
                                                std::string body) {
  return std::make_unique<FixedResponder>(exchange, std::move(head), std::move(body));
}

}  // namespace http
