// Http2Callbacks: where nghttp2 calls into an Http2Session.
#pragma once

typedef struct nghttp2_session nghttp2_session;

namespace http {

class Http2Session;

struct Http2Callbacks {
  // A server's nghttp2 session whose callbacks go to `session`.
  static nghttp2_session* make_session(Http2Session& session);

 private:
  struct Table;
};

}  // namespace http
