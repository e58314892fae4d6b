#include "origin/videos/probe_result.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tests/origin/told_probe.h"

namespace origin {
namespace {

using nlohmann::json;

json told() {
  json all = told_probe(60'000'000);
  all["video"] = told_video(1'920, 1'080);
  all["audio"] = told_audio();
  return all;
}

// A sound worker's words but for one field; what is wrong with it, or nothing.
std::string refusal(const std::string& field, json value) {
  json changed = told();
  changed[json::json_pointer(field)] = std::move(value);
  const auto read = read_probe_result(changed);
  if (read) return "";
  EXPECT_EQ(read.error().code, base::ErrorCode::kProtocol);
  return read.error().context;
}

TEST(ProbeResult, IsWhatAWorkerTold) {
  json all = told();
  all["video"]["sar"] = {4, 3};
  all["video"]["rotation"] = 270;
  all["video"]["rate"] = {30'000, 1'001};
  all["video"]["variable"] = true;
  const auto read = read_probe_result(all);
  ASSERT_TRUE(read) << read.error().context;
  EXPECT_EQ(read->duration_us, 60'000'000);
  EXPECT_EQ(read->video->width, 1'920);
  EXPECT_EQ(read->video->height, 1'080);
  EXPECT_EQ(read->video->sar, (Rational{4, 3}));
  EXPECT_EQ(read->video->rotation, 270);
  EXPECT_EQ(read->video->rate, (Rational{30'000, 1'001}));
  EXPECT_TRUE(read->video->variable);
  EXPECT_TRUE(read->has_audio);
  EXPECT_EQ(read->told, all);
}

TEST(ProbeResult, MayHaveNoTracks) {
  const auto read = read_probe_result(told_probe(0));
  ASSERT_TRUE(read) << read.error().context;
  EXPECT_FALSE(read->video);
  EXPECT_FALSE(read->has_audio);
}

TEST(ProbeResult, OfANewerWorkerSaysMore) { EXPECT_EQ(refusal("/video/grain", 7), ""); }

TEST(ProbeResult, ThatIsNoObjectIsTheWorkersFailure) {
  for (const json& none : {json(), json(7), json("x"), json::array({1})}) {
    const auto read = read_probe_result(none);
    ASSERT_FALSE(read) << none;
    EXPECT_EQ(read.error().code, base::ErrorCode::kProtocol);
    EXPECT_EQ(read.error().context, "it is no object");
  }
}

TEST(ProbeResult, HasEachField) {
  for (const std::string track : {"", "/video", "/audio"}) {
    for (const auto& [name, value] : told()[json::json_pointer(track)].items()) {
      if (value.is_object()) continue;
      json without = told();
      without[json::json_pointer(track)].erase(name);
      const auto read = read_probe_result(without);
      ASSERT_FALSE(read) << track << "/" << name;
      const std::string path = track.empty() ? name : fmt::format("{}.{}", track.substr(1), name);
      EXPECT_EQ(read.error().context, fmt::format("\"{}\" is missing", path));
    }
  }
}

TEST(ProbeResult, HasEachFieldOfItsType) {
  for (const std::string track : {"", "/video", "/audio"}) {
    for (const auto& [name, value] : told()[json::json_pointer(track)].items()) {
      const std::string field = fmt::format("{}/{}", track, name);
      for (const json& other :
           {json(), json::object(), json::array(), json(7.5), json(7), json("7"), json(true)}) {
        const bool is_of_its_type = !other.is_structured() && !other.is_number_float() &&
                                    std::string_view(other.type_name()) == value.type_name();
        EXPECT_TRUE(is_of_its_type || !refusal(field, other).empty()) << field << " as " << other;
      }
    }
  }
  EXPECT_EQ(refusal("/container", ""), "\"container\" is no word");
  EXPECT_EQ(refusal("/video", 7), "\"video\" is no object");
  EXPECT_EQ(refusal("/video/hdr", 1), "\"video.hdr\" is neither true nor false");
}

TEST(ProbeResult, HasNumbersThatCanBeMeasured) {
  EXPECT_EQ(refusal("/video/width", -1), "\"video.width\" is no whole number from 0 to 2147483647");
  EXPECT_EQ(refusal("/video/width", 0), "") << "a file may claim that";
  EXPECT_EQ(refusal("/video/width", INT32_MAX), "");
  EXPECT_NE(refusal("/video/width", std::int64_t{INT32_MAX} + 1), "");
  EXPECT_EQ(refusal("/video/rotation", 180), "");
  EXPECT_EQ(refusal("/video/rotation", 45), "\"video.rotation\" is none of 0, 90, 180 and 270");
  EXPECT_NE(refusal("/video/rotation", 360), "");
  EXPECT_EQ(refusal("/video/sar", {0, 1}),
            "\"video.sar\" is no list of 2 whole numbers from 1 to 2147483647");
  EXPECT_NE(refusal("/video/sar", {1}), "");
  EXPECT_NE(refusal("/video/sar", {1, 1, 1}), "");
  EXPECT_EQ(refusal("/video/rate", {0, 1}), "") << "a file that claims no rate";
  EXPECT_NE(refusal("/video/rate", {30, 0}), "");
  EXPECT_NE(refusal("/video/rate", {30, "1"}), "");
  EXPECT_NE(refusal("/video/color", {1, 1, 256}), "");
  EXPECT_NE(refusal("/video/pictures", -1), "");
  EXPECT_NE(refusal("/audio/rate", -48'000), "");
  EXPECT_NE(refusal("/audio/stream", -1), "");
  EXPECT_EQ(refusal("/duration_us", INT64_MIN), "");
  EXPECT_EQ(refusal("/duration_us", INT64_MAX), "");
  EXPECT_EQ(refusal("/duration_us", UINT64_MAX), "\"duration_us\" is no whole number");
  EXPECT_EQ(refusal("/audio/first_us", -7), "");
}

// Each of a long video's tasks has it.
TEST(ProbeResult, HasALimit) {
  const auto of_size = [](std::size_t bytes) {
    json said = told();
    said["audio"]["x"] = "";
    said["audio"]["x"] = std::string(bytes - said.dump().size(), 'x');
    return read_probe_result(said);
  };
  EXPECT_TRUE(of_size(ProbeResult::kBytesMax));
  const auto refused = of_size(ProbeResult::kBytesMax + 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::kProtocol);
  EXPECT_EQ(refused.error().context, "it has more than 8KiB");
}

}  // namespace
}  // namespace origin
