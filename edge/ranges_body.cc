#include "edge/ranges_body.h"

#include <algorithm>
#include <utility>

namespace edge {

RangesBody::RangesBody(Worker& worker, base::Ref<const cache::Object> object,
                       base::Ref<const Target> target, http::Multipart parts,
                       ObjectBody::Opened opened, std::function<void()> wake)
    : worker_(worker),
      object_(std::move(object)),
      target_(std::move(target)),
      parts_(std::move(parts)),
      opened_(opened),
      wake_(std::move(wake)) {
  begin_part();
}

void RangesBody::begin_part() {
  const http::ByteRange range = parts_.ranges()[next_part_];
  text_ = base::Slice::of(parts_.part_head(next_part_));
  part_ = std::make_unique<ObjectBody>(worker_, object_, target_, range.first, range.last, opened_,
                                       wake_);
  ++next_part_;
}

http::Pulled RangesBody::pull(std::size_t max) {
  while (true) {
    if (!text_.empty()) {
      base::Slice piece = text_.sub(0, std::min(max, text_.size()));
      text_.remove_prefix(piece.size());
      return http::Pulled::some(std::move(piece));
    }
    if (has_ended_) return http::Pulled::end();
    http::Pulled pulled = part_->pull(max);
    if (pulled.state != http::Pulled::State::kEnd) return pulled;
    if (next_part_ < parts_.ranges().size()) {
      begin_part();
    } else {
      text_ = base::Slice::of(parts_.end());
      has_ended_ = true;
    }
  }
}

}  // namespace edge
