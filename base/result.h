// Result<T>: a value, or an Error that says what failed, where, and whose fault it was.
//
// Blame decides what a daemon does about it: the client's fault becomes a 4xx, the origin's a
// 502/504 (and a retry elsewhere), our own a 500 and an error line in the log.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace base {

enum class ErrorCode {
  kInvalid,      // Malformed or out of range.
  kNotFound,     // No such thing.
  kTooLarge,     // Over a stated limit.
  kOverloaded,   // A queue, pool or budget is full now; later may work.
  kAborted,      // Given up by the other side or by us, unfinished.
  kTimeout,      // Waited as long as configured.
  kUnreachable,  // Could not connect, resolve or verify the peer.
  kProtocol,     // The peer broke its protocol.
  kIo,           // The operating system failed a read or write.
  kNoSpace,      // The disk, or our share of it, is full.
  kCorrupt,      // Stored bytes do not verify.
  kUnsupported,  // Well-formed, but not something we do.
  kDenied,       // Not permitted.
  kBusy,         // In use by another process or owner.
};

std::string_view name_of(ErrorCode code);  // "invalid", "not_found", …: for logs and metrics.

enum class Blame { kUs, kClient, kOrigin };

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string context;  // One line for a human: what, where, and what to do about it.
  Blame blame = Blame::kUs;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string context, Blame blame = Blame::kUs) {
  return std::unexpected(Error{code, std::move(context), blame});
}

}  // namespace base
