// Catalogue: the videos there are, whose they are and what became of them. docs/platform.md.
//
// A video's state is not stored; it follows from what exists.
//
// Threads    All calls from any thread that may block.
// Errors     Those of Database; kNotFound: no such video, or not the asker's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "origin/database/database.h"
#include "origin/uploads/ledger.h"
#include "origin/videos/captions.h"
#include "origin/videos/remembered_access.h"

namespace origin {

enum class VideoState { kWaiting, kProcessing, kPlayable, kReady, kFailed };
std::string_view name_of(VideoState state);  // "waiting", "processing", …

struct NewVideo {
  std::int64_t owner = 0;
  std::string title, file_name;
  std::string access = "public";  // Or "private".
  std::string container;          // The demuxer's name, by content.
  std::vector<ChunkRef> chunks;   // In order; together the file.
};

struct RenditionView {
  std::string name, kind;  // "720p", "video"
  bool published = false;
  int percent = 0;          // Of its units.
  std::uint64_t bytes = 0;  // Of what exists.
};

struct VideoView {
  std::string id, title, file_name, access, failure;
  std::int64_t owner = 0;
  std::uint64_t size = 0;        // Of the file that was sent.
  bool original_is_kept = true;  // That file; originals.h.
  std::int64_t created_us = 0;
  std::int64_t duration_us = 0;  // 0: not known yet.
  VideoState state = VideoState::kWaiting;
  int percent = 0;                     // Of the whole work.
  std::uint64_t renditions_bytes = 0;  // Of all renditions together.
  std::uint64_t stored_bytes = 0;  // Of everything that was made of it: images and captions, too.
  std::vector<RenditionView> renditions;
  std::optional<RenditionView> images;  // Poster and storyboard: no state waits for them.
  std::vector<CaptionsView> captions;
};

struct VideoPage {
  std::vector<VideoView> videos;  // Newest first.
  std::string next;               // Cursor; empty: that was all.
};

class Catalogue {
 public:
  static constexpr std::size_t kTitleBytesMax = 200;

  Catalogue(Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

  // The id, or the hashes that this owner has not sent. The first task of the video is put into the
  // queue with it.
  struct Created {
    std::string id;
    bool is_new = false;
    std::vector<std::string> missing;
  };
  base::Result<Created> create(const NewVideo& video);
  // The same, unless made_of() has one: then that. Of two that do so beside each other one makes it.
  base::Result<Created> create_once(const NewVideo& video);
  // The owner's latest video of these chunks, in this order, that has not failed; empty: there is none.
  // Their file may have been let go since (originals.h).
  base::Result<std::string> made_of(std::int64_t owner, const std::vector<ChunkRef>& chunks);
  // Inside a transaction of the caller's, which has seen to it that the chunks are there.
  static std::string create_in(soci::session& sql, const NewVideo& video, std::int64_t now_us);

  base::Result<VideoView> get(std::string_view id);
  // "public" or "private": as it was made, for good. Remembered, until remove() has returned.
  base::Result<std::string> access_of(std::string_view id);
  // The videos of one page are of one moment.
  base::Result<VideoPage> list(std::int64_t owner, std::string_view cursor, int count);
  // With all that was made of it (objects are collected later). `first` is called in the transaction,
  // before anything of it goes.
  base::Result<void> remove(std::string_view id, std::int64_t owner,
                            const std::function<void(soci::session&)>& first = nullptr);

  // The size of the file as it was sent. Its chunks that have bytes of [begin, end), in order; none
  // once it was let go (originals.h).
  struct SourceChunk {
    std::string hash;
    std::uint64_t size = 0, first = 0;
  };
  base::Result<std::uint64_t> source_size(std::string_view id);
  base::Result<std::vector<SourceChunk>> source(std::string_view id, std::uint64_t begin,
                                                std::uint64_t end);

  base::Result<void> check_owner(std::string_view id, std::int64_t owner);
  // Inside a transaction of the caller's.
  static base::Result<void> check_owner_in(soci::session& sql, const std::string& id,
                                           std::int64_t owner);

 private:
  static base::Result<Created> create_of_claims(soci::session& sql, const NewVideo& video,
                                                std::int64_t now_us);

  Database& database_;
  const base::Clock& clock_;
  RememberedAccess access_;
};

}  // namespace origin
