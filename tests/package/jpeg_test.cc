#include "package/jpeg.h"

#include <gtest/gtest.h>

#include <string>

namespace package {
namespace {

using namespace std::string_literals;

std::string segment(unsigned char marker, const std::string& payload) {
  const std::size_t length = payload.size() + 2;
  return "\xff"s + static_cast<char>(marker) + static_cast<char>(length >> 8) +
         static_cast<char>(length) + payload;
}

std::string frame(int width, int height, int bits = 8, int components = 3) {
  std::string payload{static_cast<char>(bits),   static_cast<char>(height >> 8),
                      static_cast<char>(height), static_cast<char>(width >> 8),
                      static_cast<char>(width),  static_cast<char>(components)};
  for (int i = 0; i < components; ++i) payload += "\x01\x22\x00"s;
  return payload;
}

const std::string kStart = "\xff\xd8"s;
const std::string kScan = segment(0xda, "\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"s) + "\x12\x34";
const std::string kEnd = "\xff\xd9"s;

std::string file(const std::string& before_scan) { return kStart + before_scan + kScan + kEnd; }

std::string refusal(const std::string& bytes) {
  const auto head = read_jpeg_head(bytes);
  return head ? "was taken" : head.error().context;
}

TEST(Jpeg, TellsItsSize) {
  for (const unsigned char kind : {0xc0, 0xc1, 0xc2}) {
    const auto head =
        read_jpeg_head(file(segment(0xe0, "JFIF\0..."s) + segment(0xdb, "tables") +
                            segment(kind, frame(1'600, 900)) + segment(0xc4, "codes")));
    ASSERT_TRUE(head) << head.error().context;
    EXPECT_EQ(head->width, 1'600);
    EXPECT_EQ(head->height, 900);
  }
  EXPECT_EQ(read_jpeg_head(file(segment(0xc0, frame(65'535, 1, 8, 1))))->width, 65'535);
}

TEST(Jpeg, WhatIsCutIsRefusedWhereverItIsCut) {
  const std::string whole = file(segment(0xc0, frame(16, 16)));
  ASSERT_TRUE(read_jpeg_head(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(read_jpeg_head(whole.substr(0, size))) << size;
    // The same with an end put behind it; within the scan nobody can tell.
    if (size + 4 < whole.size() - 2) {
      EXPECT_FALSE(read_jpeg_head(whole.substr(0, size) + kEnd)) << size;
    }
  }
}

TEST(Jpeg, WhatIsNoneOrAnotherKindIsRefusedInWords) {
  EXPECT_EQ(refusal("\x89PNG\r\n"s), "it is no JPEG file");
  EXPECT_EQ(refusal("<html>"s + kEnd), "it is no JPEG file");
  EXPECT_EQ(refusal(file("")), "its scan has no frame header before it");
  EXPECT_EQ(refusal(file(segment(0xc0, frame(16, 16, 12)))), "it has 3 components of 12 bits");
  EXPECT_EQ(refusal(file(segment(0xc0, frame(16, 16, 8, 4)))), "it has 4 components of 8 bits");
  EXPECT_EQ(refusal(file(segment(0xc0, frame(16, 0)))), "it does not say its size");
  EXPECT_EQ(refusal(file(segment(0xc0, frame(16, 16)) + segment(0xc0, frame(16, 16)))),
            "it has two frame headers");
  EXPECT_EQ(refusal(file(segment(0xc3, frame(16, 16)))),
            "it has a segment of a kind that is not taken, 0xc3");
  EXPECT_EQ(refusal(file(segment(0xc0, frame(16, 16) + "x"))), "its frame header is cut short");
  EXPECT_EQ(refusal(kStart + "\xff\xe0\x00\x01"s + kEnd), "its segments are malformed");
}

TEST(Jpeg, SixtyFourSegmentsAreEnough) {
  std::string before = segment(0xc0, frame(16, 16));
  for (int i = 0; i < 62; ++i) before += segment(0xfe, "");
  EXPECT_TRUE(read_jpeg_head(file(before)));
  EXPECT_EQ(refusal(file(before + segment(0xfe, ""))),
            "it has more than 64 segments before its scan");
}

}  // namespace
}  // namespace package
