// MediaAccess: which object a request for media is about, whether it may have it, and what the answer
// must say so that nobody else gets it from a cache. docs/media-tokens.md, "At the origin".
//
// Videos' objects are named "media/VIDEO/…"; others are for anyone. Of a video that the catalogue does
// not know nothing is served: its objects are about to be removed.
//
// Threads    grant() from any thread that may block: it may verify a signature, and asks the catalogue.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fields.h"
#include "base/result.h"
#include "http/address_range.h"
#include "http/media_token.h"
#include "http/message.h"

namespace origin {

enum class MediaTerms : std::uint8_t {
  kPublic,
  kGuarded,   // Private, for an edge that holds its clients to the mark: to be cached there alone.
  kPersonal,  // By a token in the URL: to be kept by nobody.
};

struct MediaGrant {
  std::string name;   // Of the object.
  std::string video;  // Empty: it is no video's.
  MediaTerms terms = MediaTerms::kPublic;
};

class MediaAccess {
 public:
  // A video's access, "public" or "private". kNotFound: no such video.
  using AccessOf = std::function<base::Result<std::string>(std::string_view video)>;

  MediaAccess();  // Everything is for anyone, tokens are nothing special.
  // `keys`: what tokens may be signed with. `trusted_edges`: who may say Headrace-Media-Access.
  MediaAccess(http::MediaKeys keys, std::vector<http::AddressRange> trusted_edges,
              AccessOf access_of);
  MediaAccess(MediaAccess&&) noexcept;
  MediaAccess& operator=(MediaAccess&&) noexcept;
  ~MediaAccess();

  // `address`: of who sent it. kDenied: with a sentence; kInvalid, kNotFound: as object_name();
  // others: the catalogue's.
  base::Result<MediaGrant> grant(const http::RequestHead& request, std::string_view address,
                                 base::WallTime now) const;

 private:
  struct State;
  std::unique_ptr<State> state_;  // Null: nothing is guarded.
};

// Sets what an answer under this grant says to caches, whatever the answer is.
void apply_terms(const MediaGrant& grant, base::Fields& fields);

}  // namespace origin
