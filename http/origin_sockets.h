// OriginSockets: the sockets that libcurl has open to origins, so that a kept connection can be looked
// at before a request is put on it.
//
// On an idle HTTP/1 connection nothing may come. What lies there all the same (a second answer, the
// answer to a request that was smuggled in a body) would be taken for the answer to the next request,
// stored under its key, and every one after it would be off by one. libcurl 7.88 looks only whether
// the connection was closed.
//
// Threads    Its loop's only.
#pragma once

#include <curl/curl.h>

#include <map>
#include <string>

namespace http {

class OriginSockets {
 public:
  // What a connection is between; as libcurl names it.
  struct Ends {
    std::string local_address, origin_address;
    int local_port = 0, origin_port = 0;
    auto operator<=>(const Ends&) const = default;
  };

  // Makes the handle open and close its sockets here. This must outlive its connections.
  void watch(CURL* easy);

  // Something has come, or the other side has closed: not to be used again. False also for a
  // connection that is not known here.
  [[nodiscard]] bool is_readable(const Ends& ends);

 private:
  static curl_socket_t open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int close(void* self, curl_socket_t socket);

  std::map<Ends, curl_socket_t> by_ends_;
  std::map<curl_socket_t, Ends> open_;  // Empty ends: not looked at since it was opened.
};

}  // namespace http
