#include "http/media_token.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace http {
namespace {

using namespace std::chrono_literals;

const base::WallTime kExpires{1'800'000'000s};
const base::WallTime kBefore = kExpires - 1ms;

struct Signer {
  explicit Signer(std::string key_id) : id(std::move(key_id)) {}
  [[nodiscard]] std::string target(std::string_view prefix = "/q8Xk/",
                                   std::string_view rest = "/q8Xk/a.m3u8") const {
    return "/media/~" + make_media_token(id, key, kExpires, prefix) + std::string(rest);
  }
  [[nodiscard]] MediaKey public_key() const { return {id, key.public_key()}; }

  const std::string id;
  const base::Ed25519PrivateKey key = base::Ed25519PrivateKey::make();
};

std::string verdict(std::string_view target, const MediaKeys& keys, base::WallTime now = kBefore) {
  const auto token = parse_media_token(target);
  if (!token) return std::string(name_of(token.error()));
  const auto key = keys.key_of(*token, now);
  if (!key) return std::string(name_of(key.error()));
  return is_signed_by(*token, **key) ? "good" : "forged";
}

struct MediaTokenTest : testing::Test {
  MediaTokenTest() { keys.add(signer.public_key()); }
  Signer signer{"k1"};
  MediaKeys keys;
};

TEST_F(MediaTokenTest, IsGoodForWhateverLiesUnderItsPrefix) {
  for (const char* rest : {"/q8Xk/a.m3u8", "/q8Xk/", "/q8Xk/720p/1.m4s?x=/other/", "/q8Xk//a"}) {
    const std::string target = signer.target("/q8Xk/", rest);
    EXPECT_EQ(verdict(target, keys), "good") << rest;
    EXPECT_EQ(target_without(*parse_media_token(target)), "/media" + std::string(rest));
  }
}

TEST_F(MediaTokenTest, IsGoodForNothingElse) {
  for (const char* rest : {"/q8XK/a", "/aaaa/q8Xk/", "/////////"}) {
    EXPECT_EQ(verdict(signer.target("/q8Xk/", rest), keys), "forged") << rest;
  }
  // Shorter than the prefix; cut within a segment; another spelling; the query is no path.
  EXPECT_EQ(verdict(signer.target("/q8Xk/", "/q8Xk"), keys), "malformed");
  EXPECT_EQ(verdict(signer.target("/q8Xk/", "/q8Xkk/a"), keys), "malformed");
  EXPECT_EQ(verdict(signer.target("/q8Xk/", "/%718Xk/a"), keys), "malformed");
  EXPECT_EQ(verdict(signer.target("/q8Xk/", "/q8?Xk/"), keys), "malformed");
}

TEST_F(MediaTokenTest, LastsUntilItsTimeAndNotAMillisecondLonger) {
  EXPECT_EQ(verdict(signer.target(), keys, kExpires - 1ms), "good");
  EXPECT_EQ(verdict(signer.target(), keys, kExpires), "expired");
}

TEST_F(MediaTokenTest, NoChangeOfItSurvives) {
  const std::string target = signer.target();
  const std::size_t begin = std::string("/media/~").size();
  const std::size_t end = target.find("/q8Xk");
  for (std::size_t i = begin; i < end; ++i) {
    for (const char c : {'0', '1', 'A', 'a', '.', '~', '%', '-', '_', '='}) {
      std::string other = target;
      if (other[i] == c) continue;
      other[i] = c;
      EXPECT_NE(verdict(other, keys), "good") << other;
    }
    EXPECT_NE(verdict(std::string(target).erase(i, 1), keys), "good") << i;
    EXPECT_NE(verdict(std::string(target).insert(i, "0"), keys), "good") << i;
  }
}

TEST_F(MediaTokenTest, OneOfAnotherKeyIsNone) {
  const Signer stranger("k1");
  EXPECT_EQ(verdict(stranger.target(), keys), "forged");
  EXPECT_EQ(verdict(Signer("k2").target(), keys), "unknown_key");
}

TEST_F(MediaTokenTest, TwoKeysCountWhileOneIsChanged) {
  const Signer next("k2");
  keys.add(next.public_key());
  EXPECT_EQ(verdict(signer.target(), keys), "good");
  EXPECT_EQ(verdict(next.target(), keys), "good");
}

TEST_F(MediaTokenTest, ThePercentEncodedMarkIsTheMark) {
  std::string target = signer.target();
  for (const char* mark : {"%7E", "%7e"}) {
    const std::string encoded = std::string(target).replace(7, 1, mark);
    EXPECT_TRUE(has_media_token(encoded));
    EXPECT_EQ(verdict(encoded, keys), "good");
    EXPECT_EQ(target_without(*parse_media_token(encoded)), "/media/q8Xk/a.m3u8");
  }
  for (const char* none : {"/media/q8Xk/", "/media/", "/media", "/Media/~", "/x/media/~", "/~"}) {
    EXPECT_FALSE(has_media_token(none)) << none;
  }
}

TEST(MediaToken, LimitsHoldAtTheLimit) {
  const std::string signature(86, 'A');
  const auto is_parsed = [&](const std::string& head, const std::string& path = "/v/") {
    return parse_media_token("/media/~" + head + "." + signature + path).has_value();
  };
  EXPECT_TRUE(is_parsed(std::string(16, 'k') + ".1.3"));
  EXPECT_FALSE(is_parsed(std::string(17, 'k') + ".1.3"));
  EXPECT_FALSE(is_parsed(".1.3"));
  EXPECT_FALSE(is_parsed("K.1.3"));
  EXPECT_TRUE(is_parsed("k.99999999999.3"));
  EXPECT_FALSE(is_parsed("k.100000000000.3"));
  for (const char* number : {"0", "01", "+1", "-1", "1 ", "", "0x1"}) {
    EXPECT_FALSE(is_parsed("k." + std::string(number) + ".3")) << number;
    EXPECT_FALSE(is_parsed("k.1." + std::string(number))) << number;
  }
  const std::string longest = '/' + std::string(kMediaPrefixMax - 2, 'v') + '/';
  EXPECT_TRUE(is_parsed("k.1.1024", longest));
  EXPECT_FALSE(is_parsed("k.1.1025", '/' + std::string(kMediaPrefixMax - 1, 'v') + '/'));
  for (const std::string& bad :
       {std::string(85, 'A'), std::string(87, 'A'), std::string(85, 'A') + '='}) {
    EXPECT_FALSE(parse_media_token("/media/~k.1.3." + bad + "/v/")) << bad;
  }
  EXPECT_FALSE(parse_media_token("/media/~"));
  EXPECT_FALSE(parse_media_token("/media/~k.1.3." + signature));
  EXPECT_FALSE(parse_media_token("/media/~k.1.3." + signature + "?/v/"));
  EXPECT_FALSE(parse_media_token("/media/~k.1.3.x." + signature + "/v/"));
}

TEST(MediaKeys, AreReadAsTheyAreWritten) {
  const Signer signer("k1");
  const std::string text = to_text(signer.public_key());
  const auto key = parse_media_key(text);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->id, "k1");
  EXPECT_EQ(key->key.bytes(), signer.public_key().key.bytes());
  for (const std::string& bad : {std::string(), std::string("k1"), text.substr(2), text + "A",
                                 "K" + text, text.substr(0, text.size() - 1)}) {
    EXPECT_FALSE(parse_media_key(bad)) << bad;
  }
  EXPECT_TRUE(MediaKeys::parse({text, to_text(Signer("k2").public_key())}));
  EXPECT_FALSE(MediaKeys::parse({text, text}));
}

TEST(HideMediaTokens, LeavesNothingOfThemInAnyText) {
  EXPECT_EQ(hide_media_tokens("https://v.example/media/~k1.2.3.SIG/q8Xk/a?b"),
            "https://v.example/media/~/q8Xk/a?b");
  EXPECT_EQ(hide_media_tokens("/media/%7Ek1.2.3.SIG"), "/media/~");
  EXPECT_EQ(hide_media_tokens("/media/~A /media/%7eB?c /media/x/media/~C#d"),
            "/media/~ /media/~?c /media/x/media/~#d");
  for (const char* plain : {"", "/media/q8Xk/~a", "media/~", "/media/"}) {
    EXPECT_EQ(hide_media_tokens(plain), plain);
  }
}

}  // namespace
}  // namespace http
