// HTTP/1.1 responses read as a load tool needs them: strictly enough to count every broken one,
// with no more of the head kept than status, length and range.
//
// One exchange at a time; no pipelining. Bodies are framed by Content-Length, chunked coding or the
// connection's end.
#pragma once

#include <cstdint>

#include "bench/load/session.h"

namespace load {

class Http1Session final : public Session {
 public:
  static constexpr std::size_t kHeadBytesMax = 64 * 1024;

  Http1Session(const RequestCommon& common, SessionEvents& events);

  [[nodiscard]] std::size_t streams_max() const override { return 1; }
  [[nodiscard]] bool accepts() const override { return !spent_ && exchange_ == nullptr; }
  [[nodiscard]] bool is_spent() const override { return spent_; }
  void submit(Exchange& exchange) override;
  void abandon(Exchange& exchange) override;
  bool receive(std::span<const std::byte> bytes) override;
  void produce(std::string& output) override;
  void close() override;

 private:
  // kHead → kBody → kHead, or kHead → kChunkSize → kChunk → kChunkEnd → … → kTrailer → kHead.
  enum class State {
    kHead,       // Collecting lines up to the empty one.
    kBody,       // remaining_ more bytes.
    kUntilEnd,   // Until the connection ends.
    kChunkSize,  // A line with a chunk's size.
    kChunk,      // remaining_ more bytes of it.
    kChunkEnd,   // The empty line behind it.
    kTrailer,    // Lines up to the empty one.
  };

  // Each consumes from the front of `bytes`; false: broken.
  bool take_head(std::span<const std::byte>& bytes);
  bool take_body(std::span<const std::byte>& bytes);
  bool take_line(std::span<const std::byte>& bytes);
  bool parse_head(std::string_view head);
  bool parse_field(std::string_view line, ResponseHead& head);
  bool on_line(std::string_view line);
  void end(End end);

  const RequestCommon& common_;
  SessionEvents& events_;
  Exchange* exchange_ = nullptr;
  std::string output_;
  std::string partial_;  // A head or line that is not whole yet.
  State state_ = State::kHead;
  std::uint64_t remaining_ = 0;
  bool chunked_ = false;
  bool keep_alive_ = true;
  bool spent_ = false;
  bool response_begun_ = false;
  bool first_exchange_ = true;
};

}  // namespace load
