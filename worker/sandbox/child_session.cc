#include "worker/sandbox/child_session.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "worker/sandbox/confine.h"
#include "worker/sandbox/window.h"

namespace worker::sandbox {
namespace {

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

base::Result<std::string> finish(std::move_only_function<base::Result<std::string>()> work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return base::fail(base::ErrorCode::kTooLarge, "it needs more memory than a task may have");
  } catch (const std::exception& e) {
    return base::fail(base::ErrorCode::kInvalid, e.what());
  }
}

}  // namespace

base::Result<void> ChildSession::start() {
  std::vector<char> buffer(kPacketMax);
  const auto packet = socket_.receive(buffer);
  if (!packet) return std::unexpected(packet.error());
  if (!*packet) return base::fail(base::ErrorCode::kAborted, "the parent is gone");
  const auto message = decode_from_parent(**packet);
  if (!message) return std::unexpected(message.error());
  const auto* const order = std::get_if<Order>(&*message);
  if (order == nullptr) return base::fail(base::ErrorCode::kProtocol, "no order came first");
  order_ = order->text;

  auto window = WindowView::open(base::UniqueFd(kWindow));  // Its descriptor is closed here.
  if (!window) return std::unexpected(window.error());
  source_.emplace(socket_, *std::move(window), order->source_size);

  const auto in_force = confine(order->limits, order->parent);
  if (!in_force) return std::unexpected(in_force.error());
  return send(Ready{*in_force});
}

base::Result<void> ChildSession::progress(std::chrono::microseconds decoded) {
  std::int64_t due = progress_due_.load();
  const std::int64_t now = now_ns();
  const std::int64_t next = now + std::chrono::nanoseconds(kProgressPause).count();
  // Of threads that come at the same time, one sends.
  if (now < due || !progress_due_.compare_exchange_strong(due, next)) return {};
  return send(Progress{decoded});
}

base::Result<std::uint32_t> ChildSession::open_output(OutputKind kind, std::string_view name) {
  const std::uint32_t id = next_output_.fetch_add(1);
  if (const auto sent = send(OutputOpen{id, kind, name}); !sent) {
    return std::unexpected(sent.error());
  }
  return id;
}

base::Result<void> ChildSession::write(std::uint32_t output, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPayloadMax);
    if (auto sent = send(OutputBytes{output, piece}); !sent) return sent;
    bytes.remove_prefix(piece.size());
  }
  return {};
}

base::Result<void> ChildSession::close(std::uint32_t output) { return send(OutputClose{output}); }

base::Result<void> ChildSession::send(const FromChild& message) const {
  return socket_.send(encode(message));
}

void run_confined(std::move_only_function<base::Result<std::string>(ChildSession&)> work) {
  const PacketSocket socket{base::UniqueFd(kChannel)};
  ChildSession session(socket);
  auto result = finish([&]() -> base::Result<std::string> {
    if (const auto started = session.start(); !started) return std::unexpected(started.error());
    return work(session);
  });
  if (result && result->size() > kPayloadMax) {
    result = base::fail(base::ErrorCode::kTooLarge, "the task's result is too long");
  }
  const auto told = result ? session.send(Done{*result})
                           : session.send(Failed{result.error().code, result.error().context});
  ::_exit(told ? 0 : 1);
}

}  // namespace worker::sandbox
