#include "package/picture_codec.h"

#include <algorithm>
#include <array>

namespace package {
namespace {

struct Words {
  PictureCodec codec;
  std::string_view name, entry;
};

constexpr std::array kWords{Words{PictureCodec::kH264, "h264", "avc1"},
                            Words{PictureCodec::kVp9, "vp9", "vp09"},
                            Words{PictureCodec::kAv1, "av1", "av01"}};

const Words& words_of(PictureCodec codec) {
  return *std::ranges::find(kWords, codec, &Words::codec);
}

}  // namespace

std::string_view name_of(PictureCodec codec) { return words_of(codec).name; }

std::optional<PictureCodec> picture_codec_of(std::string_view name) {
  const auto* const found = std::ranges::find(kWords, name, &Words::name);
  if (found == kWords.end()) return std::nullopt;
  return found->codec;
}

std::string_view entry_of(PictureCodec codec) { return words_of(codec).entry; }

}  // namespace package
