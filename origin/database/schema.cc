#include "origin/database/schema.h"

#include <array>

namespace origin {
namespace {

constexpr const char* kFirst = R"sql(
CREATE TABLE owners (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  quota_bytes BIGINT NOT NULL,
  created BIGINT NOT NULL
);
CREATE TABLE tokens (
  hash TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  owner BIGINT NOT NULL,
  name TEXT NOT NULL,
  created BIGINT NOT NULL,
  revoked BIGINT NOT NULL
);
CREATE TABLE chunks (
  hash TEXT PRIMARY KEY,
  size BIGINT NOT NULL,
  created BIGINT NOT NULL
);
CREATE TABLE claims (
  owner BIGINT NOT NULL,
  hash TEXT NOT NULL,
  size BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (owner, hash)
);
CREATE INDEX claims_by_hash ON claims (hash);
CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  owner BIGINT NOT NULL,
  kind TEXT NOT NULL,
  length BIGINT NOT NULL,
  position BIGINT NOT NULL,
  metadata TEXT NOT NULL,
  expires BIGINT NOT NULL,
  video TEXT NOT NULL
);
CREATE INDEX uploads_by_owner ON uploads (owner);
CREATE TABLE upload_chunks (
  upload TEXT NOT NULL,
  number BIGINT NOT NULL,
  hash TEXT NOT NULL,
  size BIGINT NOT NULL,
  PRIMARY KEY (upload, number)
);
CREATE INDEX upload_chunks_by_hash ON upload_chunks (hash);
CREATE TABLE videos (
  id TEXT PRIMARY KEY,
  owner BIGINT NOT NULL,
  title TEXT NOT NULL,
  file_name TEXT NOT NULL,
  size BIGINT NOT NULL,
  created BIGINT NOT NULL,
  access TEXT NOT NULL,
  failure TEXT NOT NULL,
  probe TEXT NOT NULL,
  kept_source BIGINT NOT NULL
);
CREATE INDEX videos_by_owner ON videos (owner, created);
CREATE TABLE source_chunks (
  video TEXT NOT NULL,
  number BIGINT NOT NULL,
  hash TEXT NOT NULL,
  size BIGINT NOT NULL,
  first BIGINT NOT NULL,
  PRIMARY KEY (video, number)
);
CREATE INDEX source_chunks_by_hash ON source_chunks (hash);
CREATE TABLE renditions (
  video TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  rank BIGINT NOT NULL,
  units BIGINT NOT NULL,
  spec TEXT NOT NULL,
  published BIGINT NOT NULL,
  PRIMARY KEY (video, name)
);
CREATE TABLE outputs (
  video TEXT NOT NULL,
  key TEXT NOT NULL,
  rendition TEXT NOT NULL,
  unit BIGINT NOT NULL,
  object TEXT NOT NULL,
  size BIGINT NOT NULL,
  hash TEXT NOT NULL,
  about TEXT NOT NULL,
  last BIGINT NOT NULL,
  PRIMARY KEY (video, key)
);
CREATE TABLE tasks (
  id BIGINT PRIMARY KEY,
  video TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL UNIQUE,
  rank BIGINT NOT NULL,
  spec TEXT NOT NULL,
  lease TEXT NOT NULL,
  worker TEXT NOT NULL,
  lease_ends BIGINT NOT NULL,
  progress BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  losses BIGINT NOT NULL,
  reason TEXT NOT NULL,
  state TEXT NOT NULL,
  created BIGINT NOT NULL
);
CREATE INDEX tasks_by_state ON tasks (state, rank, id);
CREATE INDEX tasks_by_video ON tasks (video);
)sql";

// Videos of before are published once more.
constexpr const char* kCaptionsAndRevisions = R"sql(
ALTER TABLE videos ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE videos ADD COLUMN written BIGINT NOT NULL DEFAULT 0;
UPDATE videos SET revision = 1;
CREATE INDEX videos_behind ON videos (id) WHERE written < revision;
CREATE TABLE captions (
  video TEXT NOT NULL,
  language TEXT NOT NULL,
  label TEXT NOT NULL,
  object TEXT NOT NULL,
  size BIGINT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (video, language)
);
)sql";

// Times of owners and tokens were kept in milliseconds: as microseconds they lie before 1973.
constexpr const char* kOperators = R"sql(
ALTER TABLE tokens ADD COLUMN is_operator BIGINT NOT NULL DEFAULT 0;
UPDATE owners SET created = created * 1000 WHERE created < 100000000000000;
UPDATE tokens SET created = created * 1000 WHERE created < 100000000000000;
)sql";

// As TusStore counts them.
constexpr const char* kOpenUploads = R"sql(
CREATE INDEX uploads_open ON uploads (owner, expires) WHERE position < length OR length = 0;
)sql";

// A range of a source, and what a task has left so far, are found without reading all of a video's rows.
constexpr const char* kPlaces = R"sql(
CREATE INDEX source_chunks_by_place ON source_chunks (video, first);
CREATE INDEX outputs_by_unit ON outputs (video, rendition, unit);
)sql";

// Of videos of before it is not known: "" is the content of none.
constexpr const char* kContents = R"sql(
ALTER TABLE videos ADD COLUMN content TEXT NOT NULL DEFAULT '';
CREATE INDEX videos_by_content ON videos (owner, content);
)sql";

// As Allowance counts them: a video that is ready keeps its tasks.
constexpr const char* kOpenTasks = R"sql(
CREATE INDEX tasks_open ON tasks (video) WHERE state IN ('waiting', 'leased');
)sql";

constexpr std::array kSteps{
    kFirst, kCaptionsAndRevisions, kOperators, kOpenUploads, kPlaces, kContents, kOpenTasks};

}  // namespace

std::span<const char* const> schema_steps() { return kSteps; }

}  // namespace origin
