// The codecs that pictures are made in, by the words that daemons say to each other.
#pragma once

#include <optional>
#include <string_view>

namespace package {

enum class PictureCodec { kH264, kVp9, kAv1 };

std::string_view name_of(PictureCodec codec);                         // "h264", "vp9", "av1"
std::optional<PictureCodec> picture_codec_of(std::string_view name);  // Its reverse.
// How its codec strings begin (codec_string.h): "avc1", "vp09", "av01".
std::string_view entry_of(PictureCodec codec);

}  // namespace package
