#include "package/hls_media.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/package/playlist_reader.h"
#include "tests/package/sample.h"

namespace package {
namespace {

using testing::HasSubstr;

TEST(HlsMedia, IsWrittenLikeThis) {
  EXPECT_EQ(hls_media(sample().audio[0]),
            R"(#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-audio-en.mp4"
#EXTINF:4.010667,
0-audio-en.m4s
#EXTINF:3.989333,
1-audio-en.m4s
#EXTINF:2.005333,
2-audio-en.m4s
#EXT-X-ENDLIST
)");
}

TEST(HlsMedia, IFramesAreByteRangesOfTheSameSegments) {
  EXPECT_EQ(hls_i_frames(sample().video[2]),
            R"(#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-I-FRAMES-ONLY
#EXT-X-MAP:URI="init-234p.mp4"
#EXTINF:2.000000,
#EXT-X-BYTERANGE:9062@24
0-234p.m4s
#EXTINF:2.000000,
#EXT-X-BYTERANGE:9062@36250
0-234p.m4s
#EXTINF:2.000000,
#EXT-X-BYTERANGE:9062@24
1-234p.m4s
#EXTINF:2.000000,
#EXT-X-BYTERANGE:9062@36250
1-234p.m4s
#EXTINF:2.000000,
#EXT-X-BYTERANGE:4531@24
2-234p.m4s
#EXT-X-ENDLIST
)");
}

TEST(HlsMedia, CaptionsAreOneSegmentOfTheWholeLength) {
  EXPECT_EQ(hls_captions(sample().captions[0], 10'500'000),
            R"(#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:11
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXTINF:10.500000,
en-0f.vtt
#EXT-X-ENDLIST
)");
}

TEST(HlsMedia, SumsOfDurationsDoNotDrift) {
  AudioTrack track = sample_audio("a", "en", "A");
  track.timescale = 44'100;
  const Segment segment{.name = "s", .duration = 173 * 1'024, .bytes = 1};  // 4.0170975… s
  track.segments.assign(10'000, segment);
  double sum = 0;
  const auto lines = read_playlist(hls_media(track));
  for (const PlaylistLine& line : *lines) {
    if (line.tag == "EXTINF") sum += std::stod(line.value);
  }
  EXPECT_LT(std::abs(sum - 10'000 * 173 * 1'024 / 44'100.0), 1e-5);
}

TEST(HlsMedia, ANameCannotBecomeATag) {
  AudioTrack track = sample_audio("a", "en", "A");
  track.init = "a\",BYTERANGE=\"1";
  track.segments[0].name = "#EXT-X-ENDLIST\nx";
  const std::string text = hls_media(track);
  EXPECT_TRUE(read_playlist(text));
  EXPECT_THAT(text, HasSubstr("\n%23EXT-X-ENDLIST%0Ax\n"));
  EXPECT_THAT(text, HasSubstr("URI=\"a%22,BYTERANGE=%221\"\n"));
}

}  // namespace
}  // namespace package
