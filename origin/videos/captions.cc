#include "origin/videos/captions.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "origin/videos/catalogue.h"
#include "origin/videos/publication.h"
#include "origin/videos/publisher.h"
#include "package/captions.h"
#include "package/text.h"

namespace origin {
namespace {

using base::ErrorCode;

std::unexpected<base::Error> refuse(ErrorCode code, std::string sentence) {
  return base::fail(code, std::move(sentence), base::Blame::kClient);
}

// The object of the captions in this language; empty: there are none.
std::string object_of(soci::session& sql, const std::string& video, const std::string& language) {
  std::string object;
  sql << "SELECT object FROM captions WHERE video = :video AND language = :language",
      soci::use(video), soci::use(language), soci::into(object);
  return sql.got_data() ? object : std::string();
}

int count_of(soci::session& sql, const std::string& video) {
  int count = 0;
  sql << "SELECT CAST(COUNT(*) AS INTEGER) FROM captions WHERE video = :video", soci::use(video),
      soci::into(count);
  return count;
}

base::Result<std::string> language_of(std::string_view text) {
  auto language = package::canonical_language(text);
  if (language) return std::move(*language);
  return refuse(ErrorCode::kInvalid, "'" + package::printable(text.substr(0, 60)) +
                                         "' is no language tag of BCP 47; write one such as en, "
                                         "pt-BR or zh-Hant");
}

}  // namespace

std::vector<CaptionsView> read_captions_of(soci::session& sql, const std::string& video) {
  std::vector<CaptionsView> all;
  CaptionsView row;
  std::int64_t size = 0;
  soci::statement select =
      (sql.prepare << "SELECT language, label, object, size FROM captions WHERE video = :video "
                      "ORDER BY language",
       soci::use(video), soci::into(row.language), soci::into(row.label), soci::into(row.object),
       soci::into(size));
  select.execute();
  while (select.fetch()) {
    row.size = static_cast<std::uint64_t>(size);
    all.push_back(row);
  }
  return all;
}

base::Result<Captions::Stored> Captions::put(const std::string& video, std::int64_t owner,
                                             const Sent& sent) {
  const auto language = language_of(sent.language);
  if (!language) return std::unexpected(language.error());
  if (sent.label.size() > kLabelBytesMax) {
    return refuse(ErrorCode::kInvalid,
                  "\"label\" may have " + std::to_string(kLabelBytesMax) + " bytes");
  }
  // Before anything is stored for somebody else's video.
  const auto owned = database_.read(
      [&](soci::session& sql) { return Catalogue::check_owner_in(sql, video, owner); });
  if (!owned) return std::unexpected(owned.error());
  const auto cues = package::read_captions(sent.file, {.file_max = base::Bytes(kFileBytesMax)});
  if (!cues) return std::unexpected(cues.error());
  const std::string text = package::write_captions(*cues);

  Stored stored{
      .captions = {.language = *language,
                   .label = sent.label.empty() ? "" : package::printable(sent.label),
                   .object = "media/" + video + "/captions/" + *language + "." +
                             std::string(name_digits(base::Sha256::hex_of(text))) + ".vtt",
                   .size = text.size()},
      .cues = cues->size()};
  const CaptionsView& made = stored.captions;
  const base::MutexLock lock(changing_);
  if (auto put = objects_.put(made.object, text); !put) return std::unexpected(put.error());
  const std::int64_t now = base::wall_us(clock_);
  const auto size = static_cast<std::int64_t>(made.size);
  std::string before;
  const auto kept = database_.write([&](soci::session& sql) -> base::Result<void> {
    if (auto still = Catalogue::check_owner_in(sql, video, owner); !still) return still;
    before = object_of(sql, video, made.language);
    if (before.empty() && count_of(sql, video) >= kOfVideoMax) {
      return refuse(ErrorCode::kInvalid, "a video may have captions in " +
                                             std::to_string(kOfVideoMax) +
                                             " languages; remove one first");
    }
    sql << "DELETE FROM captions WHERE video = :video AND language = :language", soci::use(video),
        soci::use(made.language);
    sql << "INSERT INTO captions (video, language, label, object, size, created) "
           "VALUES (:video, :language, :label, :object, :size, :now)",
        soci::use(video), soci::use(made.language), soci::use(made.label), soci::use(made.object),
        soci::use(size), soci::use(now);
    note_change(sql, video);
    return {};
  });
  if (!kept) {
    if (kept.error().code == ErrorCode::kNotFound) {
      // The video was removed meanwhile, and its objects with it, but for this one.
      std::ignore = objects_.remove("media/" + video);
    } else {
      remove_unused(video, made.object);
    }
    return std::unexpected(kept.error());
  }
  stored.how = before.empty() ? Stored::How::kNew : Stored::How::kReplaced;
  if (publisher_.publish_or_log(video) && !before.empty()) remove_unused(video, before);
  return stored;
}

base::Result<std::vector<CaptionsView>> Captions::list(const std::string& video) {
  return database_.read([&](soci::session& sql) -> base::Result<std::vector<CaptionsView>> {
    return read_captions_of(sql, video);
  });
}

base::Result<void> Captions::remove(const std::string& video, std::int64_t owner,
                                    std::string_view language) {
  const auto tag = language_of(language);
  if (!tag) return std::unexpected(tag.error());
  const base::MutexLock lock(changing_);
  std::string object;
  const auto removed = database_.write([&](soci::session& sql) -> base::Result<void> {
    if (auto owned = Catalogue::check_owner_in(sql, video, owner); !owned) return owned;
    object = object_of(sql, video, *tag);
    if (object.empty()) {
      return refuse(ErrorCode::kNotFound, "the video has no captions in " + *tag);
    }
    sql << "DELETE FROM captions WHERE video = :video AND language = :language", soci::use(video),
        soci::use(*tag);
    note_change(sql, video);
    return {};
  });
  if (!removed) return removed;
  if (!publisher_.publish_or_log(video)) return {};
  remove_unused(video, object);
  remove_unused(video, "media/" + video + "/captions/" + *tag + ".m3u8");
  return {};
}

void Captions::remove_unused(const std::string& video, const std::string& object) {
  auto done = database_.read([&](soci::session& sql) -> base::Result<void> {
    int rows = 0;
    sql << "SELECT CAST(COUNT(*) AS INTEGER) FROM captions WHERE video = :video AND "
           "object = :object",
        soci::use(video), soci::use(object), soci::into(rows);
    return rows == 0 ? objects_.remove(object) : base::Result<void>();
  });
  if (!done) {
    base::log_warning("captions.not_removed",
                      {{"object", object}, {"reason", done.error().context}});
  }
}

}  // namespace origin
