// Clip: a file made by the ffmpeg program for a test, and what independent programs say of what was
// made of it.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "media/byte_source.h"
#include "media/product.h"

namespace media {

class Clip {
 public:
  // `arguments` of ffmpeg, without the output. CHECKs.
  explicit Clip(const std::string& arguments, const std::string& extension = "mp4");
  // The parts' bytes, one behind the other.
  Clip(std::initializer_list<const Clip*> parts, const std::string& extension);
  Clip(const Clip&) = delete;
  Clip& operator=(const Clip&) = delete;
  ~Clip();

  [[nodiscard]] std::unique_ptr<ByteSource> open() const;
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

  // What ffprobe says of the stream, frames counted.
  static nlohmann::json ffprobe_bytes(const std::string& bytes, const std::string& stream);
  // Of the pictures against this clip's, one to one.
  [[nodiscard]] double psnr_of(const std::string& bytes) const;
  // Stereo at 48 kHz, interleaved, in floating point.
  static std::vector<float> samples_of(const std::string& bytes);
  // When the loudest sample sounds, in seconds.
  static double loudest_at(const std::string& bytes);
  // Integrated, in LUFS, by EBU R 128 (ITU BS.1770); mono as played by two loudspeakers.
  [[nodiscard]] double loudness() const;
  static double loudness_of(const std::string& bytes);

 private:
  void choose_place(const std::string& extension);

  std::filesystem::path directory_;
  std::filesystem::path file_;
};

// Keeps all products.
struct Collected {
  std::map<std::string, Product> products;
  Taker taker() {
    return {.product = [this](Product product) -> base::Result<void> {
      const std::string key = product.key;
      products[key] = std::move(product);
      return {};
    }};
  }
  // Init and segments under "RUNG/UNIT", as one file.
  [[nodiscard]] std::string joined(const std::string& prefix) const;
};

}  // namespace media
