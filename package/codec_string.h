// Codec strings (RFC 6381) from what a decoder will be given, never from what an encoder was asked
// for: the configuration box of an init segment.
//
//   avcC  avc1.PPCCLL                profile, constraints, level, as hex                14496-15 E.3
//   hvcC  hvc1.P.F.TL.C…             profile, compatibility, tier + level, constraints  14496-15 E.3
//   av1C  av01.P.LLT.DD              profile, level + tier, bits                        AV1-ISOBMFF §5
//   vpcC  vp09.PP.LL.DD              profile, level, bits                               VP-codec-ISOBMFF
//   esds  mp4a.OO[.A]                object type, audio object type                     RFC 6381 §3.3
//   dOps  opus
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "package/sample_entry.h"

namespace package {

// kUnsupported: of a codec that is not listed above; kCorrupt: its configuration is missing or cut
// off.
base::Result<std::string> codec_string(const SampleEntry& entry);

// Of an init segment's one track.
base::Result<std::string> codec_string(std::string_view init_segment);

}  // namespace package
