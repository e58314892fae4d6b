#include "worker/sandbox/conversation.h"

#include <algorithm>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace worker::sandbox {
namespace {

base::MonoTime now() { return std::chrono::steady_clock::now(); }

base::Bytes readable(base::Bytes size, const ConversationLimits& limits) {
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  const std::uint64_t times = limits.source_reads_max;
  const std::uint64_t product = size.count() > kAll / times ? kAll : size.count() * times;
  return std::max(base::Bytes(product), limits.source_read_floor);
}

}  // namespace

Conversation::Conversation(PacketSocket socket, Window window, ByteSource& source, ResultSink& sink,
                           Protections required, const ConversationLimits& limits)
    : socket_(std::move(socket)),
      window_(std::move(window)),
      source_(source),
      sink_(sink),
      required_(required),
      limits_(limits),
      source_read_left_(readable(source.size(), limits)),
      outputs_left_(limits.outputs_total_max),
      last_progress_(now().time_since_epoch().count()) {}

base::Result<void> Conversation::begin(const Order& order) { return socket_.send(encode(order)); }

Outcome Conversation::serve() {
  std::vector<char> buffer(kPacketMax);
  MessageRate rate(limits_.messages_per_second, limits_.messages_burst, now());
  while (!stopped_) {
    const auto packet = socket_.receive(buffer);
    if (!packet) {
      break_off(packet.error().context);
      break;
    }
    if (!*packet) break;
    if (const auto wait = rate.wait_for_one(now()); wait.count() > 0) {
      std::this_thread::sleep_for(wait);
    }
    const auto message = decode_from_child(**packet);
    if (!message) {
      break_off(message.error().context);
      break;
    }
    if (!handle(*message)) break;
  }
  is_over_ = true;
  return std::move(outcome_);
}

void Conversation::stop() {
  stopped_ = true;
  socket_.shut();
}

base::MonoTime Conversation::last_progress() const {
  using base::MonoTime;
  // In this order, against on_our_time()'s: seen between its two steps, or with both of them in between,
  // a call's time counts twice or once, never not at all.
  const MonoTime::rep since = on_our_time_since_.load();
  const MonoTime last{MonoTime::duration(last_progress_.load())};
  if (since == 0) return last;
  return last + (now() - MonoTime(MonoTime::duration(since)));
}

template <class Call>
bool Conversation::on_our_time(Call call) {
  const base::MonoTime start = now();
  on_our_time_since_ = start.time_since_epoch().count();
  const base::Result<void> done = call();
  // In this order: between the two the child seems to have come further than it has, not less.
  last_progress_ += (now() - start).count();
  on_our_time_since_ = 0;
  return done ? true : give_up(done.error());
}

bool Conversation::handle(const FromChild& message) {
  if (outcome_.result || outcome_.failure) return break_off("it went on after its last message");
  if (!ready_ && !std::holds_alternative<Ready>(message) &&
      !std::holds_alternative<Failed>(message)) {
    return break_off("it did not say first that it is confined");
  }
  return std::visit([this](const auto& m) { return on(m); }, message);
}

bool Conversation::on(const Ready& message) {
  if (ready_) return break_off("it said twice that it is confined");
  outcome_.in_force = message.in_force;
  const Protections missing = required_.without(message.in_force);
  if (!missing.empty()) {
    return give_up(
        {base::ErrorCode::kUnsupported,
         "this machine can't confine a decoder as required; missing: " + missing.to_string()});
  }
  ready_ = true;
  come_further();
  return true;
}

bool Conversation::on(const Read& message) {
  const std::uint64_t size = source_.size().count();
  if (message.offset >= size || message.length > size - message.offset) {
    return break_off("it asked for bytes past the end of the source");
  }
  const base::Bytes length(message.length);
  if (length > source_read_left_) {
    return break_off("it read the source more often than any decoder needs to");
  }
  source_read_left_ -= length;
  const auto into = window_.block(message.block).first(message.length);
  if (!on_our_time([&] { return source_.read_at(message.offset, into); })) return false;
  // Failing means that the child is gone: receive() finds out, after what it said before.
  std::ignore = socket_.send(encode(Filled{message.block}));
  return true;
}

bool Conversation::on(const Progress& message) {
  if (message.decoded <= decoded_) return true;
  decoded_ = message.decoded;
  come_further();
  return on_our_time([&] { return sink_.progressed(message.decoded); });
}

bool Conversation::on(const OutputOpen& message) {
  if (open_.size() >= limits_.outputs_open_max) return break_off("it has too many outputs open");
  if (names_.size() >= limits_.outputs_max) return break_off("it made too many outputs");
  if (!names_.emplace(message.name).second) return break_off("it made an output twice");
  if (!open_.try_emplace(message.id).second) return break_off("it opened an output twice");
  return on_our_time([&] { return sink_.open(message.id, message.kind, message.name); });
}

bool Conversation::on(const OutputBytes& message) {
  const auto output = open_.find(message.id);
  if (output == open_.end()) return break_off("it wrote to an output that is not open");
  const base::Bytes size(message.bytes.size());
  output->second.written += size;
  if (output->second.written > limits_.output_max) return break_off("an output is too large");
  if (size > outputs_left_) return break_off("its outputs together are too large");
  outputs_left_ -= size;
  come_further();
  return on_our_time([&] { return sink_.write(message.id, message.bytes); });
}

bool Conversation::on(const OutputClose& message) {
  if (open_.erase(message.id) == 0) return break_off("it closed an output that is not open");
  return on_our_time([&] { return sink_.close(message.id); });
}

bool Conversation::on(const Done& message) {
  if (!open_.empty()) return break_off("it ended with an output open");
  outcome_.result = std::string(message.result);
  return true;  // Until it hangs up.
}

bool Conversation::on(const Failed& message) {
  outcome_.failure = base::Error{message.code, message.sentence, base::Blame::kClient};
  return true;
}

bool Conversation::break_off(std::string rule) {
  outcome_.result.reset();
  outcome_.failure.reset();
  outcome_.broken_rule = std::move(rule);
  return false;
}

bool Conversation::give_up(const base::Error& error) {
  outcome_.ours = error;
  return false;
}

void Conversation::come_further() { last_progress_ = now().time_since_epoch().count(); }

}  // namespace worker::sandbox
