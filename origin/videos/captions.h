// Captions: the texts of a video in some languages, one for each, as their owner sent them: read,
// held to limits and written anew (package/captions.h). They may come before the video can be played,
// and whenever they change its manifests are written anew.
//
// What is replaced or removed is gone from the store once the manifests no longer name it; a crash in
// between leaves it there until the video goes.
//
// Threads    All calls from any thread that may block.
// Errors     Those of Database and ObjectWriter; kNotFound: no such video, not the asker's, or no such
//            captions; kInvalid, kTooLarge: with a sentence for who sent it, and the line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "origin/database/database.h"
#include "origin/object_writer.h"

namespace origin {

class Publisher;

struct CaptionsView {
  std::string language;  // BCP 47, in its canonical case.
  std::string label;     // What viewers choose by; may be empty.
  std::string object;    // The WebVTT file.
  std::uint64_t size = 0;
};

// In the order of languages. Inside a transaction.
std::vector<CaptionsView> read_captions_of(soci::session& sql, const std::string& video);

class Captions {
 public:
  static constexpr std::size_t kFileBytesMax = 1u << 20;
  static constexpr int kOfVideoMax = 100;
  static constexpr std::size_t kLabelBytesMax = 100;

  Captions(Database& database, const base::Clock& clock, ObjectWriter& objects,
           Publisher& publisher)
      : database_(database), clock_(clock), objects_(objects), publisher_(publisher) {}

  struct Sent {
    std::string_view language, label;
    std::string_view file;  // SubRip or WebVTT, known by its content.
  };
  struct Stored {
    CaptionsView captions;
    std::size_t cues = 0;
    enum class How { kNew, kReplaced } how = How::kNew;
  };
  base::Result<Stored> put(const std::string& video, std::int64_t owner, const Sent& sent);
  base::Result<std::vector<CaptionsView>> list(const std::string& video);
  base::Result<void> remove(const std::string& video, std::int64_t owner,
                            std::string_view language);

 private:
  // Unless a row has it still.
  void remove_unused(const std::string& video, const std::string& object);

  Database& database_;
  const base::Clock& clock_;
  ObjectWriter& objects_;
  Publisher& publisher_;
  // An object is stored before its row and removed after it: not while another does the other.
  base::Mutex changing_;
};

}  // namespace origin
