#include "cli/event_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cli {
namespace {

using Events = std::vector<std::string>;

// Whole, and byte by byte: where a piece ends says nothing.
Events read(std::string_view text) {
  EventReader whole;
  EventReader slow;
  const auto at_once = whole.take(text);
  Events piece_by_piece;
  for (const char c : text) {
    const auto events = slow.take({&c, 1});
    piece_by_piece.insert(piece_by_piece.end(), events->begin(), events->end());
  }
  EXPECT_EQ(*at_once, piece_by_piece);
  return *at_once;
}

TEST(EventReader, GivesTheDataOfEachEvent) {
  EXPECT_EQ(read("event: video\ndata: {\"a\": 1}\n\ndata:2\n\n"), (Events{"{\"a\": 1}", "2"}));
}

TEST(EventReader, LinesEndInAnyOfThreeWays) {
  EXPECT_EQ(read("data: 1\r\n\r\ndata: 2\r\rdata: 3\n\n"), (Events{"1", "2", "3"}));
}

TEST(EventReader, JoinsLinesOfDataAndKeepsAllButOneSpace) {
  EXPECT_EQ(read("data: a\ndata:  b\ndata\ndata:c:d\n\n"), (Events{"a\n b\n\nc:d"}));
}

TEST(EventReader, CommentsOtherFieldsAndUnfinishedEventsAreNothing) {
  EXPECT_EQ(read(":\n\n: data: x\n\nid: 7\nretry: 5\n\nDATA: x\n\ndatax: y\n\ndata: cut\n"),
            Events{});
  EXPECT_EQ(read("data\n\n"), Events{""});
}

TEST(EventReader, AnEventHasAtMostAMebibyte) {
  EventReader reader;
  const std::string most = "data:" + std::string(EventReader::kEventBytesMax - 5, 'x');
  ASSERT_TRUE(reader.take(most));
  EXPECT_EQ(reader.take("\n\n")->front().size(), EventReader::kEventBytesMax - 5);
  ASSERT_TRUE(reader.take(most));
  EXPECT_EQ(reader.take("x").error().code, base::ErrorCode::kTooLarge);
}

TEST(EventReader, ManyLinesOfOneEventCountTogether) {
  EventReader reader;
  const std::string line = "data:" + std::string(500'000, 'x') + "\n";
  ASSERT_TRUE(reader.take(line));
  ASSERT_TRUE(reader.take(line));
  EXPECT_FALSE(reader.take(line));
}

}  // namespace
}  // namespace cli
