// "01:02:03.004", as WebVTT writes a time; hours always, more digits of them when needed.
#pragma once

#include <chrono>
#include <string>

namespace package {

std::string webvtt_time(std::chrono::milliseconds time);

}  // namespace package
