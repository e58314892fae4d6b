// An origin that does what the test says: it records what it is asked, and the test plays the
// answers, byte by byte if it wants to; or it serves a Resource as an honest origin does.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "cache/origin.h"

namespace cache {

// Bytes that tell where they are, different for each `salt`.
inline std::string body_of(std::size_t size, unsigned salt = 0) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>((i * 131) ^ (i >> 8) ^ (i >> 16) * 7 ^ salt * 59);
  }
  return bytes;
}

struct Resource {
  std::string bytes;
  std::string etag;  // With its quotes; empty: none.
  base::Fields fields{{"cache-control", "max-age=60"}};
  int status = 200;
  bool sends_ranges = true;
  bool sends_length = true;  // Else the body ends when it ends: by its framing,
  bool is_framed = true;     // or with the connection.
};

class ScriptedOrigin final : public Origin {
 public:
  // One request and the test's means to answer it.
  class Exchange {
   public:
    Exchange(OriginRequest sent, OriginEvents& told) : request(std::move(sent)), events_(&told) {}

    const OriginRequest request;

    // Each is ignored once the fill has dropped the fetch.
    void head(int status, base::Fields fields) {
      answered_ = true;
      if (events_ != nullptr) events_->on_head(status, std::move(fields));
    }
    bool body(std::string_view bytes) {
      if (events_ == nullptr) return true;
      paused_ = !events_->on_body(bytes);
      return !paused_;
    }
    void end(base::Result<void> outcome = {}) {
      if (OriginEvents* events = std::exchange(events_, nullptr))
        events->on_end(std::move(outcome));
    }
    void cut() {
      end(base::fail(base::ErrorCode::kProtocol, "connection closed", base::Blame::kOrigin));
    }

    // As an honest origin would answer, head, body and end; the body as far as it is taken.
    void serve(const Resource& resource) {
      head_of(resource);
      rest(resource);
    }
    void head_of(const Resource& resource) {
      base::Fields fields = resource.fields;
      if (!resource.etag.empty()) fields.set("etag", resource.etag);
      const bool same = !resource.etag.empty() && request.if_none_match == resource.etag;
      if (same) {
        first_ = last_ = 0;
        return head(304, std::move(fields));
      }
      first_ = 0;
      last_ = resource.bytes.size();
      int status = resource.status;
      if (request.range && resource.sends_ranges && status == 200 &&
          (request.if_range.empty() || request.if_range == resource.etag)) {
        if (request.range->first >= resource.bytes.size()) {
          last_ = 0;
          fields.set("content-range", "bytes */" + std::to_string(resource.bytes.size()));
          fields.set("content-length", "0");
          return head(416, std::move(fields));
        }
        status = 206;
        first_ = request.range->first;
        last_ = std::min<std::uint64_t>(
            last_, request.range->last.value_or(resource.bytes.size() - 1) + 1);
        fields.set("content-range", "bytes " + std::to_string(first_) + "-" +
                                        std::to_string(last_ - 1) + "/" +
                                        std::to_string(resource.bytes.size()));
      }
      ends_with_connection_ = !resource.is_framed;
      if (resource.sends_length) fields.set("content-length", std::to_string(last_ - first_));
      head(status, std::move(fields));
    }
    // Sends up to `size` more bytes of the answer, in pieces; false when paused.
    bool some(const Resource& resource, std::size_t size) {
      while (size > 0 && first_ < last_ && events_ != nullptr) {
        const std::size_t piece = std::min<std::uint64_t>({size, last_ - first_, kPieceBytes});
        if (!body(std::string_view(resource.bytes).substr(first_, piece))) return false;
        first_ += piece;
        sent_ += piece;
        size -= piece;
      }
      return true;
    }
    void rest(const Resource& resource) {
      if (some(resource, resource.bytes.size()) && first_ == last_) end();
    }

    [[nodiscard]] bool dropped() const { return dropped_; }
    [[nodiscard]] bool answered() const { return answered_; }
    [[nodiscard]] bool paused() const { return paused_; }
    [[nodiscard]] bool live() const { return events_ != nullptr; }
    [[nodiscard]] std::uint64_t bytes_sent() const { return sent_; }
    [[nodiscard]] std::uint64_t bytes_left() const { return last_ - first_; }

   private:
    friend class ScriptedOrigin;
    static constexpr std::size_t kPieceBytes = 16'000;
    OriginEvents* events_;
    bool dropped_ = false;
    bool ends_with_connection_ = false;
    bool answered_ = false;
    bool paused_ = false;
    std::uint64_t first_ = 0, last_ = 0;  // Of the body still to send.
    std::uint64_t sent_ = 0;
  };

  std::unique_ptr<OriginFetch> fetch(OriginRequest request, OriginEvents& events) override {
    exchanges_.push_back(std::make_shared<Exchange>(std::move(request), events));
    return std::make_unique<Fetch>(exchanges_.back());
  }

  [[nodiscard]] std::size_t asked() const { return exchanges_.size(); }
  Exchange& operator[](std::size_t index) {
    CHECK(index < exchanges_.size());
    return *exchanges_[index];
  }
  Exchange& last() { return (*this)[exchanges_.size() - 1]; }
  [[nodiscard]] std::size_t live() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(exchanges_, [](const auto& one) { return one->live(); }));
  }
  // Answers all that is unanswered and goes on with what is under way. True if there was anything.
  bool serve(const Resource& resource) {
    bool did = false;
    for (std::size_t i = 0; i < exchanges_.size(); ++i) {
      Exchange& exchange = *exchanges_[i];
      if (!exchange.live()) continue;
      if (!exchange.answered()) {
        exchange.serve(resource);
        did = true;
      } else if (!exchange.paused()) {
        exchange.rest(resource);
        did = true;
      }
    }
    return did;
  }

 private:
  class Fetch final : public OriginFetch {
   public:
    explicit Fetch(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;
    ~Fetch() override {
      if (exchange_->events_ != nullptr) exchange_->dropped_ = true;
      exchange_->events_ = nullptr;
    }
    void resume() override { exchange_->paused_ = false; }
    [[nodiscard]] bool ends_with_connection() const override {
      return exchange_->ends_with_connection_;
    }

   private:
    std::shared_ptr<Exchange> exchange_;
  };

  std::vector<std::shared_ptr<Exchange>> exchanges_;
};

}  // namespace cache
