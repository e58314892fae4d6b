#include "tests/worker/deeds.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/worker/forbidden_deeds.h"
#include "worker/sandbox/child_session.h"
#include "worker/sandbox/confine.h"

namespace worker::sandbox {
namespace {

using Text = base::Result<std::string>;

void send_raw(std::string_view packet) {
  std::ignore = ::send(kChannel, packet.data(), packet.size(), MSG_NOSIGNAL);
}

// --- What a decoder does.

Text sum_of_source(ChildSession& session) {
  std::vector<std::byte> piece(32'768);
  std::uint64_t sum = 0;
  std::uint64_t offset = 0;
  while (true) {
    const auto count = session.source().read_at(offset, piece);
    if (!count) return std::unexpected(count.error());
    if (*count == 0) break;
    for (std::size_t i = 0; i < *count; ++i) sum = sum * 31 + static_cast<std::uint64_t>(piece[i]);
    offset += *count;
  }
  return std::to_string(offset) + " " + std::to_string(sum);
}

Text work_with_threads(ChildSession& /*session*/) {
  std::mutex mutex;
  std::vector<std::string> heap;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&mutex, &heap, t] {
      pthread_setname_np(pthread_self(), "x264");
      thread_local std::string own = "thread";
      for (int i = 1; i <= 100; ++i) {
        // From the arena, from mmap, grown in place.
        std::string block(static_cast<std::size_t>(i) * 4'000, 'x');
        block.resize(block.size() * 3);
        const std::lock_guard lock(mutex);
        if (i == 100) heap.push_back(own + std::to_string(t));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::ranges::sort(heap);
  std::array numbers{3, 1, 2};  // qsort() asks how much memory there is.
  std::qsort(numbers.data(), numbers.size(), sizeof(int), [](const void* a, const void* b) {
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
  });
  return std::to_string(heap.size());
}

Text make_outputs(ChildSession& session) {
  const std::string bytes(200'000, 's');  // More than a message holds.
  for (const char* const name : {"init.mp4", "1.m4s"}) {
    const auto kind = std::string_view(name) == "1.m4s" ? OutputKind::kSegment : OutputKind::kInit;
    const auto output = session.open_output(kind, name);
    if (!output) return std::unexpected(output.error());
    if (const auto wrote = session.write(*output, bytes); !wrote) {
      return std::unexpected(wrote.error());
    }
    if (const auto closed = session.close(*output); !closed) {
      return std::unexpected(closed.error());
    }
  }
  if (const auto told = session.progress(std::chrono::seconds(4)); !told) {
    return std::unexpected(told.error());
  }
  return "{\"segments\":1}";
}

// What worker/product.h would make of the key.
Text give_product(ChildSession& session, std::string_view key) {
  const auto output = session.open_output(OutputKind::kSegment, "p0");
  if (!output) return std::unexpected(output.error());
  if (auto wrote = session.write(*output, std::string(key) + "\nbytes"); !wrote) {
    return std::unexpected(wrote.error());
  }
  if (auto closed = session.close(*output); !closed) return std::unexpected(closed.error());
  return "{}";
}

// --- What ends badly.

[[noreturn]] void loop() {
  for (std::atomic<std::uint64_t> turns = 0;; ++turns) {
  }
}

// In place of a key, the end of the parent's request and another one.
constexpr std::string_view kSmuggled =
    "a\r\ncontent-length: 0\r\n\r\nPOST /api/v1/worker/lease HTTP/1.1\r\nhost: o\r\nx: y";

Text open_two_outputs(ChildSession& session) {
  for (const char* const name : {"p0", "p1"}) {
    const auto output = session.open_output(OutputKind::kSegment, name);
    if (!output) return std::unexpected(output.error());
  }
  loop();
}

Text take_memory(ChildSession& /*session*/) {
  std::vector<std::unique_ptr<char[]>> kept;
  while (true) {
    constexpr std::size_t kPiece = 4 << 20;
    kept.push_back(std::make_unique_for_overwrite<char[]>(kPiece));
    std::memset(kept.back().get(), 1, kPiece);
  }
}

Text crash(ChildSession& /*session*/) {
  ::signal(SIGSEGV, SIG_DFL);  // Sanitizers catch it to write a report, and exit.
  ::raise(SIGSEGV);
  return "survived";
}

Text flood_outputs(ChildSession& session) {
  const auto output = session.open_output(OutputKind::kSegment, "endless.m4s");
  if (!output) return std::unexpected(output.error());
  const std::string bytes(1 << 20, 'x');
  while (true) {
    if (const auto wrote = session.write(*output, bytes); !wrote) {
      return std::unexpected(wrote.error());
    }
  }
}

Text flood_standard_error(ChildSession& /*session*/) {
  const std::string line = std::string(200, 'e') + "\n";
  while (true) std::ignore = ::write(kStandardError, line.data(), line.size());
}

using Deed = std::function<Text(ChildSession&)>;

const std::map<std::string, Deed, std::less<>>& deeds() {
  static const std::map<std::string, Deed, std::less<>> all{
      {"sum", sum_of_source},
      {"threads", work_with_threads},
      {"outputs", make_outputs},
      {"product", [](ChildSession& s) -> Text { return give_product(s, "720p/0/seg/3"); }},
      {"smuggling-product", [](ChildSession& s) -> Text { return give_product(s, kSmuggled); }},
      {"two-outputs-open", open_two_outputs},
      {"echo", [](ChildSession& session) -> Text { return session.order(); }},
      {"environment",
       [](ChildSession&) -> Text {
         std::string lines;
         for (char** entry = environ; *entry != nullptr; ++entry)
           lines += std::string(*entry) + "\n";
         return lines;
       }},
      // Its flags are behind a pointer: answered as by a kernel that has no such call.
      {"clone3",
       [](ChildSession&) -> Text {
         const long pid = ::syscall(SYS_clone3, nullptr, 0);
         return pid < 0 ? ::strerrorname_np(errno) : "it worked";
       }},
      {"fail",
       [](ChildSession&) -> Text {
         return base::fail(base::ErrorCode::kUnsupported, "there is no\nvideo in it");
       }},
      {"throw", [](ChildSession&) -> Text { throw std::runtime_error("unforeseen"); }},
      {"deep-result",
       [](ChildSession&) -> Text { return std::string(30'000, '[') + std::string(30'000, ']'); }},
      {"long-result", [](ChildSession&) -> Text { return std::string(kPayloadMax + 1, 'x'); }},
      {"loop", [](ChildSession&) -> Text { loop(); }},
      {"loop-ignoring-signals",
       [](ChildSession&) -> Text {
         ::signal(SIGXCPU, SIG_IGN);
         loop();
       }},
      // Tells its process id in place of a time, and stays.
      {"stay",
       [](ChildSession& session) -> Text {
         std::ignore = session.progress(std::chrono::microseconds(::getpid()));
         loop();
       }},
      {"loop-with-progress",
       [](ChildSession& session) -> Text {
         for (int i = 0;; ++i) {
           std::ignore = session.progress(std::chrono::microseconds(i));
         }
       }},
      {"memory", take_memory},
      {"crash", crash},
      {"abort",
       [](ChildSession&) -> Text {
         std::fputs("assertion failed: frame\n", stderr);
         std::abort();
       }},
      {"leave", [](ChildSession&) -> Text { ::_exit(3); }},
      {"leave-cleanly", [](ChildSession&) -> Text { ::_exit(0); }},
      {"hang-up",
       [](ChildSession&) -> Text {
         ::close(kChannel);
         loop();
       }},
      {"garbage",
       [](ChildSession&) -> Text {
         send_raw("\xff garbage");
         loop();
       }},
      {"empty-packet",
       [](ChildSession&) -> Text {
         send_raw("");
         loop();
       }},
      {"huge-packet",
       [](ChildSession&) -> Text {
         send_raw(std::string(kPacketMax + 1, '\x03'));
         loop();
       }},
      {"flood-outputs", flood_outputs},
      {"flood-standard-error", flood_standard_error},
  };
  return all;
}

}  // namespace

void be_child(std::string_view name) {
  if (name == "not-confined") {  // Ends before it says anything.
    ::_exit(9);
  }
  if (name == "lie") {  // Reads without having said that it is confined.
    send_raw(encode(FromChild(Read{0, 0, 1})));
    loop();
  }
  std::thread beside;
  if (name == "two-threads") beside = std::thread([] { loop(); });
  run_confined([&](ChildSession& session) -> Text {
    if (const auto deed = deeds().find(name); deed != deeds().end()) return deed->second(session);
    if (const auto deed = forbidden_deeds().find(name); deed != forbidden_deeds().end()) {
      return deed->second();
    }
    return deadly_deeds().at(std::string(name))();
  });
}

}  // namespace worker::sandbox
