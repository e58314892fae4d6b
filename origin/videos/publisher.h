// Publisher: puts the manifests of videos, and their posters, where players ask for them.
//
// Written whole, those that name others last, whenever what they are written from has changed; what
// comes out as it was stays the file that it is. A video that was missed, after a crash too, is seen
// by its revision (publication.h) and written later.
//
// Threads    All calls from any thread that may block; one video is written at a time.
// Errors     Those of Database, ObjectWriter and read_publication().
#pragma once

#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "origin/database/database.h"
#include "origin/object_writer.h"
#include "origin/videos/publication.h"

namespace origin {

class Publisher {
 public:
  Publisher(Database& database, ObjectWriter& objects) : database_(database), objects_(objects) {}

  // Writes the manifests of the video, with every rendition that is complete, and its poster. A video
  // that is not there is no error.
  base::Result<void> publish(std::string_view video);
  // False: it was not written, and catch_up() will try again.
  bool publish_or_log(std::string_view video);
  // All videos that are behind; one that can't be written keeps no other waiting.
  base::Result<void> catch_up();

 private:
  base::Result<void> write_manifests(const std::string& directory, const Publication& publication);

  Database& database_;
  ObjectWriter& objects_;
  base::Mutex publishing_;
};

}  // namespace origin
