#include "worker/sandbox_trial.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "worker/sandbox/child_process.h"

namespace worker {
namespace {

using base::ErrorCode;
using sandbox::Protection;
using sandbox::Protections;

constexpr std::chrono::seconds kTrialMax{20};

class NoSource final : public sandbox::ByteSource {
 public:
  [[nodiscard]] base::Bytes size() const override { return base::Bytes(0); }
  base::Result<void> read_at(std::uint64_t, std::span<std::byte>) override {
    return base::fail(ErrorCode::kInvalid, "a trial has no source");
  }
};

class NoSink final : public sandbox::ResultSink {
 public:
  base::Result<void> open(std::uint32_t, sandbox::OutputKind, std::string_view) override {
    return base::fail(ErrorCode::kInvalid, "a trial has no outputs");
  }
  base::Result<void> write(std::uint32_t, std::string_view) override { return {}; }
  base::Result<void> close(std::uint32_t) override { return {}; }
  base::Result<void> progressed(std::chrono::microseconds) override { return {}; }
};

}  // namespace

base::Result<Protections> try_sandbox(const std::vector<std::string>& child_arguments,
                                      Protections required) {
  sandbox::ChildSpec spec;
  spec.arguments = child_arguments;
  spec.order = nlohmann::json{{"kind", kTrialKind}}.dump();
  spec.run_time_max = kTrialMax;
  spec.required = required;
  NoSource source;
  NoSink sink;
  const sandbox::Exit exit = sandbox::run_in_child(spec, source, sink);
  if (exit.kind == sandbox::Exit::Kind::kOk) return exit.in_force;
  const Protections missing = required.without(exit.in_force);
  if (exit.in_force.empty() || missing.empty()) {
    return base::fail(ErrorCode::kAborted, "the sandbox could not be tried: " + exit.detail);
  }
  return base::fail(ErrorCode::kUnsupported, exit.detail + "\n" + advice_for(missing));
}

std::string advice_for(Protections missing) {
  std::string advice;
  if (missing.has(Protection::kLandlock)) {
    advice +=
        "landlock: needs Linux 5.13 or newer with \"landlock\" in /sys/kernel/security/lsm (boot "
        "with lsm=landlock,…), and a container that lets its calls through. --without-landlock "
        "goes on with the system call filter alone.\n";
  }
  if (missing.has(Protection::kSyscallFilter)) {
    advice +=
        "syscall_filter: needs a kernel with seccomp filters, and a container that lets them be "
        "set.\n";
  }
  if (missing.has(Protection::kNoCapabilities)) {
    advice += "no_capabilities: run the worker as a user of its own, not as root.\n";
  }
  return advice + "More: docs/sandbox.md, \"When the kernel lacks one\".";
}

}  // namespace worker
