#include "worker/sandbox/protections.h"

namespace worker::sandbox {

std::string_view name_of(Protection protection) {
  switch (protection) {
    case Protection::kNoNewPrivileges:
      return "no_new_privileges";
    case Protection::kDescriptors:
      return "descriptors";
    case Protection::kLimits:
      return "limits";
    case Protection::kUserNamespace:
      return "user_namespace";
    case Protection::kNetworkNamespace:
      return "network_namespace";
    case Protection::kNoCapabilities:
      return "no_capabilities";
    case Protection::kLandlock:
      return "landlock";
    case Protection::kSyscallFilter:
      return "syscall_filter";
  }
  return "unknown";
}

std::string Protections::to_string() const {
  std::string text;
  for (unsigned bit = 0; bit < kCount; ++bit) {
    const auto member = static_cast<Protection>(1U << bit);
    if (!has(member)) continue;
    if (!text.empty()) text += ", ";
    text += name_of(member);
  }
  return text.empty() ? "none" : text;
}

}  // namespace worker::sandbox
