// Writes pattern objects (pattern.h) to a folder that an origin serves, and the list that a run
// takes with --list.
#pragma once

#include "base/result.h"
#include "bench/load/options.h"

namespace load {

// Files DIRECTORY/PREFIX00000.bin, …; the list has a line "/NAME SIZE" for each. One that is there
// with the right size is kept. Fails with kIo and the file's name.
base::Result<void> make_files(const MakeFilesOptions& options);

}  // namespace load
