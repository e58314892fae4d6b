#include "edge/origin_pool.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"

namespace edge {

std::string url_of(const http::Url& origin, std::string_view target) {
  std::string_view path = origin.target;
  while (path.ends_with('/')) path.remove_suffix(1);
  std::string url = origin.scheme + "://" + origin.authority();
  url += path;
  if (!target.empty() && !target.starts_with('/')) url += '/';
  return url.append(target);
}

OriginPool::OriginPool(const std::vector<std::string>& urls, OriginOrder order,
                       const HealthConfig& health, const base::Clock& clock)
    : order_(order), health_(health), clock_(clock), members_(urls.size()) {
  for (const std::string& text : urls) {
    auto url = http::parse_url(text);
    CHECK(url.has_value());
    urls_.push_back(std::move(*url));
  }
}

bool OriginPool::may_ask(const Member& member, base::MonoTime now) const {
  if (urls_.size() == 1) return true;
  // A probe that never reported (its client left) must not lock the origin out: after another
  // backoff the next one may try.
  return member.up ||
         (now >= member.retry_at && (!member.probing || now >= member.retry_at + member.backoff));
}

std::optional<std::size_t> OriginPool::pick(const std::vector<std::size_t>& tried) {
  const base::MonoTime now = clock_.mono();
  base::MutexLock lock(mutex_);
  const std::size_t first = order_ == OriginOrder::kBalanced ? turn_++ : 0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const std::size_t origin = (first + i) % members_.size();
    if (std::find(tried.begin(), tried.end(), origin) != tried.end()) continue;
    Member& member = members_[origin];
    if (!may_ask(member, now)) continue;
    if (!member.up) {
      member.probing = true;
      member.retry_at = now;
    }
    ++member.requests;
    return origin;
  }
  const auto last_resort = soonest(tried);
  if (last_resort) {
    members_[*last_resort].probing = true;
    ++members_[*last_resort].requests;
  }
  return last_resort;
}

std::optional<std::size_t> OriginPool::soonest(const std::vector<std::size_t>& tried) const {
  std::optional<std::size_t> found;
  for (std::size_t origin = 0; origin < members_.size(); ++origin) {
    if (members_[origin].up) return std::nullopt;
    if (std::find(tried.begin(), tried.end(), origin) != tried.end()) continue;
    if (!found || members_[origin].retry_at < members_[*found].retry_at) found = origin;
  }
  return found;
}

void OriginPool::inherit(const OriginPool& before) {
  if (&before == this) return;
  std::vector<Member> known;
  {
    base::MutexLock lock(before.mutex_);
    known = before.members_;
  }
  base::MutexLock lock(mutex_);
  for (std::size_t mine = 0; mine < urls_.size(); ++mine) {
    for (std::size_t theirs = 0; theirs < before.urls_.size(); ++theirs) {
      if (before.urls_[theirs] == urls_[mine]) members_[mine] = known[theirs];
    }
  }
}

void OriginPool::report_head(std::size_t origin, int status) {
  if (status < 500 || health_.check_path.empty()) return report_success(origin);
  base::MutexLock lock(mutex_);
  Member& member = members_[origin];
  member.probing = false;
  if (!member.up) member.retry_at = clock_.mono() + member.backoff;
}

void OriginPool::report_success(std::size_t origin) {
  bool came_back = false;
  {
    base::MutexLock lock(mutex_);
    Member& member = members_[origin];
    came_back = !member.up;
    member.up = true;
    member.probing = false;
    member.failures_in_row = 0;
    member.backoff = {};
  }
  if (came_back) base::log_info("origin.up", {{"origin", urls_[origin].authority()}});
}

void OriginPool::report_failure(std::size_t origin, std::string_view why) {
  bool went_down = false;
  {
    base::MutexLock lock(mutex_);
    Member& member = members_[origin];
    ++member.failures;
    ++member.failures_in_row;
    const bool was_probe = std::exchange(member.probing, false);
    if (member.failures_in_row < health_.failures) return;
    // Those that were under way when it went down say nothing new.
    if (!member.up && !was_probe) return;
    went_down = member.up;
    member.up = false;
    member.backoff = member.backoff.count() == 0
                         ? health_.backoff
                         : std::min(member.backoff * 2, health_.backoff_max);
    member.retry_at = clock_.mono() + member.backoff;
  }
  if (went_down) {
    base::log_warning("origin.down",
                      {{"origin", urls_[origin].authority()}, {"reason", std::string(why)}});
  }
}

std::vector<OriginState> OriginPool::states() const {
  std::vector<OriginState> states;
  base::MutexLock lock(mutex_);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    states.push_back({url_of(urls_[i], {}), member.up, member.failures_in_row, member.requests,
                      member.failures});
  }
  return states;
}

}  // namespace edge
