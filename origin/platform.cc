#include "origin/platform.h"

#include <malloc.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "base/byte_budget.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "origin/api/endpoint.h"
#include "origin/api/router.h"
#include "origin/api/worker_tokens.h"
#include "origin/disk_reserve.h"
#include "origin/object_writer.h"
#include "origin/tasks/queue.h"
#include "origin/tasks/work.h"
#include "origin/tasks/worker_api.h"
#include "origin/uploads/chunk_api.h"
#include "origin/uploads/chunk_store.h"
#include "origin/uploads/ledger.h"
#include "origin/uploads/tus_api.h"
#include "origin/uploads/tus_headers.h"
#include "origin/uploads/tus_store.h"
#include "origin/videos/allowance.h"
#include "origin/videos/captions.h"
#include "origin/videos/captions_api.h"
#include "origin/videos/catalogue.h"
#include "origin/videos/gone_objects.h"
#include "origin/videos/originals.h"
#include "origin/videos/progress.h"
#include "origin/videos/video_api.h"
#include "package/text.h"

namespace origin {
namespace {

constexpr std::chrono::seconds kRound{2};
constexpr int kRoundsPerCollection = 150;  // Five minutes.
constexpr int kRoundsPerTidying = 10'800;  // Six hours: it looks at every tail and video.

std::string tails_directory(const DataConfig& data) { return data.directory + "/tails"; }

Ladder ladder_of(const LadderConfig& config) {
  Ladder ladder{.rungs = {},
                .more_codecs = {},
                .preset = config.preset,
                .crf = static_cast<int>(config.crf),
                .first_rung = config.first_rung};
  for (const std::string& rung : config.rungs) ladder.rungs.push_back(std::stoi(rung));
  for (const std::string& name : config.more_codecs) {
    if (const auto codec = package::picture_codec_of(name)) ladder.more_codecs.push_back(*codec);
  }
  return ladder;
}

// That use the database: the API's, the readers of media, who ask whose these are, and the rounds'.
std::uint32_t threads_of(const OriginConfig& config) {
  return config.data.api_threads + config.media.readers + 1;
}

}  // namespace

struct Platform::State {
  State(const OriginConfig& config, const base::Clock& given_clock, base::Metrics& metrics,
        std::unique_ptr<Database> opened, std::unique_ptr<ChunkStore> store, MediaSigner media)
      : clock(given_clock),
        media_config(config.media),
        signer(std::move(media)),
        database(std::move(opened)),
        chunks(std::move(store)),
        tokens(*database, clock),
        ledger(*database, *chunks, clock,
               {.quota = config.uploads.quota, .claim_time = config.uploads.claim_time}),
        uploads(*database, ledger, clock, tails_directory(config.data),
                {.size_max = config.uploads.size_max,
                 .time_to_live = config.uploads.claim_time,
                 .open_max = config.uploads.open_max}),
        catalogue(*database, clock),
        allowance(*database, ledger, config.uploads.under_way_max),
        queue(*database, clock, {.lease_time = config.tasks.lease_time}),
        objects(objects_directory(config.data)),
        reserve(config.data.directory + "/reserve"),
        publisher(*database, objects),
        work(*database, queue, objects, publisher, clock, ladder_of(config.ladder)),
        originals(*database, ledger, config.originals.keep),
        videos{.catalogue = catalogue,
               .ledger = ledger,
               .allowance = allowance,
               .queue = queue,
               .work = work,
               .objects = objects,
               .reserve = reserve,
               .clock = clock,
               .signer = signer,
               .size_max = config.uploads.size_max},
        captions(*database, clock, objects, publisher),
        captions_services{.captions = captions, .catalogue = catalogue},
        bodies(config.data.bodies_max),
        ranges(config.data.bodies_max),
        workers{.queue = queue,
                .work = work,
                .catalogue = catalogue,
                .chunks = *chunks,
                .bodies = bodies,
                .ranges = ranges},
        tus{.store = uploads,
            .allowance = allowance,
            .bodies = bodies,
            .size_max = config.uploads.size_max,
            .video_maker =
                [this](const TusUpload& upload, const std::vector<ChunkRef>& sent) {
                  return video_maker(upload, sent);
                }},
        endpoint(std::in_place, router, tokens, bodies, config.data.api_threads, metrics) {
    add_worker_token_routes(router, tokens);
    add_chunk_routes(router, ledger, config.uploads.size_max);
    add_video_routes(router, videos);
    add_captions_routes(router, captions_services);
    add_worker_routes(router, workers);
    add_tus_routes(router, tus);
    add_progress_route(router, catalogue, endpoint->threads());
    rounds = base::Thread("rounds", [this] { go_round(); });
  }
  ~State() {
    {
      const base::MutexLock lock(mutex);
      closing = true;
    }
    changed.notify_all();
    rounds.join();
  }

  base::Result<TusStore::Make> video_maker(const TusUpload& upload,
                                           const std::vector<ChunkRef>& sent) {
    const auto container = container_of(ledger, sent.front());
    if (!container) return std::unexpected(container.error());
    const auto metadata = parse_tus_metadata(upload.metadata);
    const auto text = [&](const char* name) {
      if (!metadata || !metadata->contains(name)) return std::string();
      return std::string(package::cut_utf8(metadata->at(name), Catalogue::kTitleBytesMax));
    };
    // What tus-js-client and Uppy call it.
    const std::string file_name = text("filename").empty() ? text("name") : text("filename");
    NewVideo video{.owner = upload.owner,
                   .title = text("title").empty() ? file_name : text("title"),
                   .file_name = file_name,
                   .access = text("access").empty() ? "public" : text("access"),
                   .container = *container,
                   .chunks = sent};
    // An upload's chunks are there for as long as it is.
    return [video = std::move(video), now = base::wall_us(clock)](soci::session& sql) {
      return Catalogue::create_in(sql, video, now);
    };
  }

  // What a crash had left was removed.
  static void tell(const char* of, const base::Result<int>& removed) {
    if (!removed) {
      base::log_error("litter.not_collected", {{"of", of}, {"reason", removed.error().context}});
    } else if (*removed > 0) {
      base::log_info("litter.collected", {{"of", of}, {"count", std::to_string(*removed)}});
    }
  }

  void go_round() {
    for (int round = 0;; ++round) {
      if (auto taken = work.take_back_lost(); !taken) {
        base::log_error("tasks.not_taken_back", {{"reason", taken.error().context}});
      }
      if (auto written = publisher.catch_up(); !written) {
        base::log_error("videos.not_caught_up", {{"reason", written.error().context}});
      }
      if (auto let_go = originals.let_go(); !let_go) {
        base::log_error("originals.not_let_go", {{"reason", let_go.error().context}});
      }
      if (auto collected = ledger.collect(); !collected) {
        base::log_error("chunks.not_collected", {{"reason", collected.error().context}});
      }
      if (auto reserved = reserve.take(); !reserved) {
        base::log_warning("disk.nothing_reserved", {{"reason", reserved.error().context}});
      }
      if (round % kRoundsPerCollection == 0) {
        if (auto expired = uploads.expire(); !expired) {
          base::log_error("uploads.not_expired", {{"reason", expired.error().context}});
        }
        tell("chunks", ledger.collect_litter());
        // What a rush of uploads took, malloc would keep for the next.
        ::malloc_trim(0);
      }
      if (round % kRoundsPerTidying == 0) {
        tell("tails", uploads.collect_litter());
        tell("objects", collect_gone_objects(*database, objects, clock));
      }
      const base::MutexLock lock(mutex);
      if (!closing) changed.wait_for(mutex, kRound);
      if (closing) return;
    }
  }

  const base::Clock& clock;
  const MediaConfig media_config;
  const MediaSigner signer;
  const std::unique_ptr<Database> database;
  const std::unique_ptr<ChunkStore> chunks;
  Tokens tokens;
  Ledger ledger;
  TusStore uploads;
  Catalogue catalogue;
  Allowance allowance;
  Queue queue;
  ObjectWriter objects;
  DiskReserve reserve;
  Publisher publisher;
  Work work;
  Originals originals;
  const VideoServices videos;
  Captions captions;
  const CaptionsServices captions_services;
  base::ByteBudget bodies;  // Of requests, held whole.
  base::ByteBudget ranges;  // Of sources, on their way to workers.
  const WorkerServices workers;
  const TusServices tus;
  Router router;
  std::optional<ApiEndpoint> endpoint;  // Its threads use all of the above. None: closed.

  base::Mutex mutex;
  base::Condition changed;
  bool closing GUARDED_BY(mutex) = false;
  base::Thread rounds;
};

std::string objects_directory(const DataConfig& data) { return data.directory + "/objects"; }

base::Result<MediaSigner> open_media_signer(const OriginConfig& config) {
  auto signer =
      config.media.key_file.empty()
          ? MediaSigner::read_or_make(config.media.key_id, config.data.directory + "/media-key.pem")
          : MediaSigner::read(config.media.key_id, config.media.key_file);
  if (!signer) {
    return base::fail(signer.error().code, "media.key_file: " + signer.error().context);
  }
  return signer;
}

base::Result<std::unique_ptr<Database>> open_database(const DataConfig& data,
                                                      std::uint32_t connections) {
  std::error_code error;
  std::filesystem::create_directories(data.directory, error);
  if (error) {
    return base::fail(base::ErrorCode::kIo,
                      "data.directory: " + data.directory + ": " + error.message());
  }
  const std::string url =
      data.database.empty() ? "sqlite:" + data.directory + "/origin.db" : data.database;
  auto database = Database::open({.url = url, .connections = connections});
  if (!database) {
    return base::fail(database.error().code, "data.database: " + database.error().context);
  }
  return database;
}

base::Result<std::unique_ptr<Platform>> Platform::open(const OriginConfig& config,
                                                       const base::Clock& clock,
                                                       base::Metrics& metrics) {
  auto database = open_database(config.data, threads_of(config));
  if (!database) return std::unexpected(database.error());
  auto chunks = ChunkStore::open(config.data.directory + "/chunks", config.uploads.disk_free_min);
  if (!chunks) {
    return base::fail(chunks.error().code, "data.directory: " + chunks.error().context);
  }
  std::error_code error;
  std::filesystem::create_directories(tails_directory(config.data), error);
  if (error) return base::fail(base::ErrorCode::kIo, "data.directory: " + error.message());
  auto signer = open_media_signer(config);
  if (!signer) return std::unexpected(signer.error());
  return std::unique_ptr<Platform>(new Platform(std::make_unique<State>(
      config, clock, metrics, std::move(*database), std::move(*chunks), std::move(*signer))));
}

Platform::Platform(std::unique_ptr<State> state) : state_(std::move(state)) {}
Platform::~Platform() = default;

std::unique_ptr<http::Responder> Platform::respond(http::Exchange& exchange) {
  return state_->endpoint->respond(exchange);
}

void Platform::close() { state_->endpoint.reset(); }

MediaAccess Platform::media_access() const {
  // The config's checks have seen to it that they parse.
  http::MediaKeys keys =
      http::MediaKeys::parse(state_->media_config.former_keys).value_or(http::MediaKeys());
  keys.add(state_->signer.public_key());
  std::vector<http::AddressRange> edges;
  for (const std::string& text : state_->media_config.trusted_edges) {
    if (const auto range = http::AddressRange::parse(text)) edges.push_back(*range);
  }
  return {std::move(keys), std::move(edges), [&catalogue = state_->catalogue](std::string_view id) {
            return catalogue.access_of(id);
          }};
}

}  // namespace origin
