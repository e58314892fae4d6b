#include "http/multipart.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace http {
namespace {

std::string whole(const Multipart& multipart, std::string_view content) {
  std::string body;
  for (std::size_t i = 0; i < multipart.ranges().size(); ++i) {
    const ByteRange range = multipart.ranges()[i];
    body += multipart.part_head(i);
    body += content.substr(range.first, range.length());
  }
  return body + multipart.end();
}

TEST(Multipart, LooksAsTheRfcHasIt) {
  const Multipart multipart({{0, 1}, {5, 8}}, 10, "video/mp4", "SEP");
  EXPECT_EQ(multipart.content_type(), "multipart/byteranges; boundary=SEP");
  EXPECT_EQ(whole(multipart, "0123456789"),
            "--SEP\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n"
            "--SEP\r\nContent-Type: video/mp4\r\nContent-Range: bytes 5-8/10\r\n\r\n5678\r\n"
            "--SEP--\r\n");
}

TEST(Multipart, KnowsItsLengthBeforeItsFirstByte) {
  const std::string content(100'000, 'x');
  for (const std::vector<ByteRange>& ranges : {std::vector<ByteRange>{{0, 0}},
                                               {{0, 9}, {99'999, 99'999}},
                                               {{50'000, 99'999}, {0, 1}, {9, 10}}}) {
    for (const char* type : {"", "video/mp4"}) {
      const Multipart multipart(ranges, content.size(), type, make_boundary());
      EXPECT_EQ(multipart.length(), whole(multipart, content).size());
    }
  }
}

TEST(Multipart, LengthsBeyondFourGigabytesAreExact) {
  const Multipart multipart({{0, (std::uint64_t{1} << 40) - 1}}, std::uint64_t{1} << 41, "", "b");
  EXPECT_EQ(multipart.length(),
            (std::uint64_t{1} << 40) + multipart.part_head(0).size() + multipart.end().size());
}

TEST(Multipart, BoundariesDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(make_boundary()).second);
  EXPECT_EQ(seen.begin()->size(), 24U);
}

}  // namespace
}  // namespace http
