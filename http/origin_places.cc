#include "http/origin_places.h"

#include <utility>

namespace http {

OriginPlaces::Answer OriginPlaces::ask(Transfer& transfer, const std::string& origin,
                                       std::uint32_t places, std::size_t line) {
  Origin& at = origins_[origin];
  at.places = places;
  if (at.taken < places && at.line.empty()) {
    ++at.taken;
    standing_[&transfer] = {origin, true, {}};
    return Answer::kTaken;
  }
  if (at.line.size() >= line) return Answer::kFull;
  at.line.push_back(&transfer);
  standing_[&transfer] = {origin, false, std::prev(at.line.end())};
  ++waiting_;
  return Answer::kWaits;
}

void OriginPlaces::leave(Transfer& transfer) {
  const auto left = standing_.extract(&transfer);
  if (left.empty()) return;
  const Standing& was = left.mapped();
  const auto entry = origins_.find(was.origin);
  Origin& at = entry->second;
  if (was.has_place) {
    --at.taken;
  } else {
    at.line.erase(was.in_line);
    --waiting_;
  }
  if (at.taken == 0 && at.line.empty()) origins_.erase(entry);
}

Transfer* OriginPlaces::next(const std::string& origin) {
  const auto entry = origins_.find(origin);
  if (entry == origins_.end()) return nullptr;
  Origin& at = entry->second;
  if (at.line.empty() || at.taken >= at.places) return nullptr;
  Transfer* const next = at.line.front();
  at.line.pop_front();
  --waiting_;
  ++at.taken;
  standing_.at(next).has_place = true;
  return next;
}

}  // namespace http
