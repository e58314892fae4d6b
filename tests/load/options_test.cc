#include "bench/load/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace load {
namespace {

using Words = std::vector<std::string>;

base::Result<Options> raw(Words words) {
  words.insert(words.begin(), "raw");
  return parse_options(words);
}

RawOptions accepted(Words words) {
  auto options = raw(std::move(words));
  EXPECT_TRUE(options) << (options ? "" : options.error().context);
  return options ? std::get<RawOptions>(std::move(*options)) : RawOptions{};
}

std::string refused(Words words) {
  const auto options = raw(std::move(words));
  EXPECT_FALSE(options);
  return options ? "accepted" : options.error().context;
}

TEST(Options, AUrlIsEnoughAndTheRunIsBounded) {
  const RawOptions options = accepted({"https://127.0.0.1:8443/a"});
  EXPECT_TRUE(options.objects.tls);
  EXPECT_EQ(options.common.authority, "127.0.0.1:8443");
  EXPECT_EQ(options.duration, std::chrono::seconds(10));
  EXPECT_EQ(options.tls.tls13_ciphers, "TLS_AES_128_GCM_SHA256");
}

TEST(Options, TakesSizesTimesAndRates) {
  const RawOptions options = accepted({"http://h/a", "--object-size",
                                       "16MiB",      "--range",
                                       "64KiB",      "--rate",
                                       "1000",       "--warm-up",
                                       "500ms",      "-d",
                                       "3s",         "--choose",
                                       "zipf:0.9",   "-c",
                                       "4",          "-m",
                                       "8",          "--server-pid",
                                       "1,2",        "--header",
                                       "X-A: b"});
  EXPECT_EQ(options.range, base::Bytes(65536));
  EXPECT_EQ(options.objects.objects[0].size, 16U << 20);
  EXPECT_EQ(options.rate, 1000);
  EXPECT_EQ(options.warm_up, std::chrono::milliseconds(500));
  EXPECT_EQ(options.choice.exponent, 0.9);
  EXPECT_EQ(options.server.processes, (std::vector<pid_t>{1, 2}));
  ASSERT_EQ(options.common.fields.size(), 1U);
  EXPECT_EQ(options.common.fields[0].name, "x-a");
}

TEST(Options, APathNeedsABase) {
  EXPECT_NE(refused({"/a"}).find("--base"), std::string::npos);
  EXPECT_EQ(accepted({"/a", "--base", "http://h:81/v/"}).objects.objects[0].target, "/v/a");
}

TEST(Options, OneRunLoadsOneServer) {
  EXPECT_NE(refused({"http://h/a", "http://i/a"}).find("another server"), std::string::npos);
}

TEST(Options, RangesNeedSizes) {
  EXPECT_NE(refused({"http://h/a", "--range", "1KiB"}).find("--object-size"), std::string::npos);
  EXPECT_NE(refused({"http://h/a", "--seek-after", "1KiB"}).find("size"), std::string::npos);
}

TEST(Options, SaysInOneLineWhatIsWrong) {
  const std::vector<Words> wrong = {
      {},
      {"ftp://h/a"},
      {"http://h/a", "-c", "-1"},
      {"http://h/a", "-c", "0"},
      {"http://h/a", "-c", "0", "--idle", "5", "--rate", "5"},
      {"http://h/a", "-d", "soon"},
      {"http://h/a", "--rate", "0"},
      {"http://h/a", "--poisson"},
      {"http://h/a", "--protocol", "h3"},
      {"http://h/a", "--protocol", "h1", "-m", "2"},
      {"http://h/a", "--header", "no colon"},
      {"http://h/a", "--header", "a: b\r\nc: d"},
      {"http://h/a", "--object-size", "1KiB", "--range", "0"},
      {"http://h/a", "--list", "/no/such/file"},
      {"http://h/a", "--verify", "maybe"},
      {"http://h/a", "--unknown"},
  };
  for (const Words& words : wrong) {
    const std::string message = refused(words);
    EXPECT_FALSE(message.empty());
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(Options, AListNamesTheLineThatIsWrong) {
  ObjectListBuilder objects;
  ASSERT_TRUE(objects.set_base("http://h"));
  ASSERT_TRUE(objects.add_lines("# objects\n\n/a 1KiB\n/b\r\n", "list", base::Bytes(7)));
  const auto failed = objects.add_lines("/a\n/b 12 parts\n", "list", {});
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().context.starts_with("list:2: ")) << failed.error().context;
  const auto list = objects.take();
  ASSERT_TRUE(list);
  EXPECT_EQ(list->objects[0].size, 1024U);
  EXPECT_EQ(list->objects[1].size, 7U);
}

TEST(Options, MakeFilesNeedsAFolderAndASize) {
  EXPECT_FALSE(parse_options({"make-files"}));
  EXPECT_FALSE(parse_options({"make-files", "d", "--size", "big"}));
  const auto options = parse_options({"make-files", "d", "--size", "2KiB", "--count", "3"});
  ASSERT_TRUE(options);
  EXPECT_EQ(std::get<MakeFilesOptions>(*options).size, base::Bytes(2048));
}

TEST(Options, HelpIsNoMistake) {
  const auto options = parse_options({"--help"});
  ASSERT_TRUE(options);
  EXPECT_NE(std::get<Help>(*options).text.find("raw"), std::string::npos);
}

}  // namespace
}  // namespace load
