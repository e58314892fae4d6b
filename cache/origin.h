// Origin: where missing bytes come from, as a parameter. The edge implements it over HTTP; a
// simulation by a model.
//
// Threads    Everything on the fill thread (the Executor that the Origin was given to the Store
//            with). Ownership and reentry as in http/client.h: start() never calls back inside
//            itself; destroying the OriginFetch cancels, and no event follows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/ref.h"
#include "base/result.h"

namespace cache {

// The bytes [first, last]; `last` none: to the end.
struct Span {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;
  bool operator==(const Span&) const = default;
};

// What the edge needs to know to ask the origin (site, URL, fields to forward). Opaque here.
class OriginTarget : public base::RefCounted {};

struct OriginRequest {
  base::Ref<const OriginTarget> target;
  std::optional<Span> range;
  std::string if_range;       // Strong ETag; only with a range.
  std::string if_none_match;  // Revalidation.
  std::string if_modified_since;
};

class OriginEvents {
 public:
  virtual ~OriginEvents() = default;
  virtual void on_head(int status, base::Fields fields) = 0;
  virtual bool on_body(std::string_view bytes) = 0;  // False: pause; nothing was taken.
  virtual void on_end(base::Result<void> outcome) = 0;
};

class OriginFetch {
 public:
  virtual ~OriginFetch() = default;
  virtual void resume() = 0;
  // Once the head has come: only the connection's end will show where the body ends, so that a
  // whole one can't be told from one that was cut.
  [[nodiscard]] virtual bool ends_with_connection() const { return false; }
};

class Origin {
 public:
  virtual ~Origin() = default;
  virtual std::unique_ptr<OriginFetch> fetch(OriginRequest request, OriginEvents& events) = 0;
};

}  // namespace cache
