// What the server says, as people read it on standard output. Its JSON is outside bytes: what is missing
// or of another kind is left out, and control characters become spaces.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace cli {

std::string plain(std::string text);
// Of an object. Plain; "" and 0 where there is none.
std::string text_of(const nlohmann::json& value, const char* name);
double number_of(const nlohmann::json& value, const char* name);
// "2026-02-03 14:15", where the user is.
std::string readable_date(double us_since_1970);

// `server`: what paths in the video begin with.
void print_video(const nlohmann::json& video, const std::string& server);
void print_videos(const nlohmann::json& page);
void print_link(const nlohmann::json& token);
void print_captions(const nlohmann::json& captions);
void print_tasks(const nlohmann::json& page);
void print_worker_tokens(const nlohmann::json& page);

}  // namespace cli
