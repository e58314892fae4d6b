#include "edge/health_check.h"

#include <utility>

#include "edge/target.h"

namespace edge {

// One origin, asked again and again.
class HealthChecks::Check final : private http::FetchEvents {
 public:
  Check(http::EventLoop& loop, http::Client& client, std::shared_ptr<const Site> site,
        std::size_t origin)
      : client_(client), site_(std::move(site)), origin_(origin), timer_(loop, [this] { ask(); }) {
    timer_.arm(std::chrono::microseconds(0));
  }

 private:
  void ask() {
    const HealthConfig& health = site_->config.health;
    const http::Url& url = site_->origins.url(origin_);
    http::FetchRequest request;
    request.url = url_of(url, health.check_path);
    request.fields.add("host", host_of(*site_, url, site_->config.hosts.front()));
    request.fields.add("user-agent", "headrace-edge health check");
    request.tls = site_->tls;
    request.timeouts = {health.check_timeout, health.check_timeout, health.check_timeout,
                        health.check_timeout};
    status_ = 0;
    fetch_ = client_.start(std::move(request), *this);
  }

  void on_head(int status, base::Fields) override { status_ = status; }
  bool on_body(std::string_view) override { return true; }
  void on_end(base::Result<void> outcome) override {
    if (outcome && status_ >= 200 && status_ < 300) {
      site_->origins.report_success(origin_);
    } else {
      site_->origins.report_failure(origin_, outcome ? "its health check was not answered with 2xx"
                                                     : outcome.error().context);
    }
    timer_.arm(site_->config.health.check_interval);
  }

  http::Client& client_;
  const std::shared_ptr<const Site> site_;
  const std::size_t origin_;
  int status_ = 0;
  http::Timer timer_;
  std::unique_ptr<http::Fetch> fetch_;
};

HealthChecks::HealthChecks(http::EventLoop& loop, http::Client& client)
    : loop_(loop), client_(client) {}
HealthChecks::~HealthChecks() = default;

void HealthChecks::watch(const std::shared_ptr<const Revision>& revision) {
  checks_.clear();
  for (const auto& site : revision->sites.all()) {
    if (site->config.health.check_path.empty()) continue;
    for (std::size_t origin = 0; origin < site->origins.size(); ++origin) {
      checks_.push_back(std::make_unique<Check>(loop_, client_, site, origin));
    }
  }
}

}  // namespace edge
