// What kind of container a file is, by its first bytes: names and declared types prove nothing.
//
// Only kinds that are taken in are known; a playlist, a subtitle file or a page of HTML is none of
// them, whatever it is called.
#pragma once

#include <optional>
#include <string_view>

namespace package {

enum class Container { kMp4, kMatroska, kAvi, kMpegTs, kOgg, kWav, kMp3, kFlac };

// The demuxer's name in libavformat: "mov", "matroska", "avi", "mpegts", "ogg", "wav", "mp3", "flac".
std::string_view demuxer_of(Container container);

// `start`: the file's first bytes, kSniffBytes of them when it has so many. None: not one of these.
inline constexpr std::size_t kSniffBytes = 1024;
std::optional<Container> sniff_container(std::string_view start);

}  // namespace package
