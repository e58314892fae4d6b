#include "package/picture_codec.h"

#include <gtest/gtest.h>

namespace package {
namespace {

TEST(PictureCodec, HasANameAndItsReverse) {
  for (const PictureCodec codec : {PictureCodec::kH264, PictureCodec::kVp9, PictureCodec::kAv1}) {
    EXPECT_EQ(picture_codec_of(name_of(codec)), codec) << name_of(codec);
  }
  EXPECT_EQ(entry_of(PictureCodec::kVp9), "vp09");
}

TEST(PictureCodec, OneThatIsUnknownIsNone) {
  EXPECT_FALSE(picture_codec_of("theora"));
  EXPECT_FALSE(picture_codec_of(""));
}

}  // namespace
}  // namespace package
