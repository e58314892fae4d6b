#include "tests/media/clip.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "media/log.h"

namespace media {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(command.c_str(), "r");
  CHECK(pipe != nullptr);
  char buffer[65536];
  for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    text.append(buffer, got);
  }
  const int status = ::pclose(pipe);
  if (status != 0) std::fprintf(stderr, "failed: %s\n%s\n", command.c_str(), text.c_str());
  CHECK(status == 0);
  return text;
}

class FileSource final : public ByteSource {
 public:
  explicit FileSource(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    bytes_ = all.str();
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    CHECK(offset + into.size() <= bytes_.size());
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }

 private:
  std::string bytes_;
};

// A file with these bytes for as long as it lives.
struct Written {
  fs::path path;
  explicit Written(const std::string& bytes) {
    std::string name = (fs::temp_directory_path() / "headrace-clip-XXXXXX").native();
    const int fd = ::mkstemp(name.data());
    CHECK(fd >= 0);
    ::close(fd);
    path = name;
    std::ofstream(path, std::ios::binary) << bytes;
  }
  ~Written() { fs::remove(path); }
};

}  // namespace

void Clip::choose_place(const std::string& extension) {
  keep_libav_quiet();
  std::string name = (fs::temp_directory_path() / "headrace-clip-XXXXXX").native();
  CHECK(::mkdtemp(name.data()) != nullptr);
  directory_ = name;
  file_ = directory_ / ("clip." + extension);
}

Clip::Clip(const std::string& arguments, const std::string& extension) {
  choose_place(extension);
  output_of("ffmpeg -v error -nostdin -y " + arguments + " " + file_.native() + " 2>&1");
}

Clip::Clip(std::initializer_list<const Clip*> parts, const std::string& extension) {
  choose_place(extension);
  std::ofstream joined(file_, std::ios::binary);
  for (const Clip* part : parts) joined << std::ifstream(part->file_, std::ios::binary).rdbuf();
}

Clip::~Clip() { fs::remove_all(directory_); }

std::unique_ptr<ByteSource> Clip::open() const { return std::make_unique<FileSource>(file_); }

nlohmann::json Clip::ffprobe_bytes(const std::string& bytes, const std::string& stream) {
  const Written file(bytes);
  const std::string text = output_of(
      "ffprobe -v error -count_frames -show_streams -of json "
      "-select_streams " +
      stream + " " + file.path.native());
  return nlohmann::json::parse(text).at("streams").at(0);
}

double Clip::psnr_of(const std::string& bytes) const {
  const Written file(bytes);
  const std::string text =
      output_of("ffmpeg -v info -nostdin -i " + file.path.native() + " -i " + file_.native() +
                " -lavfi "
                "'[0:v]settb=1/90000,setpts=N*3003[a];[1:v]settb=1/"
                "90000,setpts=N*3003[b];[a][b]psnr' -f null - 2>&1");
  const auto at = text.rfind("average:");
  CHECK(at != std::string::npos);
  return std::strtod(text.c_str() + at + 8, nullptr);
}

std::vector<float> Clip::samples_of(const std::string& bytes) {
  const Written file(bytes);
  const std::string raw = output_of("ffmpeg -v error -nostdin -i " + file.path.native() +
                                    " -ac 2 -ar 48000 -f f32le -");
  std::vector<float> samples(raw.size() / sizeof(float));
  std::memcpy(samples.data(), raw.data(), samples.size() * sizeof(float));
  return samples;
}

double Clip::loudest_at(const std::string& bytes) {
  const std::vector<float> samples = samples_of(bytes);
  const auto loudest =
      std::ranges::max_element(samples, {}, [](float one) { return std::abs(one); });
  const std::ptrdiff_t moment = (loudest - samples.begin()) / 2;
  return static_cast<double>(moment) / 48'000;
}

double Clip::loudness() const {
  const std::string text = output_of("ffmpeg -v info -nostdin -i " + file_.native() +
                                     " -af ebur128=dualmono=true:framelog=verbose -f null - 2>&1");
  const auto at = text.rfind("I:");
  CHECK(at != std::string::npos);
  return std::strtod(text.c_str() + at + 2, nullptr);
}

double Clip::loudness_of(const std::string& bytes) {
  const Written file(bytes);
  return Clip("-i " + file.path.native() + " -c copy").loudness();
}

std::string Collected::joined(const std::string& prefix) const {
  std::string bytes = products.at(prefix + "/init").bytes;
  for (int i = 0;; ++i) {
    const auto segment = products.find(prefix + "/seg/" + std::to_string(i));
    if (segment == products.end()) return bytes;
    bytes += segment->second.bytes;
  }
}

}  // namespace media
