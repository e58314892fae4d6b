#include "worker/sandbox/messages.h"

#include <gtest/gtest.h>

namespace worker::sandbox {
namespace {

template <class Message>
Message there_and_back(const Message& message) {
  static std::string packet;  // Decoded messages refer into it.
  packet = encode(FromChild(message));
  const auto decoded = decode_from_child(packet);
  EXPECT_TRUE(decoded.has_value());
  return std::get<Message>(*decoded);
}

bool is_refused(std::string_view packet) {
  const auto decoded = decode_from_child(packet);
  return !decoded && decoded.error().code == base::ErrorCode::kProtocol;
}

TEST(Messages, ArriveAsTheyWereSent) {
  EXPECT_EQ(there_and_back(Ready{Protections::all()}).in_force, Protections::all());
  const Read read = there_and_back(Read{7, 0x0123456789abcdef, kBlockSize});
  EXPECT_EQ(read.block, 7);
  EXPECT_EQ(read.offset, 0x0123456789abcdef);
  EXPECT_EQ(read.length, kBlockSize);
  EXPECT_EQ(there_and_back(Progress{std::chrono::microseconds(-5)}).decoded.count(), -5);
  const auto open = there_and_back(OutputOpen{3, OutputKind::kImage, "poster.jpg"});
  EXPECT_EQ(open.id, 3U);
  EXPECT_EQ(open.kind, OutputKind::kImage);
  EXPECT_EQ(open.name, "poster.jpg");
  EXPECT_EQ(there_and_back(OutputBytes{9, "abc"}).bytes, "abc");
  EXPECT_EQ(there_and_back(OutputClose{0xffffffff}).id, 0xffffffff);
  EXPECT_EQ(there_and_back(Done{"{}"}).result, "{}");
  EXPECT_EQ(there_and_back(Failed{base::ErrorCode::kBusy, "why"}).sentence, "why");
}

TEST(Messages, AnOrderArrivesAsItWasSent) {
  const Order order{.parent = 77,
                    .limits = {.address_space = base::Bytes(5),
                               .cpu_time = std::chrono::seconds(6),
                               .threads = 7},
                    .source_size = base::Bytes(1ULL << 40),
                    .text = "{\"do\":1}"};
  const std::string packet = encode(FromParent(order));
  const auto got = std::get<Order>(*decode_from_parent(packet));
  EXPECT_EQ(got.parent, 77);
  EXPECT_EQ(got.limits.address_space, order.limits.address_space);
  EXPECT_EQ(got.limits.cpu_time, order.limits.cpu_time);
  EXPECT_EQ(got.limits.threads, 7U);
  EXPECT_EQ(got.source_size, order.source_size);
  EXPECT_EQ(got.text, order.text);
  EXPECT_EQ(std::get<Filled>(*decode_from_parent(encode(FromParent(Filled{4})))).block, 4);
}

TEST(Messages, OfNoKindAreRefused) {
  EXPECT_TRUE(is_refused(""));
  EXPECT_TRUE(is_refused(std::string(1, '\0')));
  EXPECT_TRUE(is_refused("\x09"));
  EXPECT_TRUE(is_refused(encode(FromParent(Filled{1}))));
  EXPECT_FALSE(decode_from_parent(encode(FromChild(OutputClose{1}))));
}

TEST(Messages, OfTheWrongLengthAreRefused) {
  for (const FromChild& message :
       {FromChild(Ready{}), FromChild(Read{1, 2, 3}), FromChild(Progress{}),
        FromChild(OutputClose{1}), FromChild(OutputBytes{1, "x"}),
        FromChild(OutputOpen{1, OutputKind::kInit, "a"})}) {
    const std::string packet = encode(message);
    EXPECT_FALSE(is_refused(packet));
    EXPECT_TRUE(is_refused(std::string_view(packet).substr(0, packet.size() - 1)));
  }
  EXPECT_TRUE(is_refused(encode(FromChild(Ready{})) + "x"));
  EXPECT_TRUE(is_refused(encode(FromChild(Read{1, 2, 3})) + "x"));
}

TEST(Messages, ReadsAreBounded) {
  EXPECT_FALSE(is_refused(encode(FromChild(Read{kBlocks - 1, 0, 1}))));
  EXPECT_TRUE(is_refused(encode(FromChild(Read{kBlocks, 0, 1}))));
  EXPECT_TRUE(is_refused(encode(FromChild(Read{0, 0, 0}))));
  EXPECT_FALSE(is_refused(encode(FromChild(Read{0, 0, kBlockSize}))));
  EXPECT_TRUE(is_refused(encode(FromChild(Read{0, 0, kBlockSize + 1}))));
}

TEST(Messages, NamesOfOutputsArePlain) {
  const auto refused = [](std::string_view name) {
    return is_refused(encode(FromChild(OutputOpen{1, OutputKind::kInit, name})));
  };
  EXPECT_FALSE(refused("v_720p-1.m4s"));
  EXPECT_FALSE(refused(std::string(kNameMax, 'a')));
  EXPECT_TRUE(refused(std::string(kNameMax + 1, 'a')));
  for (const std::string_view name : {"", ".", "..", ".hidden", "a/b", "../a", "a b", "a\n", "é"}) {
    EXPECT_TRUE(refused(name)) << name;
  }
  EXPECT_TRUE(refused(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_refused(encode(FromChild(OutputOpen{1, static_cast<OutputKind>(4), "a"}))));
}

TEST(Messages, PayloadsAreBounded) {
  EXPECT_FALSE(is_refused(encode(FromChild(OutputBytes{1, std::string(kPayloadMax, 'x')}))));
  EXPECT_TRUE(is_refused(encode(FromChild(OutputBytes{1, std::string(kPayloadMax + 1, 'x')}))));
  EXPECT_TRUE(is_refused(encode(FromChild(OutputBytes{1, ""}))));
  EXPECT_FALSE(is_refused(encode(FromChild(Done{std::string(kPayloadMax, 'x')}))));
  EXPECT_TRUE(is_refused(encode(FromChild(Done{std::string(kPayloadMax + 1, 'x')}))));
}

TEST(Messages, FailuresHaveACodeThatExists) {
  std::string packet = encode(FromChild(Failed{base::ErrorCode::kBusy, "x"}));
  EXPECT_FALSE(is_refused(packet));
  ++packet[1];
  EXPECT_TRUE(is_refused(packet));
}

TEST(OneLine, KeepsWhatCanBeShown) {
  EXPECT_EQ(one_line("Größe 1,5 €: 動画 🎬"), "Größe 1,5 €: 動画 🎬");
  EXPECT_EQ(one_line("a\nb\tc\x1b[31m\x7f"), "a b c [31m ");
}

TEST(OneLine, LeavesNoBrokenUtf8) {
  EXPECT_EQ(one_line("a\x80z"), "a z");
  EXPECT_EQ(one_line("a\xc3"), "a ");
  EXPECT_EQ(one_line("\xc0\xaf"), "  ");       // Overlong.
  EXPECT_EQ(one_line("\xed\xa0\x80"), "   ");  // A surrogate.
  EXPECT_EQ(one_line("\xc2\x9b"
                     "31m"),
            "  31m");  // A control in two bytes.
  EXPECT_EQ(one_line("\xf4\x90\x80\x80"), "    ");
}

TEST(OneLine, EndsBetweenCharacters) {
  EXPECT_EQ(one_line(std::string(kSentenceMax + 1, 'x')).size(), kSentenceMax);
  const std::string cut = one_line(std::string(kSentenceMax - 1, 'x') + "é");
  EXPECT_EQ(cut.size(), kSentenceMax - 1);
}

}  // namespace
}  // namespace worker::sandbox
