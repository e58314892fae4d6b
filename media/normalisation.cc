#include "media/normalisation.h"

#include <string_view>

namespace media {

std::string normalising_chain(const nlohmann::json& video, Deinterlacing deinterlacing) {
  std::string chain;
  const auto add = [&chain](std::string_view filter) {
    if (!chain.empty()) chain += ',';
    chain += filter;
  };
  if (video.value("interlaced", false)) {
    add(deinterlacing == Deinterlacing::kAlone ? "estdif=mode=frame:deint=all"
                                               : "bwdif=mode=send_frame:deint=all");
  }
  if (video.value("hdr", false)) {
    add("zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,"
        "tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv");
  }
  switch (video.value("rotation", 0)) {
    case 90:
      add("transpose=clock");
      break;
    case 180:
      add("hflip,vflip");
      break;
    case 270:
      add("transpose=cclock");
      break;
    default:
      break;
  }
  return chain;
}

}  // namespace media
