// What a confined child must not manage to do.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace worker::sandbox {

using ForbiddenDeeds = std::map<std::string, std::function<std::string()>, std::less<>>;

// Refused: the name of the error is what they return.
const ForbiddenDeeds& forbidden_deeds();
// The process does not survive the attempt.
const ForbiddenDeeds& deadly_deeds();

}  // namespace worker::sandbox
