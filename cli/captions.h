// Captions: texts of a video, sent from files, one for each language.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/api.h"

namespace cli {

struct CaptionsFile {
  std::string language, file;
  std::string label;  // Empty: none.
};

// "en=movie.srt". kInvalid: it is not of that form.
base::Result<CaptionsFile> parse_captions(const std::string& text);

// The file's bytes, before anything is sent. kNotFound, kDenied; kTooLarge: more than the server takes.
base::Result<std::string> read_captions(const CaptionsFile& captions);

struct ReadCaptions {
  CaptionsFile from;
  std::string bytes;
};

// Of texts such as "en=movie.srt", each as above.
base::Result<std::vector<ReadCaptions>> read_all_captions(const std::vector<std::string>& texts);

// As the server describes them.
base::Result<nlohmann::json> send_captions(Api& api, const std::string& video,
                                           const CaptionsFile& captions, const std::string& bytes);
base::Result<nlohmann::json> list_captions(Api& api, const std::string& video);
base::Result<nlohmann::json> remove_captions(Api& api, const std::string& video,
                                             const std::string& language);

}  // namespace cli
