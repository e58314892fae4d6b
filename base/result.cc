#include "base/result.h"

namespace base {

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kTooLarge:
      return "too_large";
    case ErrorCode::kOverloaded:
      return "overloaded";
    case ErrorCode::kAborted:
      return "aborted";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kUnreachable:
      return "unreachable";
    case ErrorCode::kProtocol:
      return "protocol";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kNoSpace:
      return "no_space";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kBusy:
      return "busy";
  }
  return "unknown";
}

}  // namespace base
