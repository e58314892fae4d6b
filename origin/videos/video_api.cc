#include "origin/videos/video_api.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "origin/videos/captions_api.h"
#include "package/container.h"

namespace origin {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kListBytesMax = 16u << 20;
constexpr std::size_t kSmallBody = 64u << 10;
constexpr int kPageDefault = 20;
constexpr int kPageMax = 100;
constexpr std::chrono::duration<std::uint64_t> kTokenTimeMin{60};
constexpr std::chrono::seconds kTokenTimeDefault = std::chrono::hours(6);
constexpr std::chrono::duration<std::uint64_t> kTokenTimeMax{7 * 24 * 3'600};

std::unexpected<base::Error> invalid(std::string sentence) {
  return base::fail(ErrorCode::kInvalid, std::move(sentence), base::Blame::kClient);
}

base::Result<std::string> text_in(const json& request, const char* name, std::size_t bytes_max) {
  const auto value = request.find(name);
  if (value == request.end()) return std::string();
  if (!value->is_string()) return invalid(std::string("\"") + name + "\" must be a string");
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > bytes_max) {
    return invalid(std::string("\"") + name + "\" may have " + std::to_string(bytes_max) +
                   " bytes");
  }
  return text;
}

base::Result<std::vector<ChunkRef>> chunks_in(const json& request, base::Bytes size_max) {
  const auto list = request.find("chunks");
  if (list == request.end() || !list->is_array() || list->empty()) {
    return invalid("\"chunks\" must be a list of {\"hash\", \"size\"}, in the order of the file");
  }
  std::vector<ChunkRef> chunks;
  std::uint64_t size = 0;
  for (const json& one : *list) {
    const bool is_chunk = one.is_object() && one.contains("hash") && one["hash"].is_string() &&
                          one.contains("size") && one["size"].is_number_unsigned() &&
                          base::is_sha256_hex(one["hash"].get_ref<const std::string&>());
    if (!is_chunk) return invalid("each of \"chunks\" must have a \"hash\" and a \"size\"");
    chunks.push_back({one["hash"], one["size"]});
    size += chunks.back().size;
    const bool is_last = chunks.size() == list->size();
    if (chunks.back().size > ChunkStore::kChunkMax.count() || chunks.back().size == 0 ||
        (!is_last && chunks.back().size < ChunkStore::kChunkMin.count())) {
      return invalid("chunks have 4 to 16 MiB; the last may have less");
    }
    if (size > size_max.count()) {
      return base::fail(ErrorCode::kTooLarge, "a file may have " + base::to_string(size_max),
                        base::Blame::kClient);
    }
  }
  return chunks;
}

// Whether a video of the same file will do.
base::Result<bool> once_in(const json& request) {
  const auto value = request.find("once");
  if (value == request.end()) return false;
  if (!value->is_boolean()) return invalid("\"once\" must be true or false");
  return value->get<bool>();
}

// 201: made now. 200: it was there, which won't do for who wants it seen by nobody else.
base::Result<ApiAnswer> made(const VideoServices& services, const NewVideo& asked,
                             const std::string& id, int status) {
  const auto video = services.catalogue.get(id);
  if (!video) return std::unexpected(video.error());
  if (asked.access == "private" && video->access != "private") {
    return ApiAnswer::problem(409,
                              "this file is the video " + id +
                                  " already, and that one is public: remove it first, or ask for "
                                  "another (--again, or without \"once\")",
                              {{"video", id}});
  }
  ApiAnswer answer = ApiAnswer::json(to_json(*video), status);
  answer.fields.add("location", "/api/v1/videos/" + id);
  return answer;
}

base::Result<void> may_make(Allowance& allowance, std::int64_t owner,
                            const std::vector<ChunkRef>& chunks) {
  if (auto fits = allowance.check_under_way(owner); !fits) return fits;
  std::uint64_t size = 0;
  for (const ChunkRef& chunk : chunks) size += chunk.size;
  return allowance.check_bytes(owner, size);
}

// What a request asks to have made; its container is not known yet.
base::Result<NewVideo> video_in(const json& request, std::int64_t owner, base::Bytes size_max) {
  const auto title = text_in(request, "title", Catalogue::kTitleBytesMax);
  if (!title) return std::unexpected(title.error());
  const auto file_name = text_in(request, "file_name", 255);
  if (!file_name) return std::unexpected(file_name.error());
  auto access = text_in(request, "access", 16);
  if (!access) return std::unexpected(access.error());
  if (access->empty()) *access = "public";
  if (!is_access(*access)) return invalid("\"access\" must be \"public\" or \"private\"");
  auto chunks = chunks_in(request, size_max);
  if (!chunks) return std::unexpected(chunks.error());
  return NewVideo{.owner = owner,
                  .title = title->empty() ? *file_name : *title,
                  .file_name = *file_name,
                  .access = std::move(*access),
                  .container = {},
                  .chunks = std::move(*chunks)};
}

ApiAnswer send_first(const std::vector<std::string>& missing) {
  return ApiAnswer::problem(409, "send these chunks first", {{"missing", missing}});
}

base::Result<ApiAnswer> create(const VideoServices& services, const ApiCall& call,
                               const std::string& body) {
  const auto request = parse_object(body);
  if (!request) return std::unexpected(request.error());
  auto video = video_in(*request, call.caller->owner, services.size_max);
  if (!video) return std::unexpected(video.error());
  const auto once = once_in(*request);
  if (!once) return std::unexpected(once.error());

  // Before what only a new one needs.
  if (*once) {
    const auto there = services.catalogue.made_of(video->owner, video->chunks);
    if (!there) return std::unexpected(there.error());
    if (!there->empty()) return made(services, *video, *there, 200);
  }

  // Before the content is looked at: a chunk that this owner has not sent is none of his business.
  std::vector<std::string> hashes;
  for (const ChunkRef& chunk : video->chunks) hashes.push_back(chunk.hash);
  const auto missing = services.ledger.missing(video->owner, hashes);
  if (!missing) return std::unexpected(missing.error());
  if (!missing->empty()) return send_first(*missing);
  auto container = container_of(services.ledger, video->chunks.front());
  if (!container) return std::unexpected(container.error());
  video->container = std::move(*container);
  if (auto may = may_make(services.allowance, video->owner, video->chunks); !may) {
    return std::unexpected(may.error());
  }

  const auto created =
      *once ? services.catalogue.create_once(*video) : services.catalogue.create(*video);
  if (!created) return std::unexpected(created.error());
  if (!created->missing.empty()) return send_first(created->missing);
  return made(services, *video, created->id, created->is_new ? 201 : 200);
}

base::Result<ApiAnswer> get(const VideoServices& services, const ApiCall& call) {
  const auto video = services.catalogue.get(call.names[0]);
  if (!video) return std::unexpected(video.error());
  if (!may_see(*call.caller, *video)) {
    return base::fail(ErrorCode::kNotFound, "no such video", base::Blame::kClient);
  }
  return ApiAnswer::json(to_json(*video));
}

base::Result<std::chrono::seconds> time_in(const json& request) {
  const auto value = request.find("ttl_s");
  if (value == request.end()) return kTokenTimeDefault;
  const auto seconds = value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
  if (seconds < kTokenTimeMin.count() || seconds > kTokenTimeMax.count()) {
    return invalid("\"ttl_s\" must be a number of seconds, 60 to 604800");
  }
  return std::chrono::seconds(seconds);
}

bool can_be_played(const VideoView& video) {
  return video.state == VideoState::kPlayable || video.state == VideoState::kReady;
}

// Those that are there.
void name_images(json& value, const VideoView& video, const std::string& root) {
  if (!video.images || !video.images->published) return;
  value["poster"] = root + video.id + "/poster.jpg";
  if (can_be_played(video)) value["storyboard"] = root + video.id + "/storyboard.vtt";
}

base::Result<ApiAnswer> make_token(const VideoServices& services, const ApiCall& call,
                                   const std::string& body) {
  const std::string& id = call.names[0];
  if (auto owned = services.catalogue.check_owner(id, call.caller->owner); !owned) {
    return std::unexpected(owned.error());
  }
  const auto video = services.catalogue.get(id);
  if (!video) return std::unexpected(video.error());
  const auto request = parse_object(body.empty() ? "{}" : body);
  if (!request) return std::unexpected(request.error());
  const auto time = time_in(*request);
  if (!time) return std::unexpected(time.error());
  const std::chrono::seconds expires(base::wall_us(services.clock) / 1'000'000 + time->count());
  const std::string token = services.signer.token("/" + id + "/", base::WallTime(expires));
  const std::string root = "/media/~" + token + "/";
  json value{{"token", token},
             {"expires_at", expires.count()},
             {"master", root + id + "/master.m3u8"},
             {"manifest", root + id + "/manifest.mpd"},
             {"captions", to_json(video->captions, root)}};
  name_images(value, *video, root);
  return ApiAnswer::json(value);
}

base::Result<ApiAnswer> list(const VideoServices& services, const ApiCall& call) {
  int count = kPageDefault;
  if (const auto asked = call.query.find("count"); asked != call.query.end()) {
    const std::string& text = asked->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size() || count < 1 || count > kPageMax) {
      return invalid("\"count\" must be 1 to 100");
    }
  }
  const auto cursor = call.query.find("cursor");
  const auto page = services.catalogue.list(
      call.caller->owner, cursor == call.query.end() ? "" : cursor->second, count);
  if (!page) return std::unexpected(page.error());
  json videos = json::array();
  for (const VideoView& video : page->videos) videos.push_back(to_json(video));
  json answer{{"data", videos}};
  if (!page->next.empty()) answer["next"] = page->next;
  return ApiAnswer::json(answer);
}

base::Result<ApiAnswer> remove(const VideoServices& services, const ApiCall& call) {
  const std::string& id = call.names[0];
  const auto remove_rows = [&] {
    return services.catalogue.remove(id, call.caller->owner, [&](soci::session& sql) {
      services.ledger.release_source(sql, id);
    });
  };
  auto gone = remove_rows();
  if (!gone && gone.error().code == ErrorCode::kNoSpace && services.reserve.give_up()) {
    gone = remove_rows();
  }
  if (!gone) return std::unexpected(gone.error());
  if (auto removed = services.objects.remove("media/" + id); !removed) {
    return std::unexpected(removed.error());
  }
  return ApiAnswer::empty();
}

json to_json(const TaskView& task) {
  return {{"id", task.id},
          {"video", task.video},
          {"kind", name_of(task.kind)},
          {"key", task.key},
          {"state", name_of(task.state)},
          {"worker", task.worker},
          {"reason", task.reason},
          {"position_us", task.progress_us},
          {"failures", task.failures},
          {"losses", task.losses}};
}

// An owner sees the tasks of his own videos.
base::Result<ApiAnswer> list_tasks(const VideoServices& services, const ApiCall& call) {
  const auto video = call.query.find("video");
  const auto tasks =
      services.queue.list(call.caller->owner, video == call.query.end() ? "" : video->second);
  if (!tasks) return std::unexpected(tasks.error());
  json data = json::array();
  for (const TaskView& task : *tasks) data.push_back(to_json(task));
  return ApiAnswer::json({{"data", data}});
}

base::Result<ApiAnswer> retry_task(const VideoServices& services, const ApiCall& call) {
  std::int64_t id = 0;
  const std::string& text = call.names[0];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return base::fail(ErrorCode::kNotFound, "no such task", base::Blame::kClient);
  }
  const auto whose = services.queue.video_of(id);
  if (!whose) return std::unexpected(whose.error());
  if (!services.catalogue.check_owner(*whose, call.caller->owner)) {
    return base::fail(ErrorCode::kNotFound, "no such task", base::Blame::kClient);
  }
  if (auto retried = services.work.retry(id); !retried) return std::unexpected(retried.error());
  return ApiAnswer::empty();
}

}  // namespace

base::Result<std::string> container_of(Ledger& ledger, const ChunkRef& first) {
  std::string start(std::min<std::uint64_t>(first.size, package::kSniffBytes), '\0');
  if (auto read = ledger.chunks().read(first.hash, 0, {start.data(), start.size()}); !read) {
    return std::unexpected(read.error());
  }
  const auto container = package::sniff_container(start);
  if (!container) {
    return base::fail(ErrorCode::kUnsupported,
                      "This is not a video that can be taken: its content is none of MP4, MOV, "
                      "MKV, WebM, AVI, MPEG-TS, Ogg, WAV, MP3 or FLAC.",
                      base::Blame::kClient);
  }
  return std::string(package::demuxer_of(*container));
}

bool is_access(std::string_view word) { return word == "public" || word == "private"; }

std::string media_root_of(std::string_view access) { return access == "public" ? "/media/" : ""; }

bool may_see(const Caller& caller, const VideoView& video) {
  return video.access == "public" || video.owner == caller.owner;
}

json to_json(const VideoView& video) {
  json renditions = json::array();
  for (const RenditionView& one : video.renditions) {
    renditions.push_back({{"name", one.name},
                          {"kind", one.kind},
                          {"published", one.published},
                          {"percent", one.percent},
                          {"bytes", one.bytes}});
  }
  json value{{"id", video.id},
             {"title", video.title},
             {"file_name", video.file_name},
             {"access", video.access},
             {"state", name_of(video.state)},
             {"percent", video.percent},
             {"size", video.size},
             {"original",
              {{"kept", video.original_is_kept},
               {"bytes", video.original_is_kept ? video.size : std::uint64_t{0}}}},
             {"renditions_bytes", video.renditions_bytes},
             {"stored_bytes", video.stored_bytes},
             {"created_us", video.created_us},
             {"renditions", renditions}};
  if (video.duration_us > 0) value["duration_us"] = video.duration_us;
  if (!video.failure.empty()) value["failure"] = video.failure;
  const std::string root = media_root_of(video.access);
  value["captions"] = to_json(video.captions, root);
  if (root.empty()) {
    value["media_token"] = "/api/v1/videos/" + video.id + "/media-token";
    return value;
  }
  name_images(value, video, root);
  if (can_be_played(video)) {
    value["hls"] = root + video.id + "/master.m3u8";
    value["dash"] = root + video.id + "/manifest.mpd";
  }
  return value;
}

void add_video_routes(Router& router, const VideoServices& services) {
  const auto plain = [&services](auto handler) {
    return [&services, handler](const ApiCall& call, const std::string&) {
      return handler(services, call);
    };
  };
  router.add({.method = "POST",
              .pattern = "/api/v1/videos",
              .body_max = kListBytesMax,
              .handle = [&services](const ApiCall& call, const std::string& body) {
                return create(services, call, body);
              }});
  router.add({.method = "GET", .pattern = "/api/v1/videos", .handle = plain(list)});
  router.add({.method = "GET", .pattern = "/api/v1/videos/{id}", .handle = plain(get)});
  router.add({.method = "POST",
              .pattern = "/api/v1/videos/{id}/media-token",
              .body_max = kSmallBody,
              .handle = [&services](const ApiCall& call, const std::string& body) {
                return make_token(services, call, body);
              }});
  router.add({.method = "DELETE", .pattern = "/api/v1/videos/{id}", .handle = plain(remove)});
  router.add({.method = "GET", .pattern = "/api/v1/tasks", .handle = plain(list_tasks)});
  router.add({.method = "POST",
              .pattern = "/api/v1/tasks/{id}/retry",
              .body_max = kSmallBody,
              .handle = plain(retry_task)});
}

}  // namespace origin
