#include "base/bytes.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Bytes, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(*parse_bytes("4096"), 4096_B);
  EXPECT_EQ(*parse_bytes("64KiB"), 64_KiB);
  EXPECT_EQ(*parse_bytes("1.5GiB"), 1536_MiB);
  EXPECT_EQ(*parse_bytes("100 GB"), Bytes(100'000'000'000));
  EXPECT_EQ(*parse_bytes("0"), 0_B);
}

TEST(Bytes, RefusesWhatIsNotAWholeNumberOfBytes) {
  for (const char* text : {"", "KiB", "-1", "1.5", "0.3KiB", "10kib", "1 0", "1e3", "0x10", "nan",
                           "inf", "12XB", " 1", "9223372036854775808", "99999999TiB"}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

TEST(Bytes, WritesTheLargestUnitThatGivesAWholeNumber) {
  EXPECT_EQ(to_string(0_B), "0");
  EXPECT_EQ(to_string(1000_B), "1000");
  EXPECT_EQ(to_string(1536_MiB), "1536MiB");
  EXPECT_EQ(to_string(2048_TiB), "2048TiB");
}

TEST(Bytes, ReadsBackWhatItWrites) {
  for (const Bytes bytes : {0_B, 1_B, 1023_B, 1_KiB, 65_MiB, 3_TiB}) {
    EXPECT_EQ(*parse_bytes(to_string(bytes)), bytes);
  }
}

}  // namespace
}  // namespace base
