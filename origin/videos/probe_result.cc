#include "origin/videos/probe_result.h"

#include <array>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace origin {
namespace {

using nlohmann::json;

struct Bounds {
  std::int64_t least, most;
};
constexpr Bounds kAny{INT64_MIN, INT64_MAX};
constexpr Bounds kCount{0, INT64_MAX};
// FFmpeg measures in 32 bits.
constexpr Bounds kMeasure{0, INT32_MAX};
constexpr Bounds kAtLeastOne{1, INT32_MAX};
constexpr Bounds kH273{0, 255};

// Of an object, by name. The first that is not as it should be is told in `wrong`; what is read after it
// has no meaning.
class Fields {
 public:
  // `where`: what the object's names are told behind, "video.".
  Fields(const json& object, std::string where, std::string& wrong)
      : object_(object), where_(std::move(where)), wrong_(wrong) {}

  [[nodiscard]] bool has(const char* name) const { return object_.contains(name); }

  Fields object(const char* name) {
    static const json none = json::object();
    const json* value = find(name);
    const bool is_one = value != nullptr && value->is_object();
    if (!is_one) refuse(name, "is no object");
    return {is_one ? *value : none, where_ + name + ".", wrong_};
  }
  void word(const char* name) {
    const json* value = find(name);
    const bool is_one =
        value != nullptr && value->is_string() && !value->get_ref<const std::string&>().empty();
    if (!is_one) refuse(name, "is no word");
  }
  bool truth(const char* name) {
    const json* value = find(name);
    const bool is_one = value != nullptr && value->is_boolean();
    if (!is_one) refuse(name, "is neither true nor false");
    return is_one && value->get<bool>();
  }
  std::int64_t number(const char* name, Bounds bounds) {
    const json* value = find(name);
    const bool is_one = value != nullptr && is_within(*value, bounds);
    if (!is_one) refuse(name, "is no whole number" + text_of(bounds));
    return is_one ? value->get<std::int64_t>() : 0;
  }
  // `each`: of one number, in turn.
  template <std::size_t count>
  std::array<std::int64_t, count> numbers(const char* name, const std::array<Bounds, count>& each) {
    std::array<std::int64_t, count> read{};
    const json* value = find(name);
    bool are_all = value != nullptr && value->is_array() && value->size() == count;
    for (std::size_t i = 0; are_all && i < count; ++i) {
      are_all = is_within((*value)[i], each[i]);
      if (are_all) read[i] = (*value)[i].template get<std::int64_t>();
    }
    if (!are_all) {
      refuse(name,
             "is no list of " + std::to_string(count) + " whole numbers" + text_of(each.front()));
    }
    return read;
  }
  void refuse(const char* name, const std::string& why) {
    if (!wrong_.empty()) return;
    wrong_ = "\"" + where_ + name + "\" " + (has(name) ? why : "is missing");
  }

 private:
  [[nodiscard]] const json* find(const char* name) const {
    const auto field = object_.find(name);
    return field == object_.end() ? nullptr : &*field;
  }
  // As get() would make a whole number of anything.
  static bool is_within(const json& value, Bounds bounds) {
    if (!value.is_number_integer()) return false;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return false;
    const auto number = value.get<std::int64_t>();
    return number >= bounds.least && number <= bounds.most;
  }
  static std::string text_of(Bounds bounds) {
    if (bounds.least == INT64_MIN) return "";
    return " from " + std::to_string(bounds.least) + " to " + std::to_string(bounds.most);
  }

  const json& object_;
  const std::string where_;
  std::string& wrong_;
};

// What both kinds have.
void check_track(Fields& track) {
  track.number("stream", kMeasure);
  track.word("codec");
  track.number("first_us", kAny);
  track.number("start_us", kAny);
}

ProbeResult::Video read_video(Fields track) {
  check_track(track);
  ProbeResult::Video video;
  video.width = track.number("width", kMeasure);
  video.height = track.number("height", kMeasure);
  const auto sar = track.numbers<2>("sar", {kAtLeastOne, kAtLeastOne});
  video.sar = {sar[0], sar[1]};
  video.rotation = static_cast<int>(track.number("rotation", {0, 270}));
  if (video.rotation % 90 != 0) track.refuse("rotation", "is none of 0, 90, 180 and 270");
  track.truth("interlaced");
  track.truth("hdr");
  track.numbers<3>("color", {kH273, kH273, kH273});
  const auto rate = track.numbers<2>("rate", {kMeasure, kAtLeastOne});
  video.rate = {rate[0], rate[1]};
  video.variable = track.truth("variable");
  track.number("pictures", kCount);
  track.number("keyframes", kCount);
  track.truth("timed_by_decoding");
  return video;
}

void check_audio(Fields track) {
  check_track(track);
  track.number("channels", kMeasure);
  track.number("rate", kMeasure);
}

std::unexpected<base::Error> not_understood(std::string what) {
  return base::fail(base::ErrorCode::kProtocol, std::move(what), base::Blame::kClient);
}

}  // namespace

base::Result<ProbeResult> read_probe_result(const json& told) {
  if (!told.is_object()) return not_understood("it is no object");
  if (told.dump().size() > ProbeResult::kBytesMax) {
    return not_understood("it has more than " +
                          base::to_string(base::Bytes(ProbeResult::kBytesMax)));
  }
  std::string wrong;
  Fields result(told, "", wrong);
  result.word("container");
  ProbeResult read;
  read.duration_us = result.number("duration_us", kAny);
  if (result.has("video")) read.video = read_video(result.object("video"));
  read.has_audio = result.has("audio");
  if (read.has_audio) check_audio(result.object("audio"));
  if (!wrong.empty()) return not_understood(std::move(wrong));
  read.told = told;
  return read;
}

}  // namespace origin
