#include "origin/uploads/tus_api.h"

#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>

#include "http/date.h"
#include "origin/api/held_body.h"
#include "origin/uploads/tus_headers.h"
#include "origin/videos/video_api.h"

namespace origin {
namespace {

using base::ErrorCode;

constexpr std::string_view kVersion = "1.0.0";
constexpr std::string_view kExtensions =
    "creation,creation-defer-length,creation-with-upload,checksum,expiration,termination,"
    "concatenation";
constexpr std::string_view kBodyType = "application/offset+octet-stream";
constexpr int kChecksumMismatch = 460;
// A body with a checksum is counted only when it is right as a whole, so it waits in memory.
constexpr std::size_t kCheckedBodyMax = 64u << 20;
constexpr std::uint64_t kLetByMax = 4u << 20;

ApiAnswer with_version(ApiAnswer answer) {
  answer.fields.set("tus-resumable", kVersion);
  return answer;
}

ApiAnswer refuse(int status, std::string_view detail) {
  return with_version(ApiAnswer::problem(status, detail));
}

ApiAnswer refuse(const base::Error& error) {
  if (error.code == ErrorCode::kBusy) return refuse(423, error.context);
  return with_version(answer_for(error));
}

std::string expires_text(const TusUpload& upload) {
  return http::format_date(base::WallTime(std::chrono::milliseconds(upload.expires_us / 1'000)));
}

// An answer that is known before the body's end. Some of the rest is let by, since a client that is cut
// off while it sends may not read the answer; one that has much more to send is told at once.
class Refusal {
 public:
  explicit Refusal(ApiAnswer answer) : answer_(std::move(answer)) {}
  void let_by(std::size_t bytes) { let_by_ += bytes; }
  [[nodiscard]] bool is_due() const { return let_by_ > kLetByMax; }
  ApiAnswer take() { return std::move(answer_); }

 private:
  ApiAnswer answer_;
  std::uint64_t let_by_ = 0;
};

// A request's answer that was known before its body.
class Refused final : public BodyTaker {
 public:
  explicit Refused(ApiAnswer answer) : refusal_(std::move(answer)) {}
  base::Result<void> take(std::string_view bytes) override {
    refusal_.let_by(bytes.size());
    return {};
  }
  std::optional<ApiAnswer> early_answer() override {
    return refusal_.is_due() ? std::optional(refusal_.take()) : std::nullopt;
  }
  base::Result<ApiAnswer> finish() override { return refusal_.take(); }

 private:
  Refusal refusal_;
};

std::unique_ptr<BodyTaker> refused(ApiAnswer answer) {
  return std::make_unique<Refused>(std::move(answer));
}

// Makes a video of an upload that is complete.
base::Result<void> make_video(const TusServices& services, TusUpload& upload) {
  if (upload.position != upload.length || upload.is_partial || !upload.video.empty()) return {};
  const auto chunks = services.store.chunks(upload);
  if (!chunks) return std::unexpected(chunks.error());
  const auto maker = services.video_maker(upload, *chunks);
  if (!maker) return std::unexpected(maker.error());
  auto video = services.store.become_video(upload, *maker);
  if (!video) return std::unexpected(video.error());
  upload.video = std::move(*video);
  return {};
}

// Makes a video of it if it is complete, and says what is true of it.
base::Result<ApiAnswer> conclude(const TusServices& services, const TusUpload& before, int status) {
  auto upload = services.store.get(before.id, before.owner);
  if (!upload) return refuse(upload.error());
  if (auto made = make_video(services, *upload); !made) return refuse(made.error());
  ApiAnswer answer = with_version(ApiAnswer::empty(status));
  answer.fields.add("upload-offset", std::to_string(upload->position));
  answer.fields.add("upload-expires", expires_text(*upload));
  if (status == 201) answer.fields.add("location", "/api/v1/uploads/" + upload->id);
  if (!upload->video.empty()) answer.fields.add("headrace-video", upload->video);
  return answer;
}

class PatchTaker final : public BodyTaker {
 public:
  PatchTaker(const TusServices& services, TusUpload upload, std::unique_ptr<TusStore::Patch> patch,
             std::optional<TusChecksum> checksum, int status)
      : services_(services),
        upload_(std::move(upload)),
        patch_(std::move(patch)),
        checksum_(std::move(checksum)),
        status_(status),
        waiting_(services.bodies, kCheckedBodyMax) {}

  base::Result<void> take(std::string_view bytes) override {
    if (refusal_) {
      refusal_->let_by(bytes.size());
    } else if (auto taken = checksum_ ? waiting_.append(bytes) : patch_->append(bytes); !taken) {
      fail(refuse(taken.error()));
    }
    return {};
  }
  std::optional<ApiAnswer> early_answer() override {
    return refusal_ && refusal_->is_due() ? std::optional(refusal_->take()) : std::nullopt;
  }

  base::Result<ApiAnswer> finish() override {
    if (refusal_) return refusal_->take();
    if (checksum_) {
      if (!matches(*checksum_, waiting_.view())) {
        return refuse(kChecksumMismatch,
                      "the body is not what Upload-Checksum says; nothing of it was kept");
      }
      if (auto taken = patch_->append(waiting_.view()); !taken) return refuse(taken.error());
    }
    if (const auto position = patch_->finish(); !position) return refuse(position.error());
    patch_.reset();
    return conclude(services_, upload_, status_);
  }

 private:
  void fail(ApiAnswer answer) {
    refusal_.emplace(std::move(answer));
    patch_.reset();  // Keeps what came before.
    waiting_ = HeldBody(services_.bodies, 0);
  }

  const TusServices& services_;
  const TusUpload upload_;
  std::unique_ptr<TusStore::Patch> patch_;
  const std::optional<TusChecksum> checksum_;
  const int status_;
  HeldBody waiting_;
  std::optional<Refusal> refusal_;
};

// Answers other versions than ours, if it is one.
std::optional<ApiAnswer> wrong_version(const ApiCall& call) {
  if (call.field("tus-resumable") == kVersion) return std::nullopt;
  ApiAnswer answer = refuse(412, "send \"Tus-Resumable: 1.0.0\"");
  answer.fields.add("tus-version", kVersion);
  return answer;
}

std::unique_ptr<BodyTaker> take_bytes(const TusServices& services, const ApiCall& call,
                                      const TusUpload& upload, std::optional<std::uint64_t> length,
                                      int status) {
  std::optional<TusChecksum> checksum;
  if (const std::string_view given = call.field("upload-checksum"); !given.empty()) {
    auto parsed = parse_tus_checksum(given);
    if (!parsed) return refused(refuse(400, parsed.error().context));
    checksum = std::move(*parsed);
  }
  auto patch = services.store.patch(upload, length);
  if (!patch) return refused(refuse(patch.error()));
  return std::make_unique<PatchTaker>(services, upload, std::move(*patch), std::move(checksum),
                                      status);
}

// None: it is said with a later PATCH.
base::Result<std::optional<std::uint64_t>> length_of(const ApiCall& call) {
  const std::string_view deferred = call.field("upload-defer-length");
  if (deferred == "1" && !call.head.fields.contains("upload-length")) return std::nullopt;
  const auto length = parse_tus_number(call.field("upload-length"));
  if (deferred.empty() && length && *length > 0) return length;
  return base::fail(ErrorCode::kInvalid,
                    "send Upload-Length, a number from 1, or \"Upload-Defer-Length: 1\"",
                    base::Blame::kClient);
}

// Whether there is room for a video of that length. What is too long for one is the store's to refuse.
base::Result<void> check_room(const TusServices& services, std::int64_t owner,
                              std::uint64_t length) {
  if (length > services.size_max.count()) return {};
  return services.allowance.check_bytes(owner, length);
}

// Asked before anything is sent. `length`: as far as it is known.
base::Result<void> may_become_video(const TusServices& services, std::int64_t owner,
                                    std::uint64_t length) {
  if (auto may = services.allowance.check_under_way(owner); !may) return may;
  return check_room(services, owner, length);
}

// What is no upload of his has none: joining them will say so.
std::uint64_t length_of_all(const TusServices& services, std::int64_t owner,
                            const std::vector<std::string>& ids) {
  std::uint64_t length = 0;
  for (const std::string& id : ids) {
    if (const auto part = services.store.get(id, owner)) length += part->position;
  }
  return length;
}

base::Result<std::unique_ptr<BodyTaker>> create(const TusServices& services, const ApiCall& call) {
  if (auto wrong = wrong_version(call)) return refused(std::move(*wrong));
  const std::string metadata(call.field("upload-metadata"));
  const auto named = parse_tus_metadata(metadata);
  if (!named) return refused(refuse(400, named.error().context));
  if (named->contains("access") && !is_access(named->at("access"))) {
    return refused(refuse(400, "the metadata \"access\" must be public or private"));
  }
  TusConcat concat;
  if (const std::string_view given = call.field("upload-concat"); !given.empty()) {
    auto parsed = parse_tus_concat(given);
    if (!parsed) return refused(refuse(400, parsed.error().context));
    concat = std::move(*parsed);
  }
  const std::int64_t owner = call.caller->owner;
  if (!concat.ids.empty()) {
    const auto may = may_become_video(services, owner, length_of_all(services, owner, concat.ids));
    if (!may) return refused(refuse(may.error()));
    const auto whole = services.store.concatenate(owner, concat.ids, metadata);
    if (!whole) return refused(refuse(whole.error()));
    auto answer = conclude(services, *whole, 201);
    if (!answer) return std::unexpected(answer.error());
    return refused(std::move(*answer));
  }
  const auto length = length_of(call);
  if (!length) return refused(refuse(400, length.error().context));
  if (!concat.is_partial) {
    const auto may = may_become_video(services, owner, length->value_or(0));
    if (!may) return refused(refuse(may.error()));
  }
  const auto upload = services.store.create(
      {.owner = owner, .is_partial = concat.is_partial, .length = *length, .metadata = metadata});
  if (!upload) return refused(refuse(upload.error()));
  if (call.head.has_body && call.field("content-type") == kBodyType) {
    return take_bytes(services, call, *upload, std::nullopt, 201);
  }
  auto answer = conclude(services, *upload, 201);
  if (!answer) return std::unexpected(answer.error());
  return refused(std::move(*answer));
}

base::Result<std::unique_ptr<BodyTaker>> patch(const TusServices& services, const ApiCall& call) {
  if (auto wrong = wrong_version(call)) return refused(std::move(*wrong));
  if (call.field("content-type") != kBodyType) {
    return refused(refuse(415, "a PATCH must be of the type application/offset+octet-stream"));
  }
  const auto offset = parse_tus_number(call.field("upload-offset"));
  if (!offset) return refused(refuse(400, "Upload-Offset must be a number"));
  const auto upload = services.store.get(call.names[0], call.caller->owner);
  if (!upload) return refused(refuse(upload.error()));
  if (*offset != upload->position) {
    ApiAnswer answer = refuse(409, "this upload's offset is " + std::to_string(upload->position));
    answer.fields.add("upload-offset", std::to_string(upload->position));
    return refused(std::move(answer));
  }
  std::optional<std::uint64_t> length;
  if (call.head.fields.contains("upload-length")) {
    auto said = length_of(call);
    if (!said) return refused(refuse(400, said.error().context));
    length = *said;
    if (length && !upload->length && !upload->is_partial) {
      const auto fits = check_room(services, upload->owner, *length);
      if (!fits) return refused(refuse(fits.error()));
    }
  }
  return take_bytes(services, call, *upload, length, 204);
}

base::Result<ApiAnswer> look(const TusServices& services, const ApiCall& call) {
  if (auto wrong = wrong_version(call)) return std::move(*wrong);
  auto upload = services.store.get(call.names[0], call.caller->owner);
  if (!upload) return refuse(upload.error());
  // A crash may have come between the last byte and the video. What is none was told already.
  std::ignore = make_video(services, *upload);
  ApiAnswer answer = with_version(ApiAnswer::empty(200));
  answer.fields.add("cache-control", "no-store");
  answer.fields.add("upload-offset", std::to_string(upload->position));
  if (upload->length) {
    answer.fields.add("upload-length", std::to_string(*upload->length));
  } else {
    answer.fields.add("upload-defer-length", "1");
  }
  answer.fields.add("upload-expires", expires_text(*upload));
  if (!upload->metadata.empty()) answer.fields.add("upload-metadata", upload->metadata);
  if (upload->is_partial) answer.fields.add("upload-concat", "partial");
  if (!upload->video.empty()) answer.fields.add("headrace-video", upload->video);
  return answer;
}

base::Result<ApiAnswer> remove(const TusServices& services, const ApiCall& call) {
  if (auto wrong = wrong_version(call)) return std::move(*wrong);
  if (auto removed = services.store.remove(call.names[0], call.caller->owner); !removed) {
    return refuse(removed.error());
  }
  return with_version(ApiAnswer::empty(204));
}

base::Result<ApiAnswer> options(const TusServices& services) {
  ApiAnswer answer = with_version(ApiAnswer::empty(204));
  answer.fields.add("tus-version", kVersion);
  answer.fields.add("tus-extension", kExtensions);
  answer.fields.add("tus-max-size", std::to_string(services.size_max.count()));
  answer.fields.add("tus-checksum-algorithm", "sha1,sha256");
  return answer;
}

}  // namespace

void add_tus_routes(Router& router, const TusServices& services) {
  const std::string all = "/api/v1/uploads";
  const std::string one = "/api/v1/uploads/{id}";
  for (const std::string& pattern : {all, one}) {
    router.add(
        {.method = "OPTIONS",
         .pattern = pattern,
         .access = Access::kAnyone,
         .handle = [&services](const ApiCall&, const std::string&) { return options(services); }});
  }
  router.add({.method = "POST", .pattern = all, .take = [&services](const ApiCall& call) {
                return create(services, call);
              }});
  router.add({.method = "PATCH", .pattern = one, .take = [&services](const ApiCall& call) {
                return patch(services, call);
              }});
  // HEAD, for tus; GET says the same.
  router.add({.method = "GET",
              .pattern = one,
              .handle = [&services](const ApiCall& call, const std::string&) {
                return look(services, call);
              }});
  router.add({.method = "DELETE",
              .pattern = one,
              .handle = [&services](const ApiCall& call, const std::string&) {
                return remove(services, call);
              }});
}

}  // namespace origin
