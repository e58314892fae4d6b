#include "base/check.h"
#include "http/session.h"

namespace http {

std::unique_ptr<Session> make_http1_session(SessionHost&) {
  CHECK(!"HTTP/1 is not here yet");
  return nullptr;
}

}  // namespace http
