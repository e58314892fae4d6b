// The two ends of a task: a source that is a string, a sink that remembers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/sandbox/byte_source.h"
#include "worker/sandbox/result_sink.h"

namespace worker::sandbox {

class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] base::Bytes size() const override { return base::Bytes(bytes_.size()); }
  base::Result<void> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (failing) return base::fail(base::ErrorCode::kUnreachable, "storage is away");
    reads.emplace_back(offset, into.size());
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }

  std::vector<std::pair<std::uint64_t, std::size_t>> reads;
  bool failing = false;

 private:
  std::string bytes_;
};

class RememberingSink final : public ResultSink {
 public:
  base::Result<void> open(std::uint32_t id, OutputKind kind, std::string_view name) override {
    if (failing) return base::fail(base::ErrorCode::kNoSpace, "no room for it");
    open_[id] = std::string(name);
    kinds[std::string(name)] = kind;
    return {};
  }
  base::Result<void> write(std::uint32_t id, std::string_view bytes) override {
    written[open_.at(id)].append(bytes);
    return {};
  }
  base::Result<void> close(std::uint32_t id) override {
    open_.erase(id);
    ++closed;
    return {};
  }
  base::Result<void> progressed(std::chrono::microseconds at) override {
    decoded.push_back(at);
    return {};
  }

  std::map<std::string, OutputKind> kinds;
  std::map<std::string, std::string> written;
  std::vector<std::chrono::microseconds> decoded;
  int closed = 0;
  bool failing = false;

 private:
  std::map<std::uint32_t, std::string> open_;
};

inline std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 7 + i / 4'096) & 0xff);
  return bytes;
}

}  // namespace worker::sandbox
