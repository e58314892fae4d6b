#include "package/boxes.h"

#include <gtest/gtest.h>

#include "package/byte_reader.h"
#include "tests/package/box_bytes.h"

namespace package {
namespace {

TEST(ByteReader, GivesZerosPastTheEndAndSaysSo) {
  const std::string bytes = hex("01 02 03 04 05 06 07 08 09 0a");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u32(), 0x03040506u);
  EXPECT_EQ(reader.u8(), 0x07);
  EXPECT_EQ(reader.rest().size(), 3u);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.ok());
}

TEST(Boxes, StandOneAfterTheOther) {
  const std::string bytes = box("ftyp", "abcd") + u32(1) + "wide" + u64(18) + "ef" +
                            box("uuid", zeros(16) + "g") + u32(0) + "mdat" + "rest";
  const auto boxes = read_boxes(bytes);
  ASSERT_TRUE(boxes) << boxes.error().context;
  ASSERT_EQ(boxes->size(), 4u);
  EXPECT_EQ((*boxes)[0].type, "ftyp");
  EXPECT_EQ((*boxes)[0].payload, "abcd");
  EXPECT_EQ((*boxes)[1].payload, "ef");
  EXPECT_EQ((*boxes)[1].offset, 12u);
  EXPECT_EQ((*boxes)[1].size, 18u);
  EXPECT_EQ((*boxes)[2].payload, "g");
  EXPECT_EQ((*boxes)[3].payload, "rest");
  EXPECT_EQ(find_box(*boxes, "wide"), &(*boxes)[1]);
  EXPECT_EQ(find_box(*boxes, "moov"), nullptr);
  EXPECT_TRUE(read_boxes("")->empty());
}

TEST(Boxes, ACutOrALieIsCorrupt) {
  for (const std::string& bytes :
       {std::string("abc"), u32(8) + "ab", u32(9) + "mdat", u32(7) + "mdat" + zeros(8),
        u32(1) + "mdat" + u64(15), u32(1) + "mdat" + u64(17), u32(1) + "mdat" + u32(0),
        u32(1) + "mdat" + u64(~0ull), u32(20) + "uuid" + zeros(12),
        box("free", "") + u32(0xffffffff) + "mdat"}) {
    const auto boxes = read_boxes(bytes);
    ASSERT_FALSE(boxes);
    EXPECT_EQ(boxes.error().code, base::ErrorCode::kCorrupt);
  }
}

TEST(Boxes, HaveALimit) {
  std::string bytes;
  for (std::size_t i = 0; i < kBoxesMax; ++i) bytes += box("free", "");
  EXPECT_EQ(read_boxes(bytes)->size(), kBoxesMax);
  EXPECT_EQ(read_boxes(bytes + box("free", "")).error().code, base::ErrorCode::kTooLarge);
}

TEST(Boxes, AreFoundByTheirPath) {
  const std::string bytes = box("moov", box("mvhd", "") + box("trak", box("tkhd", "here")));
  EXPECT_EQ(*box_at(bytes, {"moov", "trak", "tkhd"}), "here");
  EXPECT_EQ(box_at(bytes, {"moov", "mdia"}).error().context, "there is no 'mdia' box");
}

}  // namespace
}  // namespace package
