#include "media/probe.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "tests/media/clip.h"

namespace media {
namespace {

// Ten pictures, and a second of sound in each of some tracks.
std::string clip_with(int tracks) {
  std::string arguments =
      "-f lavfi -i testsrc2=size=64x36:rate=10:duration=1 -f lavfi -i sine=duration=1 -map 0";
  for (int i = 0; i < tracks; ++i) arguments += " -map 1";
  return arguments + " -c:v libx264 -c:a aac";
}

// The least that lets a file through.
std::size_t packets_of(const Clip& clip) {
  for (std::size_t packets = 0;; ++packets) {
    const auto source = clip.open();
    if (probe(*source, "mov", Collected().taker(), packets)) return packets;
  }
}

TEST(Probe, SaysSoWhenThereIsTooMuchToRead) {
  const Clip clip(clip_with(1));
  const auto source = clip.open();
  const auto found = probe(*source, "mov", Collected().taker(), 10);
  ASSERT_FALSE(found) << *found;
  EXPECT_EQ(found.error().code, base::ErrorCode::kTooLarge);
  EXPECT_EQ(found.error().blame, base::Blame::kClient);
  EXPECT_EQ(found.error().context,
            "The file has more than 10 pictures and pieces of sound; cut it into parts.");
}

TEST(Probe, CountsOnlyTheTracksThatItHasChosen) {
  EXPECT_EQ(packets_of(Clip(clip_with(0))), 10u);
  EXPECT_EQ(packets_of(Clip(clip_with(4))), packets_of(Clip(clip_with(1))));
}

// The first bytes of a clip.
class CutSource final : public ByteSource {
 public:
  CutSource(const Clip& clip, std::uint64_t size) : whole_(clip.open()), size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    return whole_->read(offset, into);
  }

 private:
  const std::unique_ptr<ByteSource> whole_;
  const std::uint64_t size_;
};

base::Result<nlohmann::json> probe_part(const Clip& clip, double part) {
  const auto size = static_cast<double>(clip.open()->size());
  CutSource source(clip, static_cast<std::uint64_t>(size * part));
  return probe(source, "mov", Collected().taker());
}

constexpr const char* kLonger =
    "-f lavfi -i testsrc2=size=64x36:rate=10:duration=90 -c:v libx264 -b:v 100k -movflags ";

TEST(Probe, SaysSoWhenTheFileEndsBeforeItsIndexDoes) {
  const Clip clip(std::string(kLonger) + "faststart");
  EXPECT_TRUE(probe_part(clip, 1));
  EXPECT_TRUE(probe_part(clip, 0.97)) << "a recording that was cut off";
  const auto half = probe_part(clip, 0.5);
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().code, base::ErrorCode::kCorrupt);
  EXPECT_TRUE(half.error().context.starts_with("it is not complete: of 1:29, what comes after 0:"))
      << half.error().context;
}

TEST(Probe, SaysSoWhenTheIndexIsMissing) {
  const Clip clip(kLonger + std::string("disable_chpl"));  // It stands at the end.
  const auto most = probe_part(clip, 0.97);
  ASSERT_FALSE(most);
  EXPECT_EQ(most.error().context,
            "it is damaged or not complete: it has no index that can be read. Send it again from "
            "where it was made.");
}

// One second of sound, as often as that.
base::Result<nlohmann::json> probe_tracks(int tracks, const std::string& extension,
                                          const std::string& demuxer) {
  const Clip one("-f lavfi -i sine=duration=1 -c:a aac -b:a 16k");
  std::string arguments = "-i " + one.file().native() + " -c copy";
  for (int i = 0; i < tracks; ++i) arguments += " -map 0";
  const Clip clip(arguments, extension);
  const auto source = clip.open();
  return probe(*source, demuxer, Collected().taker());
}

TEST(Probe, SaysHowManyTracksAreTooMany) {
  for (const auto& [extension, demuxer] :
       {std::pair{"mp4", "mov"}, std::pair{"mkv", "matroska"}, std::pair{"ts", "mpegts"}}) {
    EXPECT_TRUE(probe_tracks(64, extension, demuxer)) << extension;
    const auto found = probe_tracks(70, extension, demuxer);
    ASSERT_FALSE(found) << extension;
    EXPECT_EQ(found.error().code, base::ErrorCode::kTooLarge);
    EXPECT_EQ(found.error().context, "it has 70 tracks; up to 64 can be taken");
  }
}

std::uint32_t big_endian_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

// A clip with its only track so many times.
class RepeatedTrack final : public ByteSource {
 public:
  RepeatedTrack(const Clip& clip, std::uint32_t tracks) {
    const auto whole = clip.open();
    bytes_.resize(whole->size());
    CHECK(whole->read(0, bytes_));
    const std::size_t moov = bytes_.rfind("moov") - 4;  // Behind the samples, which stay in place.
    const std::size_t trak = bytes_.find("trak", moov) - 4;
    const std::string track = bytes_.substr(trak, big_endian_at(bytes_, trak));
    for (std::uint32_t i = 1; i < tracks; ++i) bytes_.insert(trak, track);
    const auto more = (tracks - 1) * static_cast<std::uint32_t>(track.size());
    const std::uint32_t size = big_endian_at(bytes_, moov) + more;
    for (std::size_t i = 0; i < 4; ++i) bytes_[moov + i] = static_cast<char>(size >> (24 - 8 * i));
  }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  base::Result<void> read(std::uint64_t offset, std::span<char> into) override {
    bytes_.copy(into.data(), into.size(), offset);
    return {};
  }

 private:
  std::string bytes_;
};

TEST(Probe, SaysThatTracksAreTooManyToBeCounted) {
  const Clip clip("-f lavfi -i sine=duration=1 -c:a aac");
  RepeatedTrack all(clip, 1'000);
  EXPECT_EQ(probe(all, "mov", Collected().taker()).error().context,
            "it has 1000 tracks; up to 64 can be taken");
  RepeatedTrack more(clip, 1'001);
  const auto found = probe(more, "mov", Collected().taker());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::ErrorCode::kTooLarge);
  EXPECT_EQ(found.error().context,
            "it has more than 1000 tracks, or takes more memory than a file may have");
}

TEST(Probe, SaysWhichSoundIsTooSlow) {
  const auto probe_rate = [](int rate) {
    const Clip clip(
        "-f lavfi -i sine=sample_rate=" + std::to_string(rate) + ":duration=2 -c:a pcm_s16le",
        "wav");
    const auto source = clip.open();
    return probe(*source, "wav", Collected().taker());
  };
  EXPECT_TRUE(probe_rate(1'000));
  EXPECT_TRUE(probe_rate(768'000));
  for (const int rate : {1, 999}) {
    const auto found = probe_rate(rate);
    ASSERT_FALSE(found) << rate;
    EXPECT_EQ(found.error().code, base::ErrorCode::kUnsupported);
    EXPECT_EQ(found.error().context, "its sound is said to have a rate of " + std::to_string(rate) +
                                         " Hz; from 1000 Hz on it can be taken");
  }
}

TEST(Probe, TakesWhatThereIsOfAFileWhoseFragmentsStop) {
  const Clip clip(std::string(kLonger) + "frag_keyframe+empty_moov -g 20");
  const auto half = probe_part(clip, 0.5);
  ASSERT_TRUE(half) << half.error().context;
  EXPECT_LT((*half)["duration_us"], 60'000'000);
}

}  // namespace
}  // namespace media
