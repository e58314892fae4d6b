#include "cli/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>

#include "cli/progress_line.h"

namespace cli {
namespace {

using nlohmann::json;

constexpr double kYear10000 = 253'402'300'800;

json list_of(const json& value, const char* name) {
  const auto found = value.find(name);
  return found != value.end() && found->is_array() ? *found : json::array();
}

void print_field(const char* name, const std::string& text) {
  std::printf("  %-10s %s\n", name, text.c_str());
}

std::string percent_of(const json& value) {
  return std::to_string(static_cast<int>(number_of(value, "percent"))) + " %";
}

std::string languages_of(const json& video) {
  std::string languages;
  for (const json& one : list_of(video, "captions")) {
    languages += (languages.empty() ? "" : ", ") + text_of(one, "language");
  }
  return languages.empty() ? "none" : languages;
}

}  // namespace

std::string plain(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string text_of(const json& value, const char* name) {
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? plain(*found) : "";
}

double number_of(const json& value, const char* name) {
  const auto found = value.find(name);
  return found != value.end() && found->is_number() ? found->get<double>() : 0;
}

std::string readable_date(double us_since_1970) {
  const auto seconds = static_cast<std::time_t>(std::clamp(us_since_1970 / 1e6, 0.0, kYear10000));
  std::tm parts{};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", ::localtime_r(&seconds, &parts));
  return text.data();
}

void print_video(const json& video, const std::string& server) {
  const bool is_private = text_of(video, "access") == "private";
  std::printf("%s\n", text_of(video, "title").c_str());
  print_field("id", text_of(video, "id"));
  print_field("state", text_of(video, "state") + ", " + percent_of(video));
  if (is_private) print_field("access", "private: headrace link prints URLs of its media");
  if (video.contains("failure")) print_field("why", text_of(video, "failure"));
  if (const double length = number_of(video, "duration_us"); length > 0) {
    print_field("length", readable_time(length / 1e6));
  }
  print_field("file", readable_bytes(number_of(video, "size")) + ", stored " +
                          readable_bytes(number_of(video, "stored_bytes")));
  for (const json& rung : list_of(video, "renditions")) {
    std::printf("  %-10s %5s  %s\n", text_of(rung, "name").c_str(), percent_of(rung).c_str(),
                readable_bytes(number_of(rung, "bytes")).c_str());
  }
  print_field("captions", languages_of(video));
  for (const char* kind : {"hls", "dash", "poster", "storyboard"}) {
    if (video.contains(kind)) print_field(kind, server + text_of(video, kind));
  }
  if (is_private) return;  // The server names no media of these, there or not.
  for (const char* image : {"poster", "storyboard"}) {
    if (!video.contains(image)) print_field(image, "not there");
  }
}

void print_videos(const json& page) {
  for (const json& video : list_of(page, "data")) {
    std::printf("%-12s  %-10s %5s  %s\n", text_of(video, "id").c_str(),
                text_of(video, "state").c_str(), percent_of(video).c_str(),
                text_of(video, "title").c_str());
  }
  if (page.contains("next")) std::printf("more: --cursor %s\n", text_of(page, "next").c_str());
}

void print_link(const json& token) {
  std::printf("%s\n%s\n", text_of(token, "master").c_str(), text_of(token, "manifest").c_str());
}

void print_captions(const json& captions) {
  std::printf("%-10s %-20s %s\n", text_of(captions, "language").c_str(),
              text_of(captions, "label").c_str(),
              readable_bytes(number_of(captions, "bytes")).c_str());
}

// The place in the video stands for the task's progress: of a probe and of images there is none.
void print_tasks(const json& page) {
  for (const json& task : list_of(page, "data")) {
    const double position = number_of(task, "position_us");
    const std::string worker = text_of(task, "worker");
    std::printf("%6.0f  %-8s %-10s %-12s %8s  %-16s %s\n", number_of(task, "id"),
                text_of(task, "state").c_str(), text_of(task, "kind").c_str(),
                text_of(task, "video").c_str(),
                position > 0 ? readable_time(position / 1e6).c_str() : "-",
                worker.empty() ? "-" : worker.c_str(), text_of(task, "reason").c_str());
  }
}

void print_worker_tokens(const json& page) {
  for (const json& one : list_of(page, "data")) {
    std::printf("%s  %s\n", readable_date(number_of(one, "created_us")).c_str(),
                text_of(one, "name").c_str());
  }
}

}  // namespace cli
