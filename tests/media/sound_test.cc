#include "media/sound.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "media/probe.h"
#include "tests/media/clip.h"

namespace media {
namespace {

using nlohmann::json;

constexpr int kRate = 48'000;

// The track that is made of a clip, as one file.
std::string encoded(const Clip& clip, const std::string& demuxer) {
  auto source = clip.open();
  const auto found = probe(*source, demuxer, Collected().taker());
  EXPECT_TRUE(found) << found.error().context;
  if (!found) return {};
  const double seconds = found->at("duration_us").get<double>() / 1e6;
  const json spec{{"container", demuxer},
                  {"audio", found->at("audio")},
                  {"frames", static_cast<int>(std::ceil(seconds * kRate / 1'024))},
                  {"boundaries", {0}}};
  Collected made;
  auto again = clip.open();
  const auto done = encode_sound(*again, spec, made.taker());
  EXPECT_TRUE(done) << done.error().context;
  return made.joined("audio/0");
}

// One side of what was decoded.
class Side {
 public:
  Side(const std::vector<float>& interleaved, std::size_t side) {
    for (std::size_t i = side; i < interleaved.size(); i += 2) samples_.push_back(interleaved[i]);
  }
  [[nodiscard]] std::span<const float> between(double from, double to) const {
    const auto first = static_cast<std::size_t>(from * kRate);
    const auto end = static_cast<std::size_t>(to * kRate);
    EXPECT_LE(end, samples_.size());
    return std::span(samples_).subspan(first, std::min(end, samples_.size()) - first);
  }
  [[nodiscard]] double loudest_at(double from, double to) const {
    const auto part = between(from, to);
    const auto loudest =
        std::ranges::max_element(part, {}, [](float one) { return std::abs(one); });
    return from + static_cast<double>(loudest - part.begin()) / kRate;
  }
  // dB of full scale.
  [[nodiscard]] double level(double from, double to) const {
    double power = 0;
    const auto part = between(from, to);
    for (const float one : part) power += static_cast<double>(one) * one;
    return 10 * std::log10(power / static_cast<double>(part.size()) + 1e-12);
  }

 private:
  std::vector<float> samples_;
};

// Of what oscillates `hertz` times a second, in dB of full scale.
double level_of(std::span<const float> samples, double hertz) {
  double real = 0;
  double imaginary = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double turn = 2 * std::numbers::pi * hertz * static_cast<double>(i) / kRate;
    real += samples[i] * std::cos(turn);
    imaginary += samples[i] * std::sin(turn);
  }
  return 20 *
         std::log10(2 * std::hypot(real, imaginary) / static_cast<double>(samples.size()) + 1e-9);
}

// Pink as far as AAC of 128 kb/s reaches: what it leaves out above 16 kHz is no matter of mixing.
std::string noise(int seed, double amplitude, const std::string& more = "") {
  return "anoisesrc=color=pink:sample_rate=48000:duration=12:seed=" + std::to_string(seed) +
         ":amplitude=" + std::to_string(amplitude) + ",lowpass=f=10000,lowpass=f=10000" + more;
}

TEST(Sound, BeginsWhereTheSourceBegins) {
  // A click at one second exactly.
  const Clip clip("-f lavfi -i 'aevalsrc=0.9*gte(t\\,1)*lt(t\\,1.001):s=48000:d=5' -c:a pcm_s16le",
                  "mov");
  const std::string whole = encoded(clip, "mov");
  EXPECT_EQ(Clip::ffprobe_bytes(whole, "a:0").at("nb_read_frames"), "235");
  EXPECT_NEAR(Clip::loudest_at(whole), 1.0005, 0.001);
}

TEST(Sound, StereoIsAsLoudAsItWas) {
  const Clip clip("-filter_complex '" + noise(1, 0.5) + "[l];" + noise(2, 0.3) +
                      "[r];[l][r]join=inputs=2:channel_layout=stereo[a]' -map '[a]' -c:a pcm_s16le",
                  "wav");
  EXPECT_NEAR(Clip::loudness_of(encoded(clip, "wav")), clip.loudness(), 0.3);
}

TEST(Sound, MonoIsAsLoudAsWhenBothLoudspeakersPlayIt) {
  const Clip clip("-f lavfi -i '" + noise(1, 0.5) + "' -c:a pcm_s16le", "wav");
  const std::string whole = encoded(clip, "wav");
  EXPECT_NEAR(Clip::loudness_of(whole), clip.loudness(), 0.3);
  const auto samples = Clip::samples_of(whole);
  EXPECT_NEAR(Side(samples, 0).level(1, 11), Side(samples, 1).level(1, 11), 0.1);
}

// Speech in the middle, music at the sides, the room behind; each its own.
TEST(Sound, SurroundIsAsLoudInStereo) {
  const Clip clip("-filter_complex '" + noise(1, 0.25) + "[fl];" + noise(2, 0.25) + "[fr];" +
                      noise(3, 0.35, ",tremolo=f=3:d=0.8") + "[fc];" + noise(4, 0.3) + "[lfe];" +
                      noise(5, 0.12) + "[bl];" + noise(6, 0.12) +
                      "[br];[fl][fr][fc][lfe][bl][br]join=inputs=6:channel_layout=5.1[a]' "
                      "-map '[a]' -c:a ac3 -b:a 448k",
                  "mkv");
  EXPECT_NEAR(Clip::loudness_of(encoded(clip, "matroska")), clip.loudness(), 1.0);
}

// As loud as can be in each channel: what is mixed is more than twice of full scale.
TEST(Sound, SurroundThatExceedsFullScaleIsTurnedDownAndNotCut) {
  const Clip clip(
      "-f lavfi -i 'aevalsrc=0.9*sin(2*PI*1000*t)*gte(t\\,1):s=48000:d=5,"
      "pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0' -c:a pcm_s16le",
      "wav");
  const auto samples = Clip::samples_of(encoded(clip, "wav"));
  for (const std::size_t side : {0u, 1u}) {
    const Side heard(samples, side);
    const auto steady = heard.between(2, 4);
    const double tone = level_of(steady, 1'000);
    EXPECT_GT(tone, -1) << "still as loud as can be";
    EXPECT_LT(tone, 0.1);
    // A sine cut at half its height has its third harmonic 12 dB below it.
    EXPECT_LT(level_of(steady, 3'000) - tone, -50);
    EXPECT_LT(level_of(steady, 5'000) - tone, -50);
    // The limiter looks ahead; its delay is taken back.
    EXPECT_LT(heard.level(0.9, 0.99), -50);
    EXPECT_GT(heard.level(1.001, 1.02), -8);
  }
}

// A broadcast's: the announcer in mono, then the film in stereo, which begins a little before the
// announcement has ended, then, after a pause, mono again at another rate.
TEST(Sound, WhatChangesItsChannelsMidwayKeepsTimeAndLoudness) {
  // Noise, and a click a second after the part's beginning.
  const auto part = [](double from, double seconds, int rate, const std::string& pan) {
    const std::string like =
        ":sample_rate=" + std::to_string(rate) + ":duration=" + std::to_string(seconds);
    return Clip("-f lavfi -i 'anoisesrc=color=pink:seed=1:amplitude=0.1" + like +
                    "' -f lavfi -i 'aevalsrc=0.9*gte(t\\,1)*lt(t\\,1.001)" + like +
                    "' -filter_complex '[0:a][1:a]amix=normalize=0" + pan +
                    "' -c:a aac -b:a 192k -output_ts_offset " + std::to_string(from),
                "ts");
  };
  const Clip mono = part(1, 4, 48'000, "");
  const Clip stereo = part(5, 3.9, 48'000, ",pan=stereo|c0=c0|c1=c0");
  const Clip late = part(9, 4, 44'100, "");
  const Clip all({&mono, &stereo, &late}, "ts");
  const auto samples = Clip::samples_of(encoded(all, "mpegts"));
  for (const std::size_t side : {0u, 1u}) {
    const Side heard(samples, side);
    const double first = heard.loudest_at(0, 2);
    EXPECT_NEAR(heard.loudest_at(4, 6), first + 4, 0.001);
    EXPECT_NEAR(heard.loudest_at(8, 10), first + 8, 0.001);
    EXPECT_NEAR(heard.level(6, 7.5), heard.level(2, 3.5), 0.3);
    EXPECT_NEAR(heard.level(10, 11.5), heard.level(2, 3.5), 0.3);
    // No hole and nothing twice where the film begins.
    for (double at = 3.5; at < 4.5; at += 0.1) {
      EXPECT_NEAR(heard.level(at, at + 0.1), heard.level(2, 3.5), 4) << at;
    }
  }
}

// A packet of it is hours of silence and noise at 48 kHz, in one piece.
TEST(Sound, ThatIsTooSlowIsRefusedInWords) {
  const Clip clip("-f lavfi -i sine=sample_rate=1:duration=8192 -c:a pcm_s16le", "wav");
  const json spec{{"container", "wav"},
                  {"audio", {{"stream", 0}, {"start_us", 0}}},
                  {"frames", 10},
                  {"boundaries", {0}}};
  Collected made;
  const auto source = clip.open();
  const auto done = encode_sound(*source, spec, made.taker());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().context,
            "its sound is said to have a rate of 1 Hz; from 1000 Hz on it can be taken");
}

}  // namespace
}  // namespace media
