#include "origin/videos/captions_api.h"

#include <string>
#include <utility>

#include "origin/videos/video_api.h"

namespace origin {
namespace {

using nlohmann::json;

constexpr std::string_view kObjects = "media/";  // Begins the name of every video's object.

json to_json(const CaptionsView& captions, std::string_view media_root) {
  json value{{"language", captions.language},
             {"label", captions.label.empty() ? captions.language : captions.label},
             {"bytes", captions.size}};
  if (!media_root.empty()) {
    value["url"] = std::string(media_root) + captions.object.substr(kObjects.size());
  }
  return value;
}

base::Result<ApiAnswer> put(const CaptionsServices& services, const ApiCall& call,
                            const std::string& body) {
  const auto label = call.query.find("label");
  const Captions::Sent sent{.language = call.names[1],
                            .label = label == call.query.end() ? std::string_view() : label->second,
                            .file = body};
  const auto stored = services.captions.put(call.names[0], call.caller->owner, sent);
  if (!stored) return std::unexpected(stored.error());
  const auto access = services.catalogue.access_of(call.names[0]);
  if (!access) return std::unexpected(access.error());
  json value = to_json(stored->captions, media_root_of(*access));
  value["cues"] = stored->cues;
  return ApiAnswer::json(value, stored->how == Captions::Stored::How::kNew ? 201 : 200);
}

base::Result<ApiAnswer> list(const CaptionsServices& services, const ApiCall& call) {
  const auto video = services.catalogue.get(call.names[0]);
  if (!video) return std::unexpected(video.error());
  if (!may_see(*call.caller, *video)) {
    return base::fail(base::ErrorCode::kNotFound, "no such video", base::Blame::kClient);
  }
  return ApiAnswer::json({{"data", to_json(video->captions, media_root_of(video->access))}});
}

base::Result<ApiAnswer> remove(const CaptionsServices& services, const ApiCall& call) {
  if (auto removed = services.captions.remove(call.names[0], call.caller->owner, call.names[1]);
      !removed) {
    return std::unexpected(removed.error());
  }
  return ApiAnswer::empty();
}

}  // namespace

json to_json(const std::vector<CaptionsView>& captions, std::string_view media_root) {
  json all = json::array();
  for (const CaptionsView& one : captions) all.push_back(to_json(one, media_root));
  return all;
}

void add_captions_routes(Router& router, const CaptionsServices& services) {
  const std::string all = "/api/v1/videos/{id}/captions";
  const std::string one = all + "/{language}";
  router.add({.method = "GET",
              .pattern = all,
              .handle = [&services](const ApiCall& call, const std::string&) {
                return list(services, call);
              }});
  router.add({.method = "PUT",
              .pattern = one,
              .body_max = Captions::kFileBytesMax,
              .handle = [&services](const ApiCall& call, const std::string& body) {
                return put(services, call, body);
              }});
  router.add({.method = "DELETE",
              .pattern = one,
              .handle = [&services](const ApiCall& call, const std::string&) {
                return remove(services, call);
              }});
}

}  // namespace origin
