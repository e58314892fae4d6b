// Whether all of a file is there, by its own index: what was copied or sent only in part has an index, when
// that stands at the beginning, of pictures that never came.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "media/av.h"

namespace media {

// To be asked when the file has been read. kCorrupt with a sentence for the creator: of what the index
// lists for this stream, more than two seconds and more than a twentieth lies behind the file's end. A
// little less is what a recording lacks that was cut off, and is let pass; so are files without an index
// of every picture (only MP4's and MOV's is one).
base::Result<void> check_complete(AVStream& stream, std::uint64_t file_size);

}  // namespace media
