// Refusal: an error answer with a problem document, and which status an Error becomes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/body.h"
#include "http/exchange.h"
#include "http/problem.h"

namespace edge {

// The origin's blame: 504 for a timeout, else 502. Ours: 503 when overloaded, else 500. The
// client's: 400.
int status_of(const base::Error& error);
// What the client may know of it: no address of an origin.
std::string_view public_text(const base::Error& error);

std::string_view name_of(http::Ending ending);  // "complete", "client_left", …

class Refusal final : public http::BodySource {
 public:
  Refusal(int status, std::string_view detail)
      : status_(status),
        body_(base::Slice::of(http::to_json({.status = status, .detail = detail}))),
        length_(body_.size()) {}

  [[nodiscard]] http::ResponseHead head() const { return http::head_of({.status = status_}); }
  [[nodiscard]] std::uint64_t length() const { return length_; }

  http::Pulled pull(std::size_t max) override {
    if (body_.empty()) return http::Pulled::end();
    base::Slice piece = body_.sub(0, std::min(max, body_.size()));
    body_.remove_prefix(piece.size());
    return http::Pulled::some(std::move(piece));
  }

 private:
  const int status_;
  base::Slice body_;
  const std::uint64_t length_;
};

}  // namespace edge
