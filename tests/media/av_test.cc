#include "media/av.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace media {
namespace {

using base::ErrorCode;

std::string words_of_libav(int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  return text.data();
}

TEST(Av, SaysWhatAnErrorComesTo) {
  const auto memory = av_fail("its sound can't be converted", AVERROR(ENOMEM));
  EXPECT_EQ(memory.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(memory.error().blame, base::Blame::kClient);
  EXPECT_EQ(memory.error().context,
            "its sound can't be converted, as that takes more memory than a file may have");
  EXPECT_EQ(av_fail("it can't be read", AVERROR(EIO)).error().code, ErrorCode::kIo);
  EXPECT_EQ(av_fail("it can't be read", AVERROR(EPERM)).error().context,
            "it can't be read, as it is damaged there, or of a form that is not supported");
}

TEST(Av, KeepsLibavsWordsToTheLog) {
  std::vector<int> errors{AVERROR_EOF,    AVERROR_INVALIDDATA,       AVERROR_PATCHWELCOME,
                          AVERROR_BUG,    AVERROR_DECODER_NOT_FOUND, AVERROR_EXTERNAL,
                          AVERROR_UNKNOWN};
  for (int number = 1; number < 134; ++number) errors.push_back(AVERROR(number));
  for (const int error : errors) {
    testing::internal::CaptureStderr();
    const std::string said = av_fail("it can't be read", error).error().context;
    const std::string logged = testing::internal::GetCapturedStderr();
    EXPECT_EQ(said.find(words_of_libav(error)), std::string::npos) << said;
    EXPECT_NE(logged.find(words_of_libav(error)), std::string::npos) << logged;
  }
}

}  // namespace
}  // namespace media
