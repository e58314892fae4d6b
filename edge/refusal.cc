#include "edge/refusal.h"

namespace edge {

int status_of(const base::Error& error) {
  switch (error.blame) {
    case base::Blame::kOrigin:
      return error.code == base::ErrorCode::kTimeout ? 504 : 502;
    case base::Blame::kClient:
      return error.code == base::ErrorCode::kTooLarge ? 413 : 400;
    case base::Blame::kUs:
      break;
  }
  return error.code == base::ErrorCode::kOverloaded || error.code == base::ErrorCode::kAborted ||
                 error.code == base::ErrorCode::kNoSpace
             ? 503
             : 500;
}

std::string_view public_text(const base::Error& error) {
  using base::ErrorCode;
  if (error.code == ErrorCode::kOverloaded) return "too many requests wait for the origin";
  if (error.blame != base::Blame::kOrigin) return error.context;
  switch (error.code) {
    case ErrorCode::kTimeout:
      return "the origin did not answer in time";
    case ErrorCode::kUnreachable:
      return "the origin can't be reached";
    case ErrorCode::kAborted:
      return "the origin changed or broke off what it sent";
    default:
      return "the origin's answer can't be used";
  }
}

std::string_view name_of(http::Ending ending) {
  switch (ending) {
    case http::Ending::kComplete:
      return "complete";
    case http::Ending::kClientLeft:
      return "client_left";
    case http::Ending::kAborted:
      return "aborted";
    case http::Ending::kLimit:
      return "limit";
  }
  return "unknown";
}

}  // namespace edge
