#include "package/manifests.h"

#include "package/dash_mpd.h"
#include "package/hls_media.h"
#include "package/hls_multivariant.h"
#include "package/storyboard.h"

namespace package {

base::Result<std::map<std::string, std::string>> manifests(const Presentation& presentation) {
  if (auto valid = verify(presentation); !valid) return std::unexpected(valid.error());
  std::map<std::string, std::string> texts;
  for (const VideoTrack& track : presentation.video) {
    texts[track.id + "/video.m3u8"] = hls_media(track);
    if (has_i_frames(track)) texts[track.id + "/iframes.m3u8"] = hls_i_frames(track);
  }
  for (const AudioTrack& track : presentation.audio) {
    texts[track.id + "/audio.m3u8"] = hls_media(track);
  }
  const std::int64_t whole = duration_us(presentation);
  for (const Captions& captions : presentation.captions) {
    texts["captions/" + captions.id + ".m3u8"] = hls_captions(captions, whole);
  }
  if (!presentation.storyboards.empty()) {
    texts["storyboard.vtt"] = storyboard_track(presentation.storyboards.front(), whole);
  }
  texts["master.m3u8"] = hls_multivariant(presentation);
  texts["manifest.mpd"] = dash_mpd(presentation);
  return texts;
}

}  // namespace package
