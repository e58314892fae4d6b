// A parent for the tests, and a way to run a deed in a child.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "tests/worker/deeds.h"
#include "tests/worker/source_and_sink.h"
#include "worker/sandbox/child_process.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HEADRACE_SHADOW_MEMORY
#endif
#endif

namespace worker::sandbox {

#ifdef HEADRACE_SHADOW_MEMORY
inline constexpr bool kLimitsAddressSpace = false;
#else
inline constexpr bool kLimitsAddressSpace = true;
#endif

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HEADRACE_BACKGROUND_THREAD
#endif
#endif
#ifdef HEADRACE_BACKGROUND_THREAD
inline constexpr bool kHasThreadOfSanitizer = true;
#else
inline constexpr bool kHasThreadOfSanitizer = false;
#endif

inline ChildSpec spec_of(std::string_view deed) {
  ChildSpec spec;
  spec.arguments = {std::string(kChildFlag), std::string(deed)};
  spec.run_time_max = std::chrono::minutes(2);
  return spec;
}

inline Exit run(const ChildSpec& spec) {
  StringSource source(pattern(100));
  RememberingSink sink;
  return run_in_child(spec, source, sink);
}

inline Exit run(std::string_view deed) { return run(spec_of(deed)); }

}  // namespace worker::sandbox
