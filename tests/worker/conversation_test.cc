// The parent's half of the talk, with a test in the child's place: what it serves, and which rule
// ends it.
#include "worker/sandbox/conversation.h"

#include <gtest/gtest.h>

#include <memory>
#include <tuple>
#include <vector>

#include "base/thread.h"
#include "tests/worker/source_and_sink.h"

namespace worker::sandbox {
namespace {

// Says what it is told to, then hangs up.
class Talk {
 public:
  explicit Talk(ConversationLimits limits = {}, Protections required = {}) {
    auto ends = PacketSocket::make_pair();
    child_ = std::make_unique<PacketSocket>(std::move(ends->second));
    conversation_ = std::make_unique<Conversation>(std::move(ends->first), *Window::make(), source,
                                                   sink, required, limits);
    server_ = base::Thread("serve", [this] { outcome_ = conversation_->serve(); });
  }
  ~Talk() { conversation_->stop(); }

  Talk& ready(Protections in_force = Protections::all()) { return say(Ready{in_force}); }
  Talk& say(const FromChild& message) { return say_raw(encode(message)); }
  Talk& say_raw(std::string_view packet) {
    std::ignore = child_->send(packet);  // It may have been hung up on already.
    return *this;
  }
  // For Filled, so that what was read is there.
  Talk& listen() {
    std::ignore = child_->receive(buffer_);
    return *this;
  }
  Outcome hang_up() {
    child_.reset();
    server_.join();
    return outcome_;
  }
  // The rule that was broken; "" if none was.
  std::string broken_rule() { return hang_up().broken_rule.value_or(""); }

  StringSource source{pattern(1'000)};
  RememberingSink sink;

 private:
  std::vector<char> buffer_ = std::vector<char>(kPacketMax);
  std::unique_ptr<PacketSocket> child_;
  std::unique_ptr<Conversation> conversation_;
  Outcome outcome_;
  base::Thread server_;
};

TEST(Conversation, EndsWithTheResult) {
  const Outcome outcome = Talk().ready().say(Done{"{}"}).hang_up();
  EXPECT_EQ(outcome.result, "{}");
  EXPECT_FALSE(outcome.broken_rule || outcome.failure || outcome.ours);
  EXPECT_EQ(outcome.in_force, Protections::all());
}

TEST(Conversation, EndsWithAFailure) {
  const Outcome outcome =
      Talk().ready().say(Failed{base::ErrorCode::kUnsupported, "no video"}).hang_up();
  EXPECT_EQ(outcome.failure->context, "no video");
  EXPECT_EQ(outcome.failure->code, base::ErrorCode::kUnsupported);
}

TEST(Conversation, EndsWithNothingWhenTheChildJustGoes) {
  const Outcome outcome = Talk().ready().hang_up();
  EXPECT_FALSE(outcome.result || outcome.broken_rule || outcome.failure || outcome.ours);
}

TEST(Conversation, ServesNothingBeforeTheChildIsConfined) {
  Talk talk;
  EXPECT_NE(talk.say(Read{0, 0, 1}).broken_rule(), "");
  EXPECT_TRUE(talk.source.reads.empty());
}

TEST(Conversation, ServesNoChildThatLacksARequiredProtection) {
  Protections most = Protections::all();
  most.remove(Protection::kLandlock);
  Talk talk({}, Protections::required());
  const Outcome outcome = talk.ready(most).say(Read{0, 0, 1}).hang_up();
  EXPECT_NE(outcome.ours->context.find("missing: landlock"), std::string::npos);
  EXPECT_TRUE(talk.source.reads.empty());

  most.remove(Protection::kUserNamespace);  // Not required; landlock is forgone.
  Protections less = Protections::required();
  less.remove(Protection::kLandlock);
  EXPECT_TRUE(Talk({}, less).ready(most).say(Done{}).hang_up().result);
}

TEST(Conversation, ReadsReachToTheSourcesEndAndNotPastIt) {
  Talk talk;
  talk.ready().say(Read{0, 0, 1'000}).listen().say(Read{7, 999, 1}).listen();
  EXPECT_EQ(talk.broken_rule(), "");
  EXPECT_EQ(talk.source.reads.size(), 2U);

  EXPECT_NE(Talk().ready().say(Read{0, 0, 1'001}).broken_rule(), "");
  EXPECT_NE(Talk().ready().say(Read{0, 1'000, 1}).broken_rule(), "");
  EXPECT_NE(Talk().ready().say(Read{0, ~std::uint64_t{0}, 2}).broken_rule(), "");
}

TEST(Conversation, TheSourceIsReadSoManyTimesAndNoMore) {
  const ConversationLimits limits{.source_reads_max = 2, .source_read_floor = base::Bytes(0)};
  Talk twice(limits);
  twice.ready();
  for (int i = 0; i < 2; ++i) twice.say(Read{0, 0, 1'000}).listen();
  EXPECT_EQ(twice.broken_rule(), "");

  Talk once_more(limits);
  once_more.ready();
  for (int i = 0; i < 2; ++i) once_more.say(Read{0, 0, 1'000}).listen();
  EXPECT_NE(once_more.say(Read{0, 0, 1}).broken_rule(), "");
  EXPECT_EQ(once_more.source.reads.size(), 2U);
}

TEST(Conversation, AFailingSourceIsOurFault) {
  Talk talk;
  talk.source.failing = true;
  const Outcome outcome = talk.ready().say(Read{0, 0, 1}).hang_up();
  EXPECT_EQ(outcome.ours->code, base::ErrorCode::kUnreachable);
}

TEST(Conversation, AFailingSinkIsOurFault) {
  Talk talk;
  talk.sink.failing = true;
  const Outcome outcome = talk.ready().say(OutputOpen{1, OutputKind::kInit, "a"}).hang_up();
  EXPECT_EQ(outcome.ours->code, base::ErrorCode::kNoSpace);
}

TEST(Conversation, OutputsMayInterleave) {
  Talk talk;
  talk.ready()
      .say(OutputOpen{1, OutputKind::kInit, "a"})
      .say(OutputOpen{2, OutputKind::kSegment, "b"})
      .say(OutputBytes{1, "1"})
      .say(OutputBytes{2, "2"})
      .say(OutputBytes{1, "1"})
      .say(OutputClose{1})
      .say(OutputClose{2})
      .say(OutputOpen{1, OutputKind::kSegment, "c"})  // A number may come again.
      .say(OutputClose{1})
      .say(Done{});
  EXPECT_TRUE(talk.hang_up().result);
  EXPECT_EQ(talk.sink.written["a"], "11");
  EXPECT_EQ(talk.sink.written["b"], "2");
  EXPECT_EQ(talk.sink.kinds["b"], OutputKind::kSegment);
  EXPECT_EQ(talk.sink.closed, 3);
}

TEST(Conversation, OutputsAreOpenedOnceWrittenOpenAndClosedBeforeTheEnd) {
  const OutputOpen a{1, OutputKind::kInit, "a"};
  EXPECT_NE(Talk().ready().say(a).say(a).broken_rule(), "");
  EXPECT_NE(Talk().ready().say(a).say(OutputOpen{2, OutputKind::kInit, "a"}).broken_rule(), "");
  EXPECT_NE(Talk().ready().say(a).say(OutputOpen{1, OutputKind::kInit, "b"}).broken_rule(), "");
  EXPECT_NE(Talk().ready().say(a).say(OutputClose{1}).say(a).broken_rule(), "");
  EXPECT_NE(Talk().ready().say(a).say(OutputBytes{2, "x"}).broken_rule(), "");
  EXPECT_NE(Talk().ready().say(OutputClose{1}).broken_rule(), "");
  const Outcome outcome = Talk().ready().say(a).say(Done{"{}"}).hang_up();
  EXPECT_TRUE(outcome.broken_rule);
  EXPECT_FALSE(outcome.result);
}

TEST(Conversation, OutputsAreBoundedInNumber) {
  const auto talk_of = [](int count, int open) {
    Talk talk({.outputs_max = 3, .outputs_open_max = 2});
    talk.ready();
    for (int i = 0; i < count; ++i) {
      const auto id = static_cast<std::uint32_t>(i);
      const std::string name = std::to_string(i);
      talk.say(OutputOpen{id, OutputKind::kSegment, name});
      if (i >= open) talk.say(OutputClose{id});
    }
    return talk.broken_rule();
  };
  EXPECT_EQ(talk_of(3, 0), "");
  EXPECT_NE(talk_of(4, 0), "");
  EXPECT_EQ(talk_of(2, 2), "");
  EXPECT_NE(talk_of(3, 2), "");
}

TEST(Conversation, OutputsAreBoundedInSize) {
  const auto talk_of = [](int first, int second) {
    Talk talk({.output_max = base::Bytes(10), .outputs_total_max = base::Bytes(15)});
    talk.ready();
    for (std::uint32_t id = 0; const int size : {first, second}) {
      talk.say(OutputOpen{id, OutputKind::kSegment, std::to_string(id)});
      for (int i = 0; i < size; ++i) talk.say(OutputBytes{id, "x"});
      talk.say(OutputClose{id++});
    }
    return talk.broken_rule();
  };
  EXPECT_EQ(talk_of(10, 5), "");
  EXPECT_NE(talk_of(11, 1), "");
  EXPECT_NE(talk_of(10, 6), "");
}

TEST(Conversation, ProgressGoesForwardOnly) {
  Talk talk;
  talk.ready();
  talk.say(Progress{std::chrono::microseconds(5)})
      .say(Progress{std::chrono::microseconds(3)})
      .say(Progress{std::chrono::microseconds(5)})
      .say(Progress{std::chrono::microseconds(9)});
  EXPECT_EQ(talk.broken_rule(), "");
  EXPECT_EQ(talk.sink.decoded,
            (std::vector{std::chrono::microseconds(5), std::chrono::microseconds(9)}));
}

TEST(Conversation, NothingComesAfterTheLastMessage) {
  const Outcome outcome = Talk().ready().say(Done{"{}"}).say(Progress{}).hang_up();
  EXPECT_TRUE(outcome.broken_rule);
  EXPECT_FALSE(outcome.result);
  EXPECT_NE(Talk().ready().say(Failed{}).say(Done{}).broken_rule(), "");
  EXPECT_NE(Talk().ready().ready().broken_rule(), "");
}

TEST(Conversation, WhatIsNoMessageEndsIt) {
  EXPECT_NE(Talk().ready().say_raw("\xff garbage").broken_rule(), "");
  EXPECT_NE(Talk().ready().say_raw(std::string(kPacketMax + 1, '\x05')).broken_rule(), "");
  EXPECT_EQ(Talk().ready().say_raw("").broken_rule(), "");  // Like hanging up.
}

TEST(Conversation, AFloodIsHeldBack) {
  Talk talk({.messages_per_second = 1'000, .messages_burst = 1});
  const auto start = std::chrono::steady_clock::now();
  talk.ready();
  for (int i = 0; i < 100; ++i) talk.say(Progress{});
  EXPECT_EQ(talk.broken_rule(), "");
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(90));
}

}  // namespace
}  // namespace worker::sandbox
