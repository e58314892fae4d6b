#include "cache/disk_open.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cache/index_key.h"
#include "cache/index_record.h"

namespace cache {
namespace {

using namespace base::literals;

constexpr std::string_view kFormatHead = "headrace cache ";
constexpr std::size_t kFormatBytes = kFormatHead.size() + 5;  // Four digits and a newline.
constexpr unsigned kFormat = 1;
constexpr std::uint64_t kRegionsMin = 8;
constexpr base::Bytes kSizeMin = 8_MiB;
constexpr base::Bytes kRegionSizeMin = 256_KiB;

std::string format_text() {
  std::string number = std::to_string(kFormat);
  return std::string(kFormatHead) + std::string(4 - number.size(), '0') + number + "\n";
}

// What a cache directory has in it, and what a file system puts at its root.
bool is_ours(const std::string& name) {
  return name == "format" || name == "lock" || name == "index" || name == "regions" ||
         name == "purges" || name == "lost+found" || name.starts_with("index.aside-");
}

std::unexpected<base::Error> explained(const base::Error& error, const std::string& path) {
  if (error.code == base::ErrorCode::kDenied) {
    return base::fail(
        base::ErrorCode::kDenied,
        "cache directory " + path + " is not writable by this user (" + error.context + ")");
  }
  return base::fail(error.code, "cache directory " + path + ": " + error.context);
}

// Every turn opens the directory from its first file on; what proves damaged is set aside, and the
// next turn finds the directory empty.
class Opening {
 public:
  Opening(const DiskTierOptions& options, const DiskTierContext& context, DiskMetrics& metrics,
          std::function<void()> on_idle)
      : context_(context), metrics_(metrics), on_idle_(std::move(on_idle)) {
    disk_.options = options;
    if (disk_.options.index_env == nullptr) disk_.options.index_env = rocksdb::Env::Default();
  }

  base::Result<OpenedDisk> run() {
    if (auto ready = prepare(); !ready) return std::unexpected(ready.error());
    auto opened = open_index();
    if (!opened) {
      // Only damage: a disk that can't be read now may be readable tomorrow, with all that it
      // holds.
      if (opened.error().code != base::ErrorCode::kCorrupt) {
        return explained(opened.error(), path());
      }
      if (auto empty = start_empty(opened.error()); !empty) return explained(empty.error(), path());
      opened = open_index();
    }
    if (!opened) return explained(opened.error(), path());
    return std::move(disk_);
  }

 private:
  [[nodiscard]] const std::string& path() const { return disk_.options.path; }
  [[nodiscard]] std::string index_path() const { return path() + "/index"; }
  [[nodiscard]] std::string mark_path() const { return path() + "/purges"; }
  [[nodiscard]] rocksdb::Env& env() const { return *disk_.options.index_env; }

  base::Result<void> prepare() {
    if (disk_.options.size_max < kSizeMin) {
      return base::fail(base::ErrorCode::kInvalid,
                        "disk_max is less than " + base::to_string(kSizeMin));
    }
    if (auto made = context_.files.make_directory(path()); !made) {
      return explained(made.error(), path());
    }
    if (auto ours = check_names(); !ours) return ours;
    // The index's Env may be a world of its own.
    env().CreateDirIfMissing(path()).PermitUncheckedError();
    auto lock = DirectoryLock::take(env(), path());
    if (!lock) return std::unexpected(lock.error());
    disk_.lock = std::move(*lock);
    return check_format();
  }

  // Nobody's files are to lie between ours, and perhaps be taken for ours one day.
  base::Result<void> check_names() {
    const auto names = context_.files.list(path());
    if (!names) return explained(names.error(), path());
    const auto foreign = std::ranges::find_if_not(*names, is_ours);
    if (foreign == names->end() || is_format(path() + "/format")) return {};
    return base::fail(base::ErrorCode::kInvalid,
                      "cache directory " + path() + " is no cache and not empty (it holds " +
                          *foreign +
                          "): give cache.path a directory of its own, or empty this one");
  }

  bool is_format(const std::string& name) {
    const auto file = context_.files.open(name, false);
    std::array<char, kFormatBytes> bytes;
    return file && (*file)->read(0, bytes) &&
           std::string_view(bytes.data(), bytes.size()).starts_with(kFormatHead);
  }

  base::Result<void> check_format() {
    const std::string name = path() + "/format";
    auto file = context_.files.open(name, true);
    if (!file) return explained(file.error(), path());
    std::array<char, kFormatBytes> bytes;
    const auto read = (*file)->read(0, bytes);
    if (read) {
      const std::string_view text(bytes.data(), bytes.size());
      unsigned number = 0;
      const auto digits = text.substr(kFormatHead.size(), 4);
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (text.starts_with(kFormatHead) && parsed.ec == std::errc() && number > kFormat) {
        return base::fail(base::ErrorCode::kUnsupported,
                          "cache directory " + path() + " has format " + std::to_string(number) +
                              ", newer than " + std::to_string(kFormat) +
                              ": use the newer program, or another cache.path");
      }
      if (text == format_text()) return {};
    } else if (read.error().code != base::ErrorCode::kCorrupt) {
      return explained(read.error(), path());
    }
    // New, or damaged; the rest of the directory has checksums of its own.
    const std::string text = format_text();
    auto written = (*file)->write(0, text);
    if (written) written = (*file)->sync();
    if (!written) return explained(written.error(), path());
    return {};
  }

  base::Result<void> start_empty(const base::Error& why) {
    disk_.regions.reset();
    disk_.index.reset();
    disk_.purges.reset();
    base::log_error("cache.index_set_aside",
                    {{"path", path()}, {"reason", why.context}, {"action", "starts empty"}});
    metrics_.index_set_aside.add();
    const auto kept =
        set_aside(env(), index_path(), context_.clock.wall(), disk_.options.size_max / 16);
    if (!kept) return std::unexpected(kept.error());
    if (auto gone = context_.files.remove(mark_path());
        !gone && gone.error().code != base::ErrorCode::kNotFound) {
      return gone;
    }
    return {};
  }

  base::Result<void> open_index() {
    const base::Bytes size_max = disk_.options.size_max;
    const base::Bytes buffer =
        std::min({std::max(size_max / 1024, base::Bytes(64_KiB)), base::Bytes(4_MiB),
                  std::max(disk_.options.index_memory / 8, base::Bytes(64_KiB))});
    auto index = Index::open({.path = index_path(),
                              .env = &env(),
                              .memory = disk_.options.index_memory,
                              .write_buffer = buffer,
                              .space_max = size_max});
    if (!index) return std::unexpected(index.error());
    disk_.index = std::move(*index);
    if (auto settled = load_settings(); !settled) return settled;
    if (auto purges = load_purges(); !purges) return purges;
    return load_regions();
  }

  base::Result<void> load_settings() {
    const auto stored = disk_.index->get(kSettingsKey);
    if (!stored && stored.error().code != base::ErrorCode::kNotFound) {
      return std::unexpected(stored.error());
    }
    if (stored) {
      const base::Bytes largest = disk_.options.size_max / kRegionsMin;
      const auto settings = decode_settings(kSettingsKey, *stored);
      if (!settings) return std::unexpected(settings.error());
      // Regions keep the size that they were made with, as long as enough of them fit.
      if (settings->region_size > largest) {
        return base::fail(base::ErrorCode::kCorrupt,
                          "disk_max is too small for the regions that are there");
      }
      disk_.seed = settings->seed;
      disk_.options.region_size = settings->region_size;
      return {};
    }
    const base::Bytes size = std::min(disk_.options.size_max, room());
    if (size < kSizeMin) {
      return base::fail(base::ErrorCode::kNoSpace,
                        "its file system has room for " + base::to_string(size) +
                            " and a cache needs " + base::to_string(kSizeMin));
    }
    base::Bytes region = std::clamp(disk_.options.region_size, kRegionSizeMin, size / kRegionsMin);
    region = base::Bytes(region.count() / kDirectAlignment * kDirectAlignment);
    disk_.options.region_size = region;
    std::random_device entropy;
    disk_.seed = disk_.options.seed.value_or(std::uint64_t{entropy()} << 32 | entropy());
    IndexBatch changes;
    changes.put(std::string(kSettingsKey),
                encode(kSettingsKey, Settings{.seed = disk_.seed, .region_size = region}));
    // Synced: what is stored under this seed must not be found under another.
    return disk_.index->write(changes, Index::Write::kSynced);
  }

  base::Result<void> load_purges() {
    const auto newest = PurgeMark::read(context_.files, mark_path());
    if (!newest) return std::unexpected(newest.error());
    disk_.purges = std::make_unique<PurgeTable>(disk_.seed, PurgeLog::kEntriesMax);
    if (auto loaded = PurgeLog::load(*disk_.index, *newest, *disk_.purges); !loaded) return loaded;
    auto mark = PurgeMark::create(context_.files, mark_path(), disk_.purges->sequence());
    if (!mark) return std::unexpected(mark.error());
    disk_.purge_mark = std::move(*mark);
    return {};
  }

  base::Result<void> load_regions() {
    disk_.files = std::make_unique<RegionFiles>(context_.files, path() + "/regions",
                                                disk_.options.region_size, disk_.options.direct_io);
    if (auto made = disk_.files->make_directory(); !made) return made;
    std::vector<Regions::Stored> stored;
    base::Result<void> outcome;
    const auto scanned =
        disk_.index->scan(kRegionPrefix, {}, [&](std::string_view key, std::string_view value) {
          const auto number = parse_region_key(key);
          const auto entry = decode_region_entry(key, value);
          if (!number || !entry) {
            outcome = number ? base::Result<void>(std::unexpected(entry.error()))
                             : base::fail(base::ErrorCode::kCorrupt, "index: a region's key");
            return false;
          }
          stored.push_back({.number = *number, .entry = *entry});
          return true;
        });
    if (!scanned) return scanned;
    if (!outcome) return outcome;
    for (Regions::Stored& region : stored) {
      if (auto found = load_contents(region); !found) return found;
    }
    if (auto opened = open_files(stored); !opened) return opened;

    const base::Bytes aside = bytes_set_aside(env(), index_path());
    cap_size(static_cast<std::uint64_t>(std::ranges::count_if(
                 stored, [](const Regions::Stored& region) { return region.file != nullptr; })),
             aside);
    disk_.regions =
        std::make_unique<Regions>(RegionsOptions{.limit = disk_.options.size_max - aside,
                                                 .region_size = disk_.options.region_size,
                                                 .on_idle = on_idle_});
    disk_.regions->restore(std::move(stored));
    disk_.regions->set_index_bytes(disk_.index->bytes_on_disk(), disk_.index->reserve());
    return shrink();
  }

  [[nodiscard]] base::Bytes room() const {
    return context_.files.room(path()).value_or(disk_.options.size_max);
  }

  // What the file system can't hold is no size to count on. That is no reason not to start: what
  // fills it may be gone tomorrow, and a full disk must not keep a node from serving.
  void cap_size(std::uint64_t files, base::Bytes aside) {
    const base::Bytes own =
        disk_.options.region_size * files + disk_.index->bytes_on_disk() + aside;
    const base::Bytes largest = std::max(own + room(), kSizeMin + aside);
    if (disk_.options.size_max <= largest) return;
    base::log_warning("cache.disk_max_capped",
                      {{"path", path()},
                       {"disk_max", base::to_string(disk_.options.size_max)},
                       {"size", std::to_string(largest.count())},
                       {"reason", "the file system has no more room for it"}});
    disk_.options.size_max = largest;
  }

  // How far the region is used: behind its last entry.
  base::Result<void> load_contents(Regions::Stored& region) {
    const auto last = disk_.index->last(content_prefix(region.number, region.entry.epoch));
    if (!last) {
      if (last.error().code == base::ErrorCode::kNotFound) return {};
      return std::unexpected(last.error());
    }
    const auto place = parse_content_key(last->first);
    const auto content = decode_content_entry(last->first, last->second);
    if (!content) return std::unexpected(content.error());
    if (!place) return base::fail(base::ErrorCode::kCorrupt, "index: a content's key");
    region.charged = content->charged;
    region.used = region.entry.kind == Regions::Kind::kFile
                      ? place->offset + aligned(content->length)
                      : place->offset + 1;
    return {};
  }

  // Opens what the index knows and removes the rest.
  base::Result<void> open_files(std::vector<Regions::Stored>& stored) {
    const auto numbers = disk_.files->list();
    if (!numbers) return std::unexpected(numbers.error());
    for (const std::uint32_t number : *numbers) {
      const auto region = std::ranges::find_if(stored, [&](const Regions::Stored& one) {
        return one.number == number && one.entry.kind == Regions::Kind::kFile && one.used > 0;
      });
      if (region == stored.end()) {
        disk_.files->remove(number);
        continue;
      }
      auto file = disk_.files->open(number);
      if (!file) return std::unexpected(file.error());
      region->file = std::move(*file);
    }
    return {};
  }

  // disk_max may be smaller than it was: the oldest regions go at once, used or not.
  base::Result<void> shrink() {
    while (disk_.regions->over_limit()) {
      const auto victim = disk_.regions->begin_reclaim();
      if (!victim) return {};
      IndexBatch changes;
      const auto scanned = disk_.index->scan(content_prefix(victim->number, victim->entry.epoch),
                                             {}, [&](std::string_view key, std::string_view value) {
                                               const auto content =
                                                   decode_content_entry(key, value);
                                               if (content && lies_at(*content, key))
                                                 changes.erase(content->index_key);
                                               changes.erase(std::string(key));
                                               return true;
                                             });
      if (!scanned) return scanned;
      if (auto written = disk_.index->write(changes, Index::Write::kWaits); !written)
        return written;
      CHECK(disk_.regions->end_reclaim(victim->number));
      while (const auto surplus = disk_.regions->take_surplus_file()) {
        disk_.files->remove(*surplus);
      }
    }
    return {};
  }

  bool lies_at(const ContentEntry& content, std::string_view where) {
    const auto stored = disk_.index->get(content.index_key);
    if (!stored) return false;
    const auto chunk = decode_chunk_entry(content.index_key, *stored);
    if (chunk) return content_key(chunk->place) == where;
    const auto record = decode_record_entry(content.index_key, *stored);
    return record && content_key(record->home) == where;
  }

  const DiskTierContext& context_;
  DiskMetrics& metrics_;
  const std::function<void()> on_idle_;
  OpenedDisk disk_;
};

}  // namespace

base::Result<OpenedDisk> open_disk(const DiskTierOptions& options, const DiskTierContext& context,
                                   DiskMetrics& metrics, std::function<void()> on_idle) {
  return Opening(options, context, metrics, std::move(on_idle)).run();
}

}  // namespace cache
