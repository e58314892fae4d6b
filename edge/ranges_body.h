// RangesBody: several ranges of one object as a multipart/byteranges body. RFC 9110 §14.6.
//
// One ObjectBody at a time, in the order asked; part heads between them. Threads and waking as
// ObjectBody.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/object_body.h"
#include "http/body.h"
#include "http/multipart.h"

namespace edge {

class RangesBody final : public http::BodySource {
 public:
  RangesBody(Worker& worker, base::Ref<const cache::Object> object, base::Ref<const Target> target,
             http::Multipart parts, ObjectBody::Opened opened, std::function<void()> wake);

  [[nodiscard]] const http::Multipart& parts() const { return parts_; }
  http::Pulled pull(std::size_t max) override;

 private:
  void begin_part();

  Worker& worker_;
  const base::Ref<const cache::Object> object_;
  const base::Ref<const Target> target_;
  const http::Multipart parts_;
  const ObjectBody::Opened opened_;
  const std::function<void()> wake_;
  base::Slice text_;  // A part's head, or the end, as far as not yet given.
  std::unique_ptr<ObjectBody> part_;
  std::size_t next_part_ = 0;
  bool has_ended_ = false;
};

}  // namespace edge
