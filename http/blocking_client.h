// BlockingClient: one HTTP request after the other, each waited for: for workers and command lines,
// which have nothing else to do meanwhile. Daemons with loops use http/client.h.
//
// Connections are kept between requests. Redirects are not followed; the environment's proxies are
// not used.
//
// Threads    One at a time; another thread may call stop().
// Errors     kUnreachable, kTimeout, kProtocol, kTooLarge (the answer), kAborted (stop()); kInvalid: a
//            request that can't be sent (outgoing.h), of which not a byte was. An answer of whatever
//            status is no error.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/result.h"

namespace http {

struct BlockingRequest {
  std::string method = "GET";
  std::string url;
  base::Fields fields;
  // None: no body. The bytes outlive the call.
  std::optional<std::string_view> body;
  std::size_t answer_max = 64u << 20;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds body_timeout{0};        // To the answer's first byte of a body; 0: any.
  std::chrono::milliseconds stall_timeout{30'000};  // Without a byte either way.
  // Called with the bytes of the body sent so far.
  std::function<void(std::uint64_t sent)> on_sent = nullptr;
  // Where the body of a 2xx answer goes as it comes, in place of `body` below. False: enough.
  std::function<bool(std::string_view bytes)> on_body = nullptr;
};

struct BlockingAnswer {
  int status = 0;
  base::Fields fields;
  std::string body;
};

class BlockingClient {
 public:
  BlockingClient();
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  ~BlockingClient();

  base::Result<BlockingAnswer> fetch(const BlockingRequest& request);
  void stop();  // Ends the fetch under way, and all that follow.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace http
