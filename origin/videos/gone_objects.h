// Objects of videos that are gone: what a deletion that stopped half-way has left.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "origin/database/database.h"
#include "origin/object_writer.h"

namespace origin {

// Removes those of kLitterAge (litter.h). Of how many videos. From any thread that may block. Errors:
// those of Database and ObjectWriter.
base::Result<int> collect_gone_objects(Database& database, ObjectWriter& objects,
                                       const base::Clock& clock);

}  // namespace origin
